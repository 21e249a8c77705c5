"""The models that the sandbox offers: facts about real ones, of which none is here.

Ids, functions, limits and dates come from a recording of `foundation_model_specs` among the
fixtures of IBM's Java SDK (eu-de, mid-2025) and, for the newer ones, from lists that people of
2026 quote; where neither names a limit, that of the nearest relative stands in.
"""

from __future__ import annotations

from dataclasses import dataclass

_LANGUAGE = ("text_chat", "text_generation")
_TASKS = (
    "question_answering",
    "summarization",
    "retrieval_augmented_generation",
    "classification",
    "generation",
    "extraction",
)
_CODE_TASKS = (*_TASKS, "code", "function_calling")


@dataclass(frozen=True, slots=True)
class Model:
    """What the catalogue knows of one model.

    Attributes
    ----------
    context, longest_output
        In tokens; 0 where the model has none.
    lifecycle
        Stage and the day it began or begins, oldest first; the last that has come is current.
    dimension
        Length of an embedding.
    """

    model_id: str
    label: str
    provider: str
    about: str
    functions: tuple[str, ...]
    context: int
    longest_output: int
    parameters: str
    tier: str
    lifecycle: tuple[tuple[str, str], ...]
    tasks: tuple[str, ...] = _TASKS
    successor: str = ""
    version: str = ""
    dimension: int = 0

    def stage(self, today: str) -> str:
        """Return the stage of its life on the day `today`, written 2026-09-21."""
        come = [stage for stage, since in self.lifecycle if since <= today]
        return come[-1] if come else self.lifecycle[0][0]


MODELS = (
    Model(
        "ibm/granite-4-h-small",
        "granite-4-h-small",
        "IBM",
        "A hybrid model for chat, tools and long documents.",
        (*_LANGUAGE, "autoai_rag"),
        131_072,
        16_384,
        "32b",
        "class_9",
        (("available", "2025-10-02"),),
        _CODE_TASKS,
        version="4.0.0",
    ),
    Model(
        "ibm/granite-3-3-8b-instruct",
        "granite-3-3-8b-instruct",
        "IBM",
        "A small instruct model that can reason when asked to.",
        (*_LANGUAGE, "autoai_rag", "multilingual"),
        131_072,
        16_384,
        "8b",
        "class_12",
        (("available", "2025-04-16"),),
        _CODE_TASKS,
        version="3.3.0",
    ),
    Model(
        "ibm/granite-3-8b-instruct",
        "granite-3-8b-instruct",
        "IBM",
        "An older small instruct model.",
        (*_LANGUAGE, "autoai_rag"),
        131_072,
        8_192,
        "8b",
        "class_12",
        (("available", "2024-10-21"),),
        _CODE_TASKS,
        version="1.1.0",
    ),
    Model(
        "ibm/granite-8b-code-instruct",
        "granite-8b-code-instruct",
        "IBM",
        "A model that writes and explains program code.",
        _LANGUAGE,
        131_072,
        8_192,
        "8b",
        "class_1",
        (("available", "2024-05-15"),),
        ("code",),
    ),
    Model(
        "meta-llama/llama-3-3-70b-instruct",
        "llama-3-3-70b-instruct",
        "Meta",
        "A large multilingual model for dialogue.",
        (*_LANGUAGE, "autoai_rag", "multilingual"),
        131_072,
        8_192,
        "70b",
        "class_13",
        (("available", "2024-12-06"),),
        _CODE_TASKS,
    ),
    Model(
        "meta-llama/llama-4-maverick-17b-128e-instruct-fp8",
        "llama-4-maverick-17b-128e-instruct-fp8",
        "Meta",
        "A mixture-of-experts model for text and images.",
        ("image_chat", *_LANGUAGE, "autoai_rag", "multilingual"),
        131_072,
        8_192,
        "400b",
        "class_9",
        (("available", "2025-04-07"),),
        _CODE_TASKS,
    ),
    Model(
        "mistralai/mistral-small-3-1-24b-instruct-2503",
        "mistral-small-3-1-24b-instruct-2503",
        "Mistral AI",
        "A mid-sized model for text and images.",
        ("image_chat", *_LANGUAGE, "autoai_rag"),
        128_000,
        16_384,
        "24b",
        "class_10",
        (("available", "2025-04-16"),),
        _CODE_TASKS,
    ),
    Model(
        "mistralai/mistral-medium-2505",
        "mistral-medium-2505",
        "Mistral AI",
        "A larger model for chat.",
        ("text_chat",),
        128_000,
        16_384,
        "",
        "class_10",
        (("available", "2025-05-15"),),
        _CODE_TASKS,
    ),
    Model(
        "openai/gpt-oss-120b",
        "gpt-oss-120b",
        "OpenAI",
        "An open-weight reasoning model.",
        ("text_chat",),
        131_072,
        32_768,
        "120b",
        "class_9",
        (("available", "2025-08-05"),),
        _CODE_TASKS,
    ),
    Model(
        "ibm/granite-embedding-278m-multilingual",
        "granite-embedding-278m-multilingual",
        "IBM",
        "Turns text in many languages into vectors.",
        ("embedding", "autoai_rag"),
        512,
        0,
        "278m",
        "class_c1",
        (("available", "2024-12-18"),),
        (),
        version="1.0.0",
        dimension=768,
    ),
    Model(
        "meta-llama/llama-2-13b-chat",
        "llama-2-13b-chat",
        "Meta",
        "A chat model of 2023.",
        _LANGUAGE,
        4_096,
        2_048,
        "13b",
        "class_1",
        (("available", "2023-11-09"), ("deprecated", "2024-08-26")),
        successor="meta-llama/llama-3-3-70b-instruct",
    ),
    Model(
        "ibm/granite-13b-instruct-v2",
        "granite-13b-instruct-v2",
        "IBM",
        "An instruct model of 2023.",
        ("text_generation",),
        8_192,
        8_191,
        "13b",
        "class_2",
        (
            ("available", "2023-12-01"),
            ("deprecated", "2025-06-18"),
            ("withdrawn", "2025-10-15"),
        ),
        successor="ibm/granite-3-3-8b-instruct",
        version="2.0.0",
    ),
    Model(
        "mistralai/mixtral-8x7b-instruct-v01",
        "mixtral-8x7b-instruct-v01",
        "Mistral AI",
        "A mixture-of-experts model of 2024.",
        _LANGUAGE,
        32_768,
        16_384,
        "46.7b",
        "class_1",
        (
            ("available", "2024-04-17"),
            ("deprecated", "2025-04-30"),
            ("withdrawn", "2025-07-30"),
        ),
        successor="mistralai/mistral-small-3-1-24b-instruct-2503",
    ),
)

BY_ID = {model.model_id: model for model in MODELS}
