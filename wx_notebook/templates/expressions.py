"""The value of one placeholder's expression, by Jinja2's sandbox, and its text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from wx_notebook.errors import BadOption, foreign_reason
from wx_notebook.templates.iterators import MAX_ITEMS
from wx_notebook.templates.unfit_values import check_fits

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment

_LONGEST_REASON = 200


def evaluate(root: str, expression: str, names: Mapping[str, Any]) -> tuple[Any, str]:
    """Return the value of an expression and what is missing for it, "" if nothing is.

    Only the variable `root` is visible to the expression.

    Raises
    ------
    BadOption
        Jinja, or the value's own code, fails.
    """
    from jinja2 import TemplateAssertionError, TemplateError, Undefined, UndefinedError

    missing, reason = "", ""
    value: Any = None
    scope = {root: names[root]} if root in names else {}
    try:
        compiled = jinja_environment().compile_expression(expression, undefined_to_none=False)
        value = compiled(scope)
        if isinstance(value, Undefined):
            missing = root if root not in names else expression
    except TemplateAssertionError:
        # an unknown filter after an unknown name: the name comes first
        missing = root
    except UndefinedError:
        missing = root if root not in names else expression
    except TemplateError as error:
        reason = str(error)
    except Exception as error:  # noqa: BLE001  # a property or filter may raise anything
        reason = foreign_reason(error)
    if reason:
        raise BadOption(
            f"The placeholder {{{{ {expression} }}}} failed: {reason[:_LONGEST_REASON]}",
            hint="Compute the text in its own cell, and put that variable here.",
        )
    return value, missing


def expression_text(
    expression: str,
    value: Any,  # noqa: ANN401
    refused_types: tuple[type, ...] = (),
) -> str:
    """Return the text that a value becomes in a prompt.

    Raises
    ------
    BadOption
        It is a function, a picture or another object without a text, or contains one.
    """
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Iterator) and "|" in expression:
        # Jinja's map and select return iterators; an iterator of the user's is not consumed
        value = list(islice(value, MAX_ITEMS))
    check_fits(value, expression, refused_types)
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001  # the __str__ of any class
        reason = foreign_reason(error)
    raise BadOption(
        f"'{expression}' has no text form: {reason[:_LONGEST_REASON]}", hint="Use a text instead."
    )


@cache
def jinja_environment() -> SandboxedEnvironment:
    """Return Jinja2's sandbox, without its global functions."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    jinja = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    jinja.globals.clear()
    return jinja
