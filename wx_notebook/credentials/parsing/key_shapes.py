"""What stands in the place of a key or token and is plainly none; no message quotes it.

An IBM Cloud key is 44 characters of `A-Z a-z 0-9 _ -` without a prefix (`watsonx-api.md` §1.6), so
any text of that form passes. The prefixes of other services are those that their own documents and
the detectors of leaks name. The format of keys of AWS regions and clusters is not documented:
whatever is not recognised here is tried.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from wx_notebook.credentials.secret import Secret

_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_PATH = (
    r"(?:~|\.{1,2})[/\\].*|[a-z]:[/\\].*|\\\\.*"
    r"|/(?:home|users|root|run|etc|tmp|var|opt|usr|mnt|srv|content|path|secrets?|workspace)/.*"
    r"|[\w ./\\-]+\.(?:json|env|txt|ya?ml|toml|ini|pem|key|cfg)"
)
_IBM_KEY = re.compile(r"[A-Za-z0-9_-]{44}")
_JWT = re.compile(r"(?:bearer\s+)?eyJ[\w-]*\.[\w-]+\.[\w-]*", re.IGNORECASE)
_LONGEST = 2_000


class WrongSecret(NamedTuple):
    """What a text is instead of a key, and what to do with it, "" for "give the key"."""

    kind: str
    hint: str = ""


_PLACEHOLDER = WrongSecret("a placeholder", "Put your own key in its place.")
_REFERENCE = WrongSecret(
    "a reference to a value elsewhere, which was not filled in",
    "Give the value itself, or let your shell or secret manager fill it in first.",
)
_ENCRYPTED = WrongSecret(
    "an encrypted value", "Decrypt it with the tool that encrypted it, and give the key itself."
)
_CODE = WrongSecret(
    "code that reads the value, not the value itself",
    "Give the value, or run the code and pass what it returns: wx.connect(api_key=...).",
)
_SWITCH = WrongSecret("a word such as true, yes or null", "Put your own key in its place.")
_YAML = WrongSecret(
    "a mark of YAML or of a shell; the value stands in the lines below it",
    "Put the key behind the name, in the same line.",
)
#: What RFC 6750 allows in a bearer token, and ":", for a user name in front of a key.
_ALLOWED = re.compile(r"[A-Za-z0-9._~+/:-]+=*")
#: Words that examples and templates write in the place of a key: "your_api_key_here", "<key>".
_WORDS_OF_EXAMPLES = (
    r"(?:your|my|mein|votre|tu)[ _-].{0,60}|your(?:api)?key.{0,40}|.{0,60}[_ -]here|"
    r"(?:insert|enter|paste|put|add|replace|change|fill|set|todo|fixme|tbd)(?:[ _-].{0,60})?|"
    r"(?:changeme|replaceme|placeholder|example|dummy|fake|sample|test|secret|none|null|nil|"
    r"undefined|redacted|hidden|masked|key|token|password|xxx|abc|foo|bar)"
    r"(?:[ _-]?(?:api)?[ _-]?(?:key|token|secret))?|"
    r"(?:ibm[ _-]?)?(?:cloud[ _-]?)?(?:watsonx?[ _-]?)?(?:ai[ _-]?)?api[ _-]?key"
    r"(?:[ _-]?(?:value|\d))?"
)
#: In the order in which they are tried; compiled when the first key is read.
_SHAPES: tuple[tuple[str, WrongSecret], ...] = (
    # --- nothing was filled in
    (r"\$\{.*|\$\(.*|\$\$?env[:.]\w+|\$[a-z_]\w*|%\w+%|\{\{.*|.*\}\}|\(\(.*\)\)|\}+", _REFERENCE),
    # marks of configuration tools: replacetokens, Maven, ConfigParser, ERB, CloudFormation
    (r"__\w+?__|#\{.*|@[\w.-]+@|<<.*|%\(.*|\[\[.*\]\]|<%.*|\$\[.*|\{%.*|~\w+~|:\w+:", _REFERENCE),
    (r"!(?:ref|sub|getatt|env|secret|var|include)\b.*|(?:secrets|vars|env|inputs)\.\w+",
     _REFERENCE),
    ((r"(?:encrypted|sops|kms|aes\w*|rsa|age)\s*:\s*\S.*|\{(?:cipher|enc\w*|aes\w*|crypt)\}.*"
     r"|ENC\(.*|ENC\[.*|!vault.*|\$ANSIBLE_VAULT.*|age1\w+.*|U2FsdGVkX1.*"), _ENCRYPTED),
    ((r"[\w.:]*(?:getenv|environ|get_secret|userdata|getpass|input|lookup|keyring|secrets?|env)\w*"
     r"\s*[\[(].*|(?:process|import\.meta)\.env\W.*|[\w.]+\.\w+\s*\(.*\)"), _CODE),
    (r"true|false|yes|no|on|off|null|none|nil|~|n/?a|y|n|undefined", _SWITCH),
    (r"[|>][+-]?\d?|\\|<<-?\s*\S*", _YAML),
    (r"(.)\1{7,}", _PLACEHOLDER),
    (r"(?:op|vault|ssm|doppler|bws|keyring|ref|gcp|sops|aws-sm|awssecret)s?:(?://|[/+]).*",
     _REFERENCE),
    (r"vault:.*|@microsoft\.keyvault.*|arn:aws[\w-]*:.*|projects/\d+/secrets/.*|vault\(.*|ref\+\w+:.*",
     _REFERENCE),
    (r"<[\w '/.-]*>|\[[\w '/.-]*\]|\{[\w '/.-]*\}|[xX]{3,}|[*•·.…_-]{2,}", _PLACEHOLDER),
    (r"[x*•_-]{3,}[\w-]{0,4}", _PLACEHOLDER),
    (r"x{4,}(?:-x{4,})+|\w{0,6}[*•…]{3,}\w{0,6}|\w{0,8}\.{3,}", _PLACEHOLDER),
    (_WORDS_OF_EXAMPLES, _PLACEHOLDER),
    # --- something of IBM's
    (rf"ApiKey-{_ID}", WrongSecret(
        "the identifier of an API key, not the key itself, which has no 'ApiKey-' in front")),
    (_ID, WrongSecret(
        "an ID, such as a project ID",
        "Give it as project_id= or space_id= (WATSONX_PROJECT_ID), and beside it a key.")),
    (rf"(?:iam-)?(?:ServiceId|Profile)-{_ID}|IBMid-\w+", WrongSecret(
        "the ID of a user, a service ID or a trusted profile",
        "A service ID has keys of its own: Manage > Access (IAM) > Service IDs > API keys.")),
    (r"crn:v\d:.*", WrongSecret("a CRN, the name of a resource of IBM Cloud")),
    (r"[0-9a-f]{32}", WrongSecret("an ID of 32 hexadecimal digits, such as an account ID")),
    # --- keys of other services
    (r"hf_\w{6,}", WrongSecret("a token of Hugging Face")),
    (r"sk-ant-[\w-]{4,}", WrongSecret("a key of Anthropic")),
    (r"sk-or-[\w-]{4,}", WrongSecret("a key of OpenRouter")),
    (r"sk-lf-[\w-]{4,}", WrongSecret("a key of Langfuse")),
    (r"sk[-_](?:live|test)[-_]\w{4,}", WrongSecret("a key of Stripe")),
    (r"sk-[\w-]{6,}", WrongSecret("a key of OpenAI or of a service like it")),
    (r"(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}", WrongSecret("an access key of AWS")),
    (r"(?:gh[pousr]_|github_pat_)\w{6,}", WrongSecret("a token of GitHub")),
    (r"glpat-[\w-]{6,}", WrongSecret("a token of GitLab")),
    (r"AIza[\w-]{10,}|ya29\.[\w.-]{6,}", WrongSecret("a key of Google")),
    (r"xox[abposr]-[\w-]{6,}", WrongSecret("a token of Slack")),
    (r"gsk_\w{6,}", WrongSecret("a key of Groq")),
    (r"nvapi-[\w-]{6,}", WrongSecret("a key of NVIDIA")),
    (r"pplx-[\w-]{6,}", WrongSecret("a key of Perplexity")),
    (r"xai-[\w-]{6,}", WrongSecret("a key of xAI")),
    (r"r8_\w{6,}", WrongSecret("a token of Replicate")),
    (r"lsv2_\w{6,}|ls__\w{6,}", WrongSecret("a key of LangSmith")),
    (r"tvly-[\w-]{6,}", WrongSecret("a key of Tavily")),
    (r"dop_v1_\w{6,}", WrongSecret("a token of DigitalOcean")),
    (r"npm_\w{6,}", WrongSecret("a token of npm")),
    (r"pypi-[\w-]{6,}", WrongSecret("a token of PyPI")),
    (r"(?:ssh-(?:rsa|ed25519|dss)|ecdsa-sha2)\s.*", WrongSecret("an SSH key")),
    (r"-----BEGIN .*", WrongSecret("a certificate or a key in PEM form")),
    # --- something else that lies beside a key
    (r"(?:https?|wss?|ftp)://.*|www\..*|[\w.-]+\.(?:com|org|net|io|ai|cloud)(?:[/:].*)?",
     WrongSecret("a URL", "Give it as url= or region= (WATSONX_URL), and beside it a key.")),
    (r"[^\s@/:]+@[^\s@/]+\.[a-z]{2,}", WrongSecret(
        "an e-mail address",
        "A user name goes with a cluster: username= and password=. IBM Cloud needs a key.")),
    # a key in base64 may begin with a slash: a path is known by its folder or its ending
    (_PATH,
     WrongSecret(
        "the name of a file",
        "To read the key from it: wx.connect(credentials=FILE), or %watsonx login --file FILE.")),
    (r"(?:ibm|meta-llama|mistralai|openai|google|ibm-granite)/[\w.-]+", WrongSecret(
        "the name of a model",
        "Give it as --model (WATSONX_MODEL_ID), and beside it a key.")),
    (r"(?:us|eu|jp|au|ca|ap)-(?:south|east|west|de|gb|es|tok|osa|syd|tor)(?:-\d)?",
     WrongSecret("a region", "Give it as region= (WATSONX_REGION), and beside it a key.")),
)  # fmt: skip


def recognise(secret: Secret) -> WrongSecret | None:
    """Return what a text is, if it is plainly neither a key nor a token; None if it may be one."""
    text = Secret(secret.reveal().strip()[:_LONGEST])
    is_like_ibm = _IBM_KEY.fullmatch(text.reveal()) is not None
    for pattern, wrong in _SHAPES:
        if re.fullmatch(pattern, text.reveal(), re.IGNORECASE | re.DOTALL) is None:
            continue
        # by chance a key can begin as that of another service; it does not consist of their words
        if not is_like_ibm or (wrong in (_PLACEHOLDER, _REFERENCE) and _reads_like_words(text)):
            return wrong
    return None


def has_only_characters_of_a_key(secret: Secret) -> bool:
    """Return whether a text has no character that is in no key and in no token."""
    return _ALLOWED.fullmatch(secret.reveal()) is not None


def is_jwt(secret: Secret) -> bool:
    """Return whether a text is a JSON Web Token, as IAM issues them."""
    return _JWT.fullmatch(secret.reveal()) is not None


def _reads_like_words(text: Secret) -> bool:
    # a key of 44 characters has letters of both cases and digits
    return text.reveal() in (text.reveal().lower(), text.reveal().upper())
