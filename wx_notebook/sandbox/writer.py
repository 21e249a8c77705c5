"""The small writer: Markdown about the prompt, from a hash and a few sentences, no model."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from wx_notebook.sandbox.prompts import Prompt
from wx_notebook.sandbox.specimens import specimen

LONGEST_QUOTE_WORDS = 16
LONGEST_QUOTE = 90

_Choice = TypeVar("_Choice")
_INLINE_MARKUP = re.compile(r"([\\`*_\[\]<>&~$|])")

# the first words: even an answer that is cut short says who wrote it
_OPENINGS = (
    (
        "**The sandbox on your own machine wrote this; no model was asked.** It is a small program "
        "that knows nothing about your subject, but it takes the same road as a real answer: your "
        "prompt went out over HTTP, and these words come back one by one."
    ),
    (
        "**No model was asked: this comes from the sandbox on your own machine.** A small program "
        "puts these words together, so that you can see how an answer arrives, how it is formatted "
        "and how it is counted, all without an account."
    ),
    (
        "**Written by the sandbox on your own machine; no model was asked.** Nothing left this "
        "computer and nothing was paid. What you see is the way of an answer, from the cell to the "
        "service and back, with a small program where the model would be."
    ),
)
_QUOTES = ("This is what arrived:", "Your prompt began like this:", "You wrote:")
_CLOSINGS = (
    "Sign in with an IBM Cloud API key, and the same cell asks a real model.",
    "For real answers, sign in with your own API key; the cell stays as it is.",
    "A real model is one sign-in away, and *nothing else* in the cell changes.",
)


def write(prompt: Prompt) -> str:
    """Return the answer to `prompt`: always the same one to the same conversation."""
    if rest := _rest(prompt):
        return rest
    if wanted := specimen(_last_of(prompt, "user")):
        return wanted
    seed = _seed(prompt)
    parts = (
        _pick(seed, _OPENINGS),
        f"{_pick(seed // 3, _QUOTES)}\n\n> {_quoted(_last_of(prompt, 'user'))}",
        _context(prompt),
        _pick(seed // 9, _BODIES)(prompt),
        _pick(seed // 36, _CLOSINGS),
    )
    return "\n\n".join(part for part in parts if part)


def _rest(prompt: Prompt) -> str:
    """Return what is left of an answer that was cut, where the conversation ends with its head."""
    *before, cut, _ = prompt.turns if len(prompt.turns) > 2 else (None, None)
    if cut is None or cut.role != "assistant" or not cut.text:
        return ""
    whole = write(replace(prompt, turns=tuple(before)))
    return whole[len(cut.text) :] if whole.startswith(cut.text) else ""


def _seed(prompt: Prompt) -> int:
    digest = hashlib.sha256()
    for turn in prompt.turns:
        digest.update(f"{turn.role}\0{turn.text}\0".encode("utf-8", "replace"))
    return int.from_bytes(digest.digest()[:8])


def _pick(seed: int, choices: Sequence[_Choice]) -> _Choice:
    return choices[seed % len(choices)]


def _last_of(prompt: Prompt, role: str) -> str:
    return next((turn.text for turn in reversed(prompt.turns) if turn.role == role), "")


def _quoted(text: str) -> str:
    """Return the beginning of `text` in quotation marks, as text that Markdown leaves alone."""
    # a slice first: a prompt may have millions of words
    head = " ".join(text[: 4 * LONGEST_QUOTE].split())
    short = " ".join(head.split(" ")[:LONGEST_QUOTE_WORDS])
    if len(short) > LONGEST_QUOTE:
        # at a blank, if there is one
        short = short[:LONGEST_QUOTE].rpartition(" ")[0] or short[:LONGEST_QUOTE]
    shown = "".join(character for character in short if character.isprintable())
    if not shown:
        return "*(no text)*"
    more = " …" if len(short) < len(head) or text[4 * LONGEST_QUOTE :].strip() else ""
    escaped = _INLINE_MARKUP.sub(r"\\\1", shown)
    return f"“{escaped}{more}”"


def _context(prompt: Prompt) -> str:
    sentences = []
    if system := _last_of(prompt, "system"):
        sentences.append(f"The system message, {_quoted(system)}, came along.")
    spoken = sum(turn.role != "system" for turn in prompt.turns)
    if spoken > 1:
        sentences.append(f"It was the last of {spoken} messages; those before it were sent again.")
    if images := sum(turn.images for turn in prompt.turns):
        what = "an image" if images == 1 else f"{images} images"
        sentences.append(f"With it came {what}, at which nobody looked.")
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
    text = _last_of(prompt, "user")
    return (
        "The sandbox counted:\n\n"
        "| in your prompt | count |\n"
        "| :-- | --: |\n"
        f"| words | {len(text.split()):,} |\n"
        f"| characters | {len(text):,} |\n"
        f"| tokens, roughly | {prompt.input_tokens:,} |\n"
        f"| tokens it may write | {prompt.most_tokens:,} |"
    )


def _request(prompt: Prompt) -> str:
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


_BODIES: tuple[Callable[[Prompt], str], ...] = (_steps, _ideas, _figures, _request)
