"""The variables that a text assigns, in the ways of `.env` files, shells, YAML and INI files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from io import StringIO
from typing import NamedTuple

from wx_notebook.credentials.parsing.field_names import (
    first_read_name,
    is_section_of_ours,
    known_name,
    name_in_section,
)
from wx_notebook.credentials.secret import Opaque, OpaqueMapping, Secret
from wx_notebook.credentials.variables import READ_NAMES

_NAME = r"(?P<name>[A-Za-z_][\w.-]{0,100})"
_REST = r"(?P<value>.*)"
_QUOTED = r"\s*(?P<value>\"[^\"]*\"|'[^']*')"
#: How others than a POSIX shell assign; what fits becomes a line NAME=VALUE.
_FORMS = tuple(
    re.compile(rf"\s*{pattern}\s*\Z", re.IGNORECASE)
    for pattern in (
        # PowerShell, and .NET from it
        rf"\$\{{?env:{_NAME}\}}?\s*=\s*{_REST}",
        rf"\[(?:System\.)?Environment\]::SetEnvironmentVariable\(\s*[\"']{_NAME}[\"']\s*,{_QUOTED}.*",
        rf"Set-Item\s+(?:-Path\s+)?[\"']?Env:\\?{_NAME}[\"']?\s+(?:-Value\s+)?{_REST}",
        # cmd.exe
        rf"@?set\s+\"{_NAME}=(?P<value>[^\"]*)\"",
        rf"@?set\s+{_NAME}={_REST}",
        rf"setx\s+[\"']?{_NAME}[\"']?\s+(?P<value>\"[^\"]*\"|'[^']*'|\S+)(?:\s+/m)?",
        # fish, csh, bash
        rf"set(?:\s+-{{1,2}}[a-z-]{{1,20}})+\s+{_NAME}\s+{_REST}",
        rf"setenv\s+{_NAME}\s+{_REST}",
        rf"(?:declare|typeset|local|readonly|env|export)(?:\s+-\w+)*\s+{_NAME}={_REST}",
        # IPython and Python, Docker, systemd, Julia
        rf"%(?:set_)?env\s+{_NAME}(?:\s*=\s*|\s+){_REST}",
        rf"set-env\s+{_NAME}\s+{_REST}",
        rf"(?:os\.environ|ENV|process\.env)\[[\"']{_NAME}[\"']\]\s*=\s*{_REST}",
        rf"ENV\s+{_NAME}(?:=|\s+){_REST}",
        rf"Environment=[\"']?{_NAME}=(?P<value>[^\"']*)[\"']?",
        # YAML, JSON without its braces, a list of a compose file
        rf"(?:-\s+)?[\"']?{_NAME}[\"']?\s*:(?:\s+{_REST}|\s*(?P<empty>))",
        rf"-\s+[\"']?{_NAME}=(?P<value>[^\"']*)[\"']?",
        rf"-\s+{_NAME}={_REST}",
        # a note of a person
        rf"(?P<name>API[ -]?key|(?:Project|Space|Model)[ -]ID|Service[ -]URL)\s*[:=]\s*{_REST}",
    )
)
#: A name and its value in two lines of YAML, as Kubernetes lists the environment of a container.
_NAME_OF_PAIR = re.compile(rf"\s*-\s+name:\s*[\"']?{_NAME}[\"']?\s*\Z")
#: `NAME=VALUE` as any of these and of other languages write it, anywhere in a line:
#: `Sys.setenv(NAME = "...")`, `os.environ.setdefault("NAME", "...")`, `$env.NAME = "..."`.
_WORD = r"\"[^\"]*\"|'[^']*'|(?:\$\{\{?[^{}]*\}\}?|\$\([^()]*\)|[^\s;&,(){}\[\]|\"'#`]|(?<=\S)#)+"
_PAIR = re.compile(
    r"(?:\A|(?<=\s))#.*"
    r"|\b(?:name|key|variable)[\"']?\s*[:=]\s*[\"']?(?P<listed>[A-Z][A-Z0-9_]{2,100})[\"']?\s*,"
    rf"\s*[\"']?value[\"']?\s*[:=]\s*(?P<second>{_WORD})"
    r"|(?<![\w.-])(?:[A-Za-z.]{1,30}[.:])?(?P<name>[A-Z][A-Z0-9_]{2,100})"
    r"(?:[\"']?[\])]?\s*(?:[?:+]|\|\|)?=>?\s*|[\"']?\s*:\s+|[\"']\s*,\s*(?=[\"']))"
    rf"(?P<value>{_WORD})"
)
#: What follows the assignment in the same line of a shell.
_END_OF_COMMAND = re.compile(r";\s*(?:export|set|declare|typeset|[A-Za-z_]\w*=|\Z)|&&|\s&\s")
_PLAIN = re.compile(r"\s*(?P<name>[A-Za-z_][\w.-]{0,100})\s*=(?!>)\s*(?P<value>.*)", re.DOTALL)
#: A table in one line of TOML or YAML, and an entry of it.
_INLINE_TABLE = re.compile(
    r"\s*[\"']?(?P<name>[\w.-]{1,100})[\"']?\s*[:=]\s*[\w.]{0,100}[{(](?P<inner>.*)[})],?\s*\Z"
)
#: What IBM's examples call such a table.
_CREDENTIALS = re.compile(r"(?:wml_|wx_|watsonx_)?cred(?:ential)?s", re.IGNORECASE)
_ENTRY = re.compile(rf"[\"']?(?P<name>[A-Za-z_][\w.-]{{0,100}})[\"']?\s*[:=]\s*(?P<value>{_WORD})")
#: The value stands in the deeper lines below.
_BLOCK = re.compile(
    r"\s*(?:-\s+)?[\"']?(?P<name>[A-Za-z_][\w.-]{0,100})[\"']?\s*:\s+[|>][+-]?\d?\s*\Z"
)
_SECTION = re.compile(r"\s*(?:\[+(?P<ini>[^\[\]]{1,100})\]+|(?P<yaml>[\w.-]{1,100}):)\s*\Z")
#: Comments of INI files, of cmd.exe and of Java; the beginning of a YAML document; the first and
#: the last line of a call or a table.
_NO_ASSIGNMENT = re.compile(
    r"\s*(?:;|//|::|rem\s|@?echo\s|---|!\s|[\w.-]*\s*(?:\|?=\s*)?[({\[]\s*\Z|[)}\]]+[,;]?\s*\Z)",
    re.IGNORECASE,
)
#: The variable in which Cloud Foundry and Code Engine give the credentials of services, as JSON.
_VCAP = "VCAP_SERVICES"
_LONGEST_LINE = 20_000
_ESCAPED_COLON = "\\:"
_KEY_ALONE = re.compile(r"[A-Za-z0-9_+/=.-]{20,}")


class Assignments(NamedTuple):
    """What a text assigns.

    Attributes
    ----------
    variables
        Names and values; the values are expanded.
    bad_lines
        The numbers of the lines that can't be read.
    missing
        Names that a value refers to and that are not set.
    uses_environment
        Whether a value of ours was taken from the environment.
    """

    variables: Mapping[str, str]
    bad_lines: tuple[int, ...] = ()
    missing: tuple[str, ...] = ()
    uses_environment: bool = False


def read_assignments(text: Secret, environ: Mapping[str, str]) -> Assignments:
    """Return what a text assigns. `${NAME}` and `${NAME:-default}` in it are expanded.

    As python-dotenv does it, what stands above in the text comes before the environment, and a name
    that is not set is empty.
    """
    # python-dotenv's `dotenv_values` only logs bad lines
    from dotenv.parser import parse_stream

    lines = Opaque(list(_in_dotenv_form(_with_short_blanks(text))))
    text = Secret("\n".join(line for _, line in lines.open()))
    numbers = [number for number, _ in lines.open()]
    bindings = list(parse_stream(StringIO(text.reveal())))
    bad_lines = tuple(
        numbers[one.original.line + _lines_before(one.original.string) - 1]
        for one in bindings
        if one.error
    )
    pairs = [(one.key, one.value) for one in bindings if one.key is not None]
    if not any(value for _, value in pairs) and (alone := _key_alone(text)):
        return Assignments(OpaqueMapping(alone))
    values = [(known_name(name), value or "") for name, value in pairs]
    return _expanded(values, environ, bad_lines)


def _in_dotenv_form(text: Secret) -> Iterator[tuple[int, str]]:
    """Yield each assignment as python-dotenv reads it, with the number of its line."""
    sections, lines = _Sections(), Lines(text)
    for number, line in lines:
        if match := _NAME_OF_PAIR.match(line[:_LONGEST_LINE]):
            sections.name_of_pair = match["name"]
            yield number, ""
        elif sections.enter(line[:_LONGEST_LINE]):
            yield number, ""
        elif _NO_ASSIGNMENT.match(line):
            yield number, "#"
        elif match := _BLOCK.match(line[:_LONGEST_LINE]):
            name = name_in_section(match["name"], sections.path())
            yield number, f"{name}={lines.take_block(line)}"
        else:
            for one in _assignments(line, sections):
                yield number, one


class _Sections:
    """The sections around a line, of INI, TOML or YAML."""

    def __init__(self) -> None:
        self.name_of_pair = ""
        self._ini = ""
        self._yaml: list[tuple[int, str]] = []

    def enter(self, line: str) -> bool:
        """Leave the sections that end before a line; return whether it begins one."""
        indent = len(line) - len(line.lstrip())
        # a list may stand as far to the left as the name above it
        deepest = indent + 1 if line.lstrip().startswith("- ") else indent
        if line.strip():
            self._yaml = [one for one in self._yaml if one[0] < deepest]
        match = _SECTION.match(line)
        if match is None:
            return False
        if match["ini"]:
            self._ini, self._yaml = match["ini"], []
        else:
            self._yaml.append((indent, match["yaml"]))
        return True

    def path(self) -> str:
        """Return the names of all sections around the line."""
        return ".".join((self._ini, *(name for _, name in self._yaml)))


class Lines:
    """The lines of a text with their numbers; some are taken before their turn comes."""

    def __init__(self, text: Secret) -> None:
        self._lines = re.split(r"\r\n|\n|\r", text.reveal())
        self._next = 0

    def __iter__(self) -> Iterator[tuple[int, str]]:
        while self._next < len(self._lines):
            self._next += 1
            yield self._next, self._lines[self._next - 1]

    def take_block(self, head: str) -> str:
        """Return the lines that stand deeper than their head, as one line."""
        indent, taken = len(head) - len(head.lstrip()), []
        while self._next < len(self._lines):
            line = self._lines[self._next]
            if line.strip() and len(line) - len(line.lstrip()) <= indent:
                break
            taken.append(line.strip())
            self._next += 1
        return " ".join(filter(None, taken))


def _assignments(line: str, sections: _Sections) -> list[str]:
    """Return the assignments in a line: one in most, more in commands of shells and in tables."""
    if len(line) > _LONGEST_LINE:
        return [line]
    found = [one for one in _PAIR.finditer(line) if one["name"] or one["listed"]]
    pairs = [(one["name"] or one["listed"], one["value"] or one["second"]) for one in found]
    names = [name for name, _ in pairs]
    single = next(filter(None, (form.match(line) for form in _FORMS)), None) or _PLAIN.match(line)
    has_more = len(pairs) > 1 or single is None or _END_OF_COMMAND.search(line) is not None
    if first_read_name(names) and has_more and _VCAP not in line:
        return [f"{name}={value}" for name, value in pairs if value]
    table = _INLINE_TABLE.match(line)
    section = f"{sections.path()}.{table['name']}" if table else ""
    is_ours = is_section_of_ours(section) or (table and _CREDENTIALS.fullmatch(table["name"]))
    inner = [*_ENTRY.finditer(table["inner"])] if table and is_ours and _VCAP not in line else []
    if inner:
        return [f"{name_in_section(one['name'], section)}={one['value']}" for one in inner]
    return [_assignment(line, single, sections)]


def _assignment(line: str, match: re.Match[str] | None, sections: _Sections) -> str:
    if match is None:
        return line
    name = match["name"]
    if name == "value" and sections.name_of_pair:
        name = sections.name_of_pair
    else:
        name = name_in_section(name, sections.path())
    name, value = re.sub(" |(?<=[a-z])-(?=[A-Z])", "_", name), (match["value"] or "").strip()
    if value[:1] in ("'", '"'):
        # JSON without its braces ends in a comma, as do the arguments of a call
        value = value.rstrip(",;")
    if match.re is _PLAIN:
        # Java writes https\://
        return f"{name}={value.replace(_ESCAPED_COLON, ':') if '.' in match['name'] else value}"
    # the end of a command in fish, csh and PowerShell
    value = value.removesuffix(";")
    return f"{name}={value.replace(_ESCAPED_COLON, ':') if '.' in match['name'] else value}"


def _expanded(
    pairs: list[tuple[str, str]], environ: Mapping[str, str], bad_lines: tuple[int, ...]
) -> Assignments:
    from dotenv.variables import Literal, Variable, parse_variables

    values: dict[str, str] = {}
    missing: dict[str, None] = {}
    uses_environment = False
    for name, value in pairs:
        parts = []
        # an expression of GitHub Actions, `${{ secrets.X }}`, is no variable; what is never closed
        # takes python-dotenv minutes
        end = 0 if "${{" in value else value.rfind("}") + 1
        for atom in (*parse_variables(value[:end]), Literal(value[end:])):
            if isinstance(atom, Variable):
                is_here, is_there = atom.name in values, atom.name in environ
                if not (is_here or is_there) and atom.default is None:
                    missing[atom.name] = None
                uses_environment |= is_there and not is_here and name in READ_NAMES
                known = values if is_here else environ
                parts.append(
                    atom.resolve({atom.name: known[atom.name]} if atom.name in known else {})
                )
            else:
                parts.append(atom.resolve({}))
        values[name] = "".join(parts)
    return Assignments(OpaqueMapping(values), bad_lines, tuple(missing), uses_environment)


def _key_alone(text: Secret) -> dict[str, str]:
    """Return the key or token that is all that a text has, as a variable; {} for other texts."""
    lines = [line.strip().strip("\"'") for line in text.reveal().splitlines()]
    lines = [line for line in lines if line and line[0] != "#"]
    if len(lines) != 1 or not _KEY_ALONE.fullmatch(lines[0]):
        return {}
    return {"WATSONX_TOKEN" if lines[0].startswith("eyJ") else "WATSONX_API_KEY": lines[0]}


def _lines_before(statement: str) -> int:
    """Return how many empty lines python-dotenv counts as part of a statement."""
    return statement[: len(statement) - len(statement.lstrip())].count("\n")


def _with_short_blanks(text: Secret) -> Secret:
    """Return the text without long runs of blanks, for which python-dotenv needs minutes."""
    return Secret(re.sub(r"[^\S\r\n]{200,}", " ", text.reveal()))
