"""An answer in each of its formats: as HTML when complete, as a frame while it arrives, as text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress

from wx_notebook.render.code import fenced_blocks, fenced_code
from wx_notebook.render.highlight import MAX_HIGHLIGHTED_PARTIAL, code_html
from wx_notebook.render.html import (
    MAX_MARKDOWN,
    escaped_line,
    markdown_body,
    note_html,
    pre_body,
    wrap_answer,
)
from wx_notebook.render.json_search import find_json
from wx_notebook.render.json_value import (
    format_json,
    may_become_json,
    parse_object,
    tree_html,
)
from wx_notebook.render.page import page_html, page_source
from wx_notebook.render.stable_prefix import stable_prefix
from wx_notebook.render.styles import MUTED, ONE_LINE_STYLE, UNSEEN_STYLE
from wx_notebook.render.tex_rules import formula_html
from wx_notebook.render.text import clean_text, strip_partial_sequence
from wx_notebook.render.values import VALUE_FORMAT, partial_value_html, value_as_html

#: A shorter beginning such as "[1] says" or "[a](b)" may still be Markdown instead of a list.
_UNDECIDED_JSON = 16
#: Lines of a preview, and characters of each: the complete answer is higher than that.
_PREVIEW_LINES, _PREVIEW_CHARACTERS = 3, 200
#: HTML that shows something: a text, a rule or the beginning of a block of code.
_VISIBLE = re.compile(r"(?:^|>)\s*[^\s<]|<hr|<pre")
_PAGE_NOTE = "a page that the model wrote; it can't run scripts, load anything or send anything"
_SUMMARY_STYLE = f"{MUTED}; cursor: pointer"


def answer_html(
    text: str,
    *,
    footer: str = "",
    notes: Sequence[str] = (),
    reasoning: str = "",
    calls: Sequence[str] = (),
    format: str = "auto",  # noqa: A002  (the option's name)
    values: Sequence[object] = (),
    summary: str = "",
    typeset: bool = True,
    title: str = "",
) -> str:
    """Return an answer as HTML, with our own notes and footer below it.

    Parameters
    ----------
    text
        The answer.
    footer
        One line about it: model, tokens, seconds. It is escaped, because a model id is foreign.
    notes
        One line each, for instance that the answer was interrupted.
    reasoning
        The model's reasoning before the answer, folded away above the text.
    calls
        One line for each tool that was called, above the text.
    format
        ``auto`` (Markdown, or JSON if the whole answer is an object or a list), ``markdown``,
        ``text``, ``code``, ``json``, ``html`` or ``math``; ours for an answer with a schema is
        ``value``.
    values
        The JSON value of an answer with a schema, none where it does not fit.
    summary
        One sentence for screen readers, not visible: "Answer complete: 120 words".
    typeset
        Whether MathJax may typeset the TeX that is allowed.
    title
        One line above it, such as "answer 1 of 2".

    Returns
    -------
    str
        One ``<div class="wxn-answer ...">``.
    """
    lines = [note_html(title)] if title else []
    if reasoning.strip():
        title = f"thinking ({len(reasoning):,} characters)"
        lines.append(_fold("wxn-thinking", title, markdown_body(reasoning, typeset=False)))
    lines += [_call_html(call) for call in calls]
    lines.append(_body(text, format, typeset=typeset, values=values))
    lines += [note_html(note) for note in notes]
    if footer:
        lines.append(note_html(footer, name="footer"))
    if summary:
        start = f'<div class="wxn-summary" role="status" style="{UNSEEN_STYLE}">'
        lines.append(f"{start}{escaped_line(summary)}</div>")
    return wrap_answer("\n".join(lines))


def partial_html(
    text: str,
    *,
    reasoning: str = "",
    format: str = "auto",  # noqa: A002
    seconds: float = 0.0,
    waiting: str = "",
    title: str = "",
    calls: Sequence[str] = (),
) -> str:
    """Return one frame of an answer that still arrives.

    A frame never shows anything that the next frame takes back: the end of the text is held back
    until its meaning is clear, formulas are plain text, and a format without a useful beginning (a
    JSON tree, a page) is a preview of a few lines. Screen readers announce no frame.

    Parameters
    ----------
    text
        The text so far.
    reasoning
        The model's reasoning so far. While there is no text, its last line is shown.
    format
        As in `answer_html`.
    seconds
        How long the model has been reasoning; 0 leaves that out.
    waiting
        Says below the text that nothing has arrived for a while; "" leaves that out.
    title, calls
        As in `answer_html`.
    """
    lines = [note_html(title)] if title else []
    lines += [_call_html(call) for call in calls]
    if reasoning.strip():
        lines.append(_busy_html(reasoning_line(reasoning, seconds)))
    if text.strip() or not (reasoning.strip() or calls):
        lines.append(_partial_body(clean_text(strip_partial_sequence(text)), format))
    elif reasoning.strip():
        lines.append(_preview_html(clean_text(strip_partial_sequence(reasoning)), 1))
    if waiting:
        lines.append(_busy_html(waiting))
    return wrap_answer("\n".join(lines), growing=True)


def answer_text(text: str, format: str) -> str:  # noqa: A002
    """Return an answer as clean text for a terminal: the plain counterpart of its HTML.

    The format ``code`` gives the code alone, ``json`` a valid value with indentation, and every
    other format the text.
    """
    if format == "code" and (code := fenced_code(text)) is not None:
        return code.text
    if format == "json":
        with suppress(ValueError, RecursionError):
            return format_json(find_json(text).value)
    return clean_text(text)


def reasoning_line(reasoning: str, seconds: float = 0.0) -> str:
    """Return one line that says how long the model has been reasoning, and how much."""
    time = f"{seconds:.0f} s, " if seconds else ""
    return f"thinking ({time}{len(reasoning):,} characters)"


def preload() -> None:
    """Import and build what the first frame needs, so that it appears soon.

    Colours are loaded with the first code, which takes longer to arrive than they take to load.
    """
    partial_html("**first** `x` $x$\n\n|a|\n|-|\n\nframe")


def _body(text: str, format: str, *, typeset: bool, values: Sequence[object]) -> str:  # noqa: A002
    if format == VALUE_FORMAT and values:
        return _tree_body(values[0], value_as_html)
    if len(text) > MAX_MARKDOWN or format in {"text", VALUE_FORMAT}:
        return pre_body(text)
    formats: dict[str, Callable[[str], str]] = {
        "auto": _auto_body,
        "code": _code_body,
        "json": _json_body,
        "html": _page_body,
        "math": lambda text: formula_html(clean_text(text), typeset=typeset),
    }
    try:
        if format in formats and (html := formats[format](text)):
            return html
    except Exception:  # noqa: BLE001  (an answer was paid for: no fault of ours may hide it)
        return pre_body(text)
    return markdown_body(text, typeset=typeset)


def _auto_body(text: str) -> str:
    value = parse_object(text)
    return _tree_body(value) if value is not None else ""


def _json_body(text: str) -> str:
    try:
        value = find_json(text).value
    except ValueError as error:
        return pre_body(text) + "\n" + note_html(f"not JSON: {error}")
    return _tree_body(value)


def _tree_body(value: object, view: Callable[[object], str] = tree_html) -> str:
    text = format_json(value)
    return f"{view(value)}\n{_fold_source('JSON', text, code_html(text, 'json')[0])}"


def _code_body(text: str) -> str:
    code = fenced_code(text)
    if code is None:
        return ""
    html, _ = code_html(code.text, code.language)
    whole = clean_text(text).strip()
    if whole.count("\n") <= code.text.count("\n") + 2:
        # only the code, in a fence or without one
        return html
    return html + _fold_source("the whole answer", whole, markdown_body(text, typeset=False))


def _page_body(text: str) -> str:
    source = page_source(text)
    html, _ = code_html(source, "html")
    return "\n".join([page_html(source), note_html(_PAGE_NOTE), _fold_source("HTML", source, html)])


def _partial_body(text: str, format: str) -> str:  # noqa: A002
    if format == VALUE_FORMAT:
        return _partial_value(text)
    if len(text) > MAX_MARKDOWN or format == "text":
        return pre_body(text)
    try:
        if format in {"json", "html"}:
            return _receiving_html(format.upper(), text)
        if format == "math":
            return _preview_html(text, 1)
        if format == "code":
            return _partial_code(text)
        if format == "auto" and may_become_json(text):
            is_short = len(text) < _UNDECIDED_JSON
            return _busy_html("…") if is_short else _receiving_html("JSON", text)
        html = markdown_body(stable_prefix(text), typeset=False, partial=True)
        return html if _VISIBLE.search(html) else _busy_html("…")
    except Exception:  # noqa: BLE001  (as above)
        return pre_body(text)


def _partial_value(text: str) -> str:
    # a value is shown as one, so its first characters are only counted
    html = ""
    with suppress(Exception):
        html = partial_value_html(text)
    return html or _busy_html(f"receiving JSON ({len(text):,} characters)")


def _partial_code(text: str) -> str:
    stable = stable_prefix(text)
    code = fenced_code(stable) if fenced_blocks(stable) else None
    if code is None:
        # code without a fence, or words before the fence
        return _busy_html(f"receiving code ({len(text):,} characters)")
    return code_html(code.text, code.language, MAX_HIGHLIGHTED_PARTIAL)[0]


def _fold(css_class: str, title: str, html: str) -> str:
    summary = f'<summary style="{_SUMMARY_STYLE}">{title}</summary>'
    return f'<details class="{css_class}">{summary}{html}</details>'


def _fold_source(title: str, text: str, html: str) -> str:
    lines = text.count("\n") + 1
    return _fold("wxn-source", f"{title}, {lines:,} line{'s' if lines > 1 else ''}", html)


def _receiving_html(kind: str, text: str) -> str:
    line = f"receiving {kind} ({len(text):,} characters)"
    return _busy_html(line) + _preview_html(text, _PREVIEW_LINES)


def _busy_html(line: str) -> str:
    return f'<div class="wxn-busy" style="{MUTED}">{escaped_line(line)}</div>'


def _call_html(line: str) -> str:
    return f'<div class="wxn-call" style="{MUTED}">{escaped_line(line)}</div>'


def _preview_html(text: str, lines: int) -> str:
    """Return the last lines of a text, each one line high."""
    last = [line for line in text[-4 * lines * _PREVIEW_CHARACTERS :].split("\n") if line.strip()]
    return "".join(
        f'<div class="wxn-preview" style="{MUTED}; {ONE_LINE_STYLE}">'
        f"{escaped_line(line[-_PREVIEW_CHARACTERS:])}</div>"
        for line in last[-lines:]
    )
