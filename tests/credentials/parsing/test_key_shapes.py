"""What stands in the place of a key and is plainly none is refused before it is sent anywhere."""

from __future__ import annotations

import random
import string

import pytest
from support.cases import all_cases

import wx_notebook as wx
from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.parsing.key_shapes import recognise
from wx_notebook.credentials.parsing.pasted import WHERE_KEYS_ARE_MADE, validate_key
from wx_notebook.credentials.provider_chain import find_credentials
from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.token import user_token
from wx_notebook.errors import KeyRefused, TokenRefused
from wx_notebook.transport import Transport

ID = "12345678-1234-4123-8123-123456789abc"
SHAPES = [
    (ID, "an ID"),
    (ID.replace("-", ""), "an ID of 32"),
    (f"ServiceId-{ID}", "the ID of a user"),
    ("IBMid-270006GBKV", "the ID of a user"),
    ("https://us-south.ml.cloud.ibm.com", "a URL"),
    ("eu-de.ml.cloud.ibm.com", "a URL"),
    (f"crn:v1:bluemix:public:pm-20:us-south:a/0123:{ID}::", "a CRN"),
    ("hf_abcdefghijKLMNOPqrst", "a token of Hugging Face"),
    ("sk-proj-abcdef0123456789", "a key of OpenAI"),
    ("sk-ant-api03-abcdef", "a key of Anthropic"),
    ("AKIAIOSFODNN7ABCDEFG", "an access key of AWS"),
    ("ghp_0123456789abcdefABCDEF", "a token of GitHub"),
    ("AIzaSyA0123456789", "a key of Google"),
    ("jane.doe@example.com", "an e-mail address"),
    ("~/Downloads/apikey.json", "the name of a file"),
    ("C:\\Users\\jane\\apikey.json", "the name of a file"),
    ("apikey.json", "the name of a file"),
    ("-----BEGIN PRIVATE KEY-----\nabc\n", "PEM"),
    ("ssh-rsa AAAAB3NzaC1yc2E jane", "an SSH key"),
    ("ibm/granite-4-h-small", "the name of a model"),
    ("eu-de", "a region"),
    *((text, "a placeholder") for text in (
        "your_api_key_here", "YOUR-API-KEY", "<your key>", "<YOUR_IBM_CLOUD_API_KEY>", "xxxx",
        "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "changeme", "REPLACE_ME", "***", "...", "TODO",
        "paste-your-key-here", "[API_KEY]", "WATSONX_API_KEY", "insert key here",
        "your_watsonx_api_key", "abc...", "your_ibm_cloud_api_key_goes_here_0123456789a",
    )),
    *((text, "a reference") for text in (
        "${OTHER}", "$OTHER", "$(cat key)", "%WATSONX_KEY%", "{{ key }}", "((IBM_API_KEY))",
        "op://Private/ibm/key", "vault:secret/data/ibm#key", "$env:KEY", "${A:-b}",
        "arn:aws:secretsmanager:us-east-1:1:secret:x", "${{ secrets.X }}", "}", "__KEY__",
        "#{KEY}#", "@KEY@", "<<KEY>>", "%(key)s", "[[KEY]]", "<%= ENV['X'] %>", "!Ref Key",
        "secrets.X", "{{resolve:secretsmanager:x}}", "${KEY", "$[variables.key]", "${A:?no}",
    )),
    *((text, "an encrypted value") for text in (
        "encrypted:BE9Y7LKANx77X1pv1HnEoil", "{cipher}9a1c3f", "ENC(G6N718UuyPE5bHyWKyuLQ)",
        "ENC[AES256_GCM,data:p6+Q,iv:x,tag:y,type:str]", "!vault |", "U2FsdGVkX19+cHJpdmF0ZQ==",
    )),
    *((text, "code that reads the value") for text in (
        "os.getenv('X')", 'os.environ["X"]', "process.env.X", 'Sys.getenv("X")', "env('X')",
        "userdata.get('X')", 'st.secrets["ibm"]', "getpass.getpass()", "lookup('env', 'X')",
        "System.getenv(\"X\")",
    )),
    *((text, "a word such as true") for text in ("true", "False", "yes", "null", "~", "n/a")),
    *((text, "a mark of YAML") for text in (">-", "|", "|+2", "\\")),
    *((letter * 44, "a placeholder") for letter in "x0aA-"),
]  # fmt: skip


@all_cases(("text", "kind"), SHAPES)
def test_what_is_plainly_no_key_is_told_what_it_is_and_where_the_key_is_and_is_not_shown(
    text, kind
):
    with pytest.raises(KeyRefused, match=kind) as caught:
        validate_key(Secret(text))
    assert WHERE_KEYS_ARE_MADE in caught.value.hint
    if len(text) > 7:
        assert text not in str(caught.value)


@all_cases(
    "text", [*(chr(code) for code in range(33, 127) if chr(code) not in "._~+/:=-"
               and not chr(code).isalnum()), "ü", "\u200b", " ", "\n"]
)  # fmt: skip
def test_a_character_that_is_in_no_key_is_told_before_a_request(text):
    with pytest.raises(KeyRefused, match=r"never in a key|inside|This is not"):
        validate_key(Secret(f"Zq7{text}kEy"))


@pytest.mark.parametrize("text", [ID, "sk-abcdef0123456789", "https://us-south.ml.cloud.ibm.com"])
def test_it_is_never_sent(sandbox, text):
    with pytest.raises(KeyRefused):
        wx.connect(api_key=text, url=sandbox.url, project_id=sandbox.project_id).projects()
    assert sandbox.calls == []


def test_the_variable_that_it_stands_in_is_named():
    with pytest.raises(KeyRefused, match=r"from: environment \(IBM_CLOUD_API_KEY\)") as caught:
        find_credentials(ConnectionParams("arguments"), {"IBM_CLOUD_API_KEY": "hf_abcdefgh"})
    assert "hf_" not in str(caught.value)


def test_no_key_of_ibm_cloud_is_taken_for_something_else():
    letters, made = string.ascii_letters + string.digits + "_-", random.Random(7)
    for start in ("sk-", "hf_", "ghp_", "AKIA", "your_", "key-", "xai-", "test_", *[""] * 500):
        key = (start + "".join(made.choices(letters, k=44)))[:44]
        assert recognise(Secret(key)) is None


@all_cases("text", ["short", "a.b.c", "a+b/c==", "k9" * 250, "Zen4711", "jane:k3y"])
def test_what_may_be_a_key_of_another_kind_of_account_is_tried(text):
    assert recognise(Secret(text)) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [("your_token_here", "a placeholder"),
     ("https://us-south.ml.cloud.ibm.com", "a URL"), ("${TOKEN}", "a reference")],
)  # fmt: skip
def test_what_is_plainly_no_token_is_told_as_well(text, told):
    with pytest.raises(TokenRefused, match=told) as caught:
        user_token(Transport(), Secret(text), clock=lambda: 0.0)
    assert text not in str(caught.value)
