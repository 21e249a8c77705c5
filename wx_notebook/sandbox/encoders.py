"""The models that turn text into numbers: vectors, or the rank of a passage.

Ids, functions, limits and dimensions come from the same recording as those in `models`; it says
nothing of how many of them still run in 2026. Days and tiers of those that it lacks are those of
their nearest relative.
"""

from __future__ import annotations

from wx_notebook.sandbox.model import Model

_RANKING = ("embedding", "rerank", "similarity")


def _encoder(
    model_id: str,
    provider: str,
    about: str,
    functions: tuple[str, ...],
    context: int,
    dimension: int,
    parameters: str,
    available: str,
) -> Model:
    return Model(
        model_id,
        model_id.partition("/")[2],
        provider,
        about,
        functions,
        context,
        0,
        parameters,
        "class_c1",
        (("available", available),),
        (),
        version="1.0.0" if provider == "IBM" else "",
        dimension=dimension,
    )


ENCODERS = (
    _encoder(
        "ibm/granite-embedding-278m-multilingual",
        "IBM",
        "Turns text in many languages into vectors.",
        ("embedding", "autoai_rag"),
        512,
        768,
        "278m",
        "2024-12-18",
    ),
    _encoder(
        "ibm/granite-embedding-107m-multilingual",
        "IBM",
        "Turns text in many languages into shorter vectors.",
        ("embedding",),
        512,
        384,
        "107m",
        "2024-12-18",
    ),
    _encoder(
        "ibm/slate-125m-english-rtrvr-v2",
        "IBM",
        "Turns English text into vectors, for retrieval.",
        (*_RANKING, "autoai_rag"),
        512,
        768,
        "125m",
        "2024-08-15",
    ),
    _encoder(
        "ibm/slate-30m-english-rtrvr-v2",
        "IBM",
        "Turns English text into shorter vectors, for retrieval.",
        _RANKING,
        512,
        384,
        "30m",
        "2024-08-15",
    ),
    _encoder(
        "intfloat/multilingual-e5-large",
        "intfloat",
        "Turns text in many languages into longer vectors.",
        (*_RANKING, "autoai_rag", "multilingual"),
        512,
        1024,
        "560m",
        "2024-05-16",
    ),
    _encoder(
        "sentence-transformers/all-minilm-l6-v2",
        "sentence-transformers",
        "Turns sentences and short paragraphs into vectors.",
        _RANKING,
        256,
        384,
        "23m",
        "2024-05-16",
    ),
    _encoder(
        "cross-encoder/ms-marco-minilm-l-12-v2",
        "cross-encoder",
        "Ranks passages by how well they answer a query.",
        ("rerank",),
        512,
        0,
        "33m",
        "2024-12-18",
    ),
)
