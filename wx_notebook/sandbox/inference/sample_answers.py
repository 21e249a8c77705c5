"""The answers that the sandbox writes itself: Markdown about the prompt, and samples of formats.

No model writes them; they come from a hash and a few sentences, and say so. The same conversation
always gets the same answer.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.resources import files
from typing import TypeVar

from wx_notebook.sandbox.http.messages import Document
from wx_notebook.sandbox.inference.prompts import Prompt

LONGEST_QUOTE_WORDS = 16
LONGEST_QUOTE = 90

_Choice = TypeVar("_Choice")
#: No opening bracket: behind a backslash it begins a formula, and its end alone prevents a link.
_INLINE_MARKUP = re.compile(r"([\\`*_\]<>&~$|])")
#: What a client asks that goes on with an answer; any other message is a turn of its own.
_GOES_ON = re.compile(r"\b(?:go on|continue|carry on)\b", re.IGNORECASE)

_TEXTS: Document = tomllib.loads(
    files(__package__).joinpath("sample_answers.toml").read_text("utf-8")
)
_AUTHOR: str = _TEXTS["author"]
_SAMPLES = [
    (re.compile(each["pattern"], re.IGNORECASE), each["language"], each["text"])
    for each in _TEXTS["sample"]
]
_TEX = re.compile(r"\b(?:La)?TeX\b|\b(?:formula|equation)s?\b", re.IGNORECASE)
_REPEAT = re.compile(
    r"\brepeat\b(?:[^\n:\[\]]{0,80}:\s*(\S.*)|.{0,200}?\[([^\[\]]*\w[^\[\]]*)\])",
    re.IGNORECASE | re.DOTALL,
)
_LONGEST_REPETITION = 10_000
_ALONE = re.compile(r"\b(?:nothing but|only)\b", re.IGNORECASE)
_SAMPLE_OPENING = f"**{_AUTHOR[0].upper()}{_AUTHOR[1:]}.**"


def write(prompt: Prompt, choice: int = 0) -> str:
    """Return the answer to `prompt`; each choice of several is another one."""
    if rest := _continuation(prompt):
        return rest
    if text := repetition(prompt) or sample(_last_text(prompt, "user")):
        return text
    seed = _seed(prompt) + choice
    parts = (
        _pick(seed, _TEXTS["openings"]),
        f"{_pick(seed // 3, _TEXTS['quotes'])}\n\n> {_quote(_last_text(prompt, 'user'))}",
        _about_conversation(prompt),
        _pick(seed // 9, _BODIES)(prompt),
        _pick(seed // 36, _TEXTS["closings"]),
    )
    return "\n\n".join(part for part in parts if part)


def repetition(prompt: Prompt) -> str:
    """Return what a prompt asks to repeat, behind a colon or in brackets; "" for another prompt.

    So the words of an answer can be chosen, for example to see what a guardrail finds in them.
    """
    match = _REPEAT.search(_last_text(prompt, "user")[:_LONGEST_REPETITION])
    return (match[1] or match[2]).strip() if match else ""


def sample(text: str) -> str:
    """Return code, JSON, HTML or a formula for a prompt that asks for it, else "".

    For a prompt with "only" or "nothing but" it comes without a word around it.
    """
    is_alone = _ALONE.search(text) is not None
    for pattern, language, content in _SAMPLES:
        if pattern.search(text):
            signed = content.replace("AUTHOR_SENTENCE", _AUTHOR.capitalize())
            block = f"```{language}\n{signed.replace('AUTHOR', _AUTHOR)}\n```"
            return block if is_alone else f"{_SAMPLE_OPENING}\n\n{block}"
    if _TEX.search(text):
        if is_alone:
            return rf"{_TEXTS['formula']} \quad \text{{({_AUTHOR})}}"
        return (
            f"{_SAMPLE_OPENING}\n\nPower is work over time:\n\n$$\n{_TEXTS['formula']}\n$$\n\n"
            r"For a constant current of \(I\) amperes it is \(P = U I\)."
        )
    return ""


def reasoning_text(amount: int) -> str:
    """Return so many sentences of reasoning, 0 to 3."""
    return " ".join(_TEXTS["reasoning"][:amount])


def _continuation(prompt: Prompt) -> str:
    """Return the rest of an answer that was cut, if the conversation ends with its beginning."""
    if len(prompt.messages) < 3:
        return ""
    *before, cut, last = prompt.messages
    if cut.role != "assistant" or not cut.text or not _GOES_ON.search(last.text):
        return ""
    whole = write(replace(prompt, messages=tuple(before)))
    return whole[len(cut.text) :] if whole.startswith(cut.text) else ""


def _seed(prompt: Prompt) -> int:
    digest = hashlib.sha256()
    for message in prompt.messages:
        digest.update(f"{message.role}\0{message.text}\0".encode("utf-8", "replace"))
    return int.from_bytes(digest.digest()[:8])


def _pick(seed: int, choices: Sequence[_Choice]) -> _Choice:
    return choices[seed % len(choices)]


def _last_text(prompt: Prompt, role: str) -> str:
    return next((each.text for each in reversed(prompt.messages) if each.role == role), "")


def _quote(text: str) -> str:
    """Return the beginning of `text` in quotation marks, escaped for Markdown."""
    # a slice first: a prompt can have millions of words
    head = " ".join(text[: 4 * LONGEST_QUOTE].split())
    short = " ".join(head.split(" ")[:LONGEST_QUOTE_WORDS])
    if len(short) > LONGEST_QUOTE:
        # at a blank, if there is one
        short = short[:LONGEST_QUOTE].rpartition(" ")[0] or short[:LONGEST_QUOTE]
    printable = "".join(character for character in short if character.isprintable())
    if not printable:
        return "*(no text)*"
    more = " …" if len(short) < len(head) or text[4 * LONGEST_QUOTE :].strip() else ""
    escaped = _INLINE_MARKUP.sub(r"\\\1", printable)
    return f"“{escaped}{more}”"


def _about_conversation(prompt: Prompt) -> str:
    sentences = []
    if system := _last_text(prompt, "system"):
        sentences.append(f"The system message, {_quote(system)}, came along.")
    count = sum(each.role != "system" for each in prompt.messages)
    if count > 1:
        sentences.append(f"It was the last of {count} messages; those before it were sent again.")
    if images := sum(each.images for each in prompt.messages):
        subject = "an image, which was" if images == 1 else f"{images} images, which were"
        sentences.append(f"With it came {subject} not looked at.")
    return " ".join(sentences)


def _steps(prompt: Prompt) -> str:
    return (
        "With IBM watsonx.ai, three things would happen now:\n\n"
        "1. your API key is exchanged for a token that lasts an hour;\n"
        f"2. the prompt goes to `{prompt.model.model_id}` in your region;\n"
        "3. the answer streams back into the notebook, just as this one does."
    )


def _ideas(_prompt: Prompt) -> str:
    return (
        "Three things to try here:\n\n"
        "- run the cell again: the same prompt gets the same answer;\n"
        "- change **one word**, and the answer may take another shape;\n"
        "- interrupt it while it streams: what has arrived stays."
    )


def _figures(prompt: Prompt) -> str:
    text = _last_text(prompt, "user")
    return (
        "The sandbox counted:\n\n"
        "| in your prompt | count |\n"
        "| :-- | --: |\n"
        f"| words | {len(text.split()):,} |\n"
        f"| characters | {len(text):,} |\n"
        f"| tokens, roughly | {prompt.input_tokens:,} |\n"
        f"| tokens it may write | {prompt.most_tokens:,} |"
    )


def _request_in_figures(prompt: Prompt) -> str:
    return (
        "In figures, the request was:\n\n"
        "```python\n"
        "request = {\n"
        f'    "model_id": "{prompt.model.model_id}",\n'
        f'    "prompt_tokens": {prompt.input_tokens},\n'
        f'    "max_tokens": {prompt.most_tokens},\n'
        "}\n"
        "```"
    )


_BODIES: tuple[Callable[[Prompt], str], ...] = (_steps, _ideas, _figures, _request_in_figures)
