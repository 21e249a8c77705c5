"""An answer in each of its formats: as HTML when it is there, as a frame on its way, as text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial

from wx_notebook.render.fragments import (
    LARGEST_MARKDOWN,
    answer_around,
    markdown_body,
    note_html,
    one_line,
    pre_body,
)
from wx_notebook.render.styles import MUTED, ONE_LINE_STYLE, UNSEEN_STYLE
from wx_notebook.render.text import clean_text

#: Lines of a preview, and characters of each: what an answer becomes is higher than that.
_UNDECIDED_JSON = 16
_PREVIEW_LINES, _PREVIEW_CHARACTERS = 3, 200
#: A text, a rule or a block of code that has begun.
_TO_BE_SEEN = re.compile(r"(?:^|>)\s*[^\s<]|<hr|<pre")
_PAGE = "a page that the model wrote; it runs no script, loads nothing and sends nothing"
_SUMMARY_STYLE = f"{MUTED}; cursor: pointer"


def answer_html(
    text: str,
    *,
    footer: str = "",
    notes: Sequence[str] = (),
    reasoning: str = "",
    format: str = "auto",  # noqa: A002  (the option's name)
    summary: str = "",
    typeset: bool = True,
) -> str:
    """Give an answer as HTML, with our own notes and footer below it.

    Parameters
    ----------
    text
        The answer.
    footer
        One line about it: model, tokens, seconds. Foreign as well (a model id is), so escaped.
    notes
        One line each, for instance that the answer was interrupted.
    reasoning
        What the model thought before, folded away above the text.
    format
        ``auto`` (Markdown, or JSON where the whole answer is an object or a list), ``markdown``,
        ``text``, ``code``, ``json``, ``html`` or ``math``.
    summary
        One sentence that a screen reader says and nobody sees: "Answer complete: 120 words".
    typeset
        Whether MathJax may typeset the TeX that is harmless.

    Returns
    -------
    str
        One ``<div class="wxn-answer ...">``.
    """
    lines = [_thinking(reasoning)] if reasoning.strip() else []
    lines.append(_in_format(text, format, typeset=typeset))
    lines += [note_html(note) for note in notes]
    if footer:
        lines.append(note_html(footer, name="footer"))
    if summary:
        said = one_line(summary)
        lines.append(f'<div class="wxn-summary" role="status" style="{UNSEEN_STYLE}">{said}</div>')
    return answer_around("\n".join(lines))


def partial_html(
    text: str,
    *,
    reasoning: str = "",
    format: str = "auto",  # noqa: A002
    seconds: float = 0.0,
) -> str:
    """Give the frame of an answer on its way.

    What one frame shows, the next one does not take back: the end of the text is held back until
    it is decided, formulas are words, and a format that has no beginning to be shown (a JSON tree,
    a page) is a few lines of preview. No frame is announced to a screen reader.

    Parameters
    ----------
    text
        All that came so far.
    reasoning
        What the model thought so far. As long as nothing else is there, its last line is shown.
    format
        As in `answer_html`.
    seconds
        How long it has been thinking; 0 leaves that away.
    """
    from wx_notebook.render.settled import without_control

    lines = []
    if reasoning.strip():
        lines.append(_busy(thinking_line(reasoning, seconds)))
    if text.strip() or not lines:
        lines.append(_on_its_way(clean_text(without_control(text)), format))
    else:
        lines.append(_preview(clean_text(without_control(reasoning)), 1))
    return answer_around("\n".join(lines), growing=True)


def plain_answer(text: str, format: str) -> str:  # noqa: A002
    """Return an answer as text without control characters: the twin of its HTML, for a terminal.

    The format ``code`` gives the code alone, ``json`` a valid value with indentation; every other
    one the text.
    """
    if format == "code":
        from wx_notebook.render.fences import fenced_code

        code = fenced_code(text)
        return code.text if code is not None else clean_text(text)
    if format == "json":
        from wx_notebook.render.json_value import indented, parsed_json

        try:
            return indented(parsed_json(text))
        except (ValueError, RecursionError):
            return clean_text(text)
    return clean_text(text)


def thinking_line(reasoning: str, seconds: float = 0.0) -> str:
    """Return the one line that stands for thinking that goes on."""
    time = f"{seconds:.0f} s, " if seconds else ""
    return f"thinking ({time}{len(reasoning):,} characters)"


def _in_format(text: str, format: str, *, typeset: bool) -> str:  # noqa: A002
    if len(text) > LARGEST_MARKDOWN or format == "text":
        return pre_body(text)
    draw: dict[str, Callable[[str], str]] = {
        "auto": _auto,
        "code": _code,
        "json": _json,
        "html": _page,
        "math": partial(_math, typeset=typeset),
    }
    try:
        if format in draw and (drawn := draw[format](text)):
            return drawn
    except Exception:  # noqa: BLE001  (an answer was paid for: no fault of ours may hide it)
        return pre_body(text)
    return markdown_body(text, typeset=typeset)


def _auto(text: str) -> str:
    from wx_notebook.render.json_value import whole_json

    value = whole_json(text)
    return _tree(value) if value is not None else ""


def _json(text: str) -> str:
    from wx_notebook.render.json_value import parsed_json

    try:
        value = parsed_json(text)
    except ValueError as problem:
        return pre_body(text) + "\n" + note_html(f"not JSON: {problem}")
    return _tree(value)


def _tree(value: object) -> str:
    from wx_notebook.render.blocks import code_html
    from wx_notebook.render.json_tree import tree_html
    from wx_notebook.render.json_value import indented
    from wx_notebook.render.markdown import COLOURED

    text = indented(value)
    return f"{tree_html(value)}\n{_folded('JSON', text, code_html(text, 'json', COLOURED)[0])}"


def _code(text: str) -> str:
    from wx_notebook.render.blocks import code_html
    from wx_notebook.render.fences import fenced_code
    from wx_notebook.render.markdown import COLOURED

    code = fenced_code(text)
    if code is None:
        return ""
    html, _ = code_html(code.text, code.language, COLOURED)
    around = clean_text(text).strip()
    if around.count("\n") <= code.text.count("\n") + 2:
        # nothing but the code, in a fence or without one
        return html
    return html + _folded("the whole answer", around, markdown_body(text, typeset=False))


def _page(text: str) -> str:
    from wx_notebook.render.blocks import code_html
    from wx_notebook.render.markdown import COLOURED
    from wx_notebook.render.page import page_html, page_source

    source = page_source(text)
    shown, _ = code_html(source, "html", COLOURED)
    return "\n".join([page_html(source), note_html(_PAGE), _folded("HTML", source, shown)])


def _math(text: str, *, typeset: bool) -> str:
    from wx_notebook.render.formula import formula_html

    return formula_html(clean_text(text), typeset=typeset)


def _on_its_way(text: str, format: str) -> str:  # noqa: A002
    if len(text) > LARGEST_MARKDOWN or format == "text":
        return pre_body(text)
    try:
        if format in {"json", "html"}:
            return _receiving(format.upper(), text)
        if format == "math":
            return _preview(text, 1)
        if format == "code":
            return _code_on_its_way(text)
        if format == "auto":
            from wx_notebook.render.json_value import may_become_json

            if may_become_json(text):
                # "[1] says" and "[a](b)" begin as a list does
                is_short = len(text) < _UNDECIDED_JSON
                return _busy("…") if is_short else _receiving("JSON", text)
        from wx_notebook.render.markdown import sanitised
        from wx_notebook.render.settled import settled

        html = sanitised(settled(text), typeset=False, partial=True)
        return html if _TO_BE_SEEN.search(html) else _busy("…")
    except Exception:  # noqa: BLE001  (as above)
        return pre_body(text)


def _code_on_its_way(text: str) -> str:
    from wx_notebook.render.blocks import code_html
    from wx_notebook.render.fences import fenced_code, fences
    from wx_notebook.render.markdown import COLOURED_ON_THE_WAY
    from wx_notebook.render.settled import settled

    begun = settled(text)
    code = fenced_code(begun) if fences(begun) else None
    if code is None:
        # code without a fence, or words before it; a block of one line is not higher than a line
        return _busy(f"receiving code ({len(text):,} characters)")
    return code_html(code.text, code.language, COLOURED_ON_THE_WAY)[0]


def _thinking(reasoning: str) -> str:
    inside = markdown_body(reasoning, typeset=False)
    head = f"thinking ({len(reasoning):,} characters)"
    return (
        f'<details class="wxn-thinking"><summary style="{_SUMMARY_STYLE}">{head}</summary>'
        f"{inside}</details>"
    )


def _folded(what: str, text: str, html: str) -> str:
    lines = text.count("\n") + 1
    many = f"{lines:,} lines" if lines > 1 else "1 line"
    return (
        f'<details class="wxn-source"><summary style="{_SUMMARY_STYLE}">{what}, {many}</summary>'
        f"{html}</details>"
    )


def _receiving(what: str, text: str) -> str:
    return _busy(f"receiving {what} ({len(text):,} characters)") + _preview(text, _PREVIEW_LINES)


def _busy(line: str) -> str:
    return f'<div class="wxn-busy" style="{MUTED}">{one_line(line)}</div>'


def _preview(text: str, lines: int) -> str:
    """Give the last lines of a text, each one line high."""
    last = [line for line in text[-4 * lines * _PREVIEW_CHARACTERS :].split("\n") if line.strip()]
    return "".join(
        f'<div class="wxn-preview" style="{MUTED}; {ONE_LINE_STYLE}">'
        f"{one_line(line[-_PREVIEW_CHARACTERS:])}</div>"
        for line in last[-lines:]
    )
