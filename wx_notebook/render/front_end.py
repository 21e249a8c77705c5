"""What an output says to the front-end extension (`lab/`), beside its plain text and its HTML.

A type of our own: programs that do not know it, such as nbconvert or GitHub, ignore it. It repeats
nothing of the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

#: The type among the data of an output; `lab/static/answers.js` renders it.
ANSWER_TYPE = "application/vnd.wx-notebook.answer+json"

AnswerData: TypeAlias = dict[str, str | int]


def arriving_data() -> dict[str, AnswerData]:
    """Return the data of an answer that is still arriving."""
    return {ANSWER_TYPE: {"state": "arriving"}}


def answer_data(plain: str, texts: Sequence[str]) -> dict[str, AnswerData]:
    """Return the data of an answer that has ended: where its text is, as the model wrote it.

    Parameters
    ----------
    plain
        The plain text of the output: the answer, its notes, its footer.
    texts
        The clean text of each answer.
    """
    text = "\n\n".join(texts)
    if plain.startswith(text):
        # counted from the end: what the guard takes out of the text moves nothing
        behind = len(plain[len(text) :].encode("utf-16-le", "replace")) // 2
        return {ANSWER_TYPE: {"state": "ended", "behind": behind}}
    # the plain text is another one, such as JSON with indentation
    return {ANSWER_TYPE: {"state": "ended", "text": text}}


def comparison_data(answers: Iterable[tuple[str, str]]) -> dict[str, AnswerData]:
    """Return the data of several models' answers: each below its model, as Markdown.

    Parameters
    ----------
    answers
        For each model its name and the clean text of its answer; one without a text is left out.
    """
    parts = [f"{title}\n{'-' * len(title)}\n\n{text}" for title, text in answers if text.strip()]
    return {ANSWER_TYPE: {"state": "ended", "text": "\n\n".join(parts)}} if parts else {}
