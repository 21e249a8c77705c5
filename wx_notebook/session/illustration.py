"""The pictures of a prompt as parts of its message, in the place where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from wx_notebook.errors import BadOption
from wx_notebook.options import Options
from wx_notebook.service import PictureFacts, Prompt
from wx_notebook.templates import IllustratedText, Picture, pictures_of


class Illustrated(NamedTuple):
    """A prompt with its pictures as parts, and the facts about each of them."""

    prompt: Prompt
    facts: tuple[PictureFacts, ...] = ()


def illustrate(prompt: Prompt, options: Options) -> Illustrated:
    """Return a prompt with the pictures of its placeholders in their place, and `images` behind.

    Raises
    ------
    BadOption
        Too many pictures, a value that is not a picture, or an endpoint that takes only text.
    """
    behind = pictures_of(options.images or ())
    if isinstance(prompt, str):
        if not behind and not isinstance(prompt, IllustratedText):
            return Illustrated(prompt)
        messages: list[dict[str, Any]] = [{"role": "user", "content": prompt}]
    else:
        # what is neither text nor messages is refused where the body is made
        if not _is_messages(prompt) or not (behind or any(map(_is_illustrated, prompt))):
            return Illustrated(prompt)
        messages = [dict(message) for message in prompt]
    if options.generate:
        raise BadOption(
            "The generation endpoint takes text only, but the prompt has pictures.",
            hint="Omit --generate to use the chat endpoint.",
        )
    asked = [n for n, message in enumerate(messages) if message.get("role") == "user"]
    if behind and not asked:
        raise BadOption("The prompt has no user message that the pictures could go with.",
                        hint='Add one: {"role": "user", "content": "What is this?"}')  # fmt: skip
    parts = {n: [*_parts(messages[n].get("content")), *(behind if n == asked[-1] else ())]
             for n in asked}  # fmt: skip
    found = [part for each in parts.values() for part in each if isinstance(part, Picture)]
    if len(found) > options.max_images:
        raise BadOption(
            f"The prompt has {len(found):,} pictures, and at most {options.max_images} are sent.",
            hint=f"Send fewer, or raise the limit: --max-images {len(found)}",
        )
    return _with_parts(messages, parts, options.image_pixels)


def _with_parts(
    messages: list[dict[str, Any]], parts: Mapping[int, Sequence[Any]], longest: int
) -> Illustrated:
    facts = []
    for number, each in parts.items():
        if not any(isinstance(part, Picture) for part in each):
            continue
        if not any(map(_has_words, each)):
            raise BadOption(
                "The prompt has a picture but no text.",
                hint="Write what you want to know about it.",
            )
        content: list[Any] = []
        for part in each:
            if isinstance(part, Picture):
                sent = part.sent(longest)
                facts.append(PictureFacts(part.name, sent.about, sent.tokens))
                content.append({"type": "image_url", "image_url": {"url": sent.url}})
            else:
                content.append({"type": "text", "text": part} if isinstance(part, str) else part)
        messages[number] = {**messages[number], "content": content}
    return Illustrated(messages, tuple(facts))


def _is_messages(prompt: object) -> bool:
    return isinstance(prompt, list | tuple) and all(isinstance(one, Mapping) for one in prompt)


def _has_words(part: object) -> bool:
    text = part.get("text") if isinstance(part, Mapping) else part
    return isinstance(text, str) and bool(text.strip())


def _is_illustrated(message: object) -> bool:
    return isinstance(message, Mapping) and isinstance(message.get("content"), IllustratedText)


def _parts(content: object) -> Iterator[Any]:
    """Yield the parts of a message: texts, pictures, and parts that are in the API's form."""
    if isinstance(content, IllustratedText):
        yield from content.parts()
    elif isinstance(content, str):
        yield content
    elif isinstance(content, Sequence):
        yield from content
