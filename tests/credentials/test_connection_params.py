"""One table says of each connection field where it comes from; nothing else lists the fields."""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path

from support.cases import all_cases

import wx_notebook as wx
from wx_notebook import settings
from wx_notebook.credentials.arguments import ARGUMENTS
from wx_notebook.credentials.connection_params import (
    CONNECTION_FIELDS,
    CREDENTIAL_FIELDS,
    ConnectionParams,
)
from wx_notebook.credentials.environment import from_environment
from wx_notebook.credentials.parsing.ibm_dict import from_ibm_dict
from wx_notebook.credentials.secret import Secret
from wx_notebook.settings.connection_fields import PROFILE_FIELDS

#: What a variable can hold only in a form of its own.
SPECIAL = {"kind": "cp4d", "region": "eu-de", "project_id": "12345678-1234-4123-8123-123456789abc"}
SPECIAL["space_id"] = SPECIAL["project_id"]


def text_of(value: object) -> object:
    return value.reveal() if isinstance(value, Secret) else value


def test_connect_takes_the_fields_that_have_a_help_and_its_help_shows_each_of_them():
    signature = inspect.signature(wx.connect).parameters
    named = [n for n, one in signature.items() if one.kind is inspect.Parameter.KEYWORD_ONLY]
    assert sorted(named) == sorted(ARGUMENTS)
    help_text = inspect.getdoc(wx.connect)
    for name in ARGUMENTS:
        assert re.search(rf"^{name}\n    \S", help_text, re.MULTILINE), name
    assert "{" not in help_text.replace('{"apikey"', "")


def test_the_rows_are_the_fields_of_the_connection():
    fields = {one.name for one in dataclasses.fields(ConnectionParams)}
    own = {"source", "own_model", "mixed_sources", "shadowed", "notes"}
    assert fields == set(CONNECTION_FIELDS) | own
    assert set(CREDENTIAL_FIELDS) <= set(CONNECTION_FIELDS)


@all_cases(
    ("field", "variable"),
    [(name, variable) for name, row in CONNECTION_FIELDS.items() for variable in row.variables],
)
def test_each_variable_of_the_table_is_read(field, variable):
    # a name that IBM's other services share is read if its value belongs to watsonx.ai
    url = "https://eu-de.ml.cloud.ibm.com" if variable[:4] == "IBM_" else "https://cpd.example.com"
    value = SPECIAL.get(field, url if "url" in field else "x" * 10)
    environ = {variable: value.removeprefix("https://") if "HOST" in variable else value}
    environ |= {"WATSONX_USERNAME": "jane"} if field == "password" else {}
    environ |= {"WATSONX_PASSWORD": "p"} if field in ("username", "kind") else {}
    environ |= {"WATSONX_USERNAME": "jane"} if field == "kind" else {}
    read = text_of(getattr(from_environment(environ), field))
    assert read == ("software" if field == "kind" else value)


@all_cases(
    ("field", "name"),
    [(field, name) for field, row in CONNECTION_FIELDS.items() for name in row.ibm_names],
)
def test_each_name_of_ibms_documents_is_read(field, name):
    assert text_of(getattr(from_ibm_dict({name: "x"}, "a dict"), field)) == "x"


def test_a_profile_holds_the_fields_of_the_table_and_no_secret():
    fields = {one.name for one in dataclasses.fields(settings.Profile)}
    assert fields == {"name", *PROFILE_FIELDS}
    assert not fields & {"api_key", "token", "password"}


def test_a_pickle_carries_no_credential():
    carried = {name for name, row in CONNECTION_FIELDS.items() if row.is_pickled}
    assert not carried & {*CREDENTIAL_FIELDS, "username"}


def test_the_name_of_a_field_stands_in_few_modules():
    package = Path(wx.__file__).parent
    holders = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if "trusted_profile_id" in path.read_text(encoding="utf-8")
    }
    # the table, the signature of `connect`, and the code that assumes a profile or passes it on
    assert holders == {
        "settings/connection_fields.py",
        "session/functions.py",
        "session/pickling.py",
        "credentials/provider_chain.py",
        "credentials/exchange/authenticator.py",
        "credentials/exchange/iam.py",
        "interop/program_spec.py",
        "interop/programs.py",
    }
