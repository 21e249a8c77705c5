"""What a model can do, in words to search by."""

from __future__ import annotations

from collections.abc import Mapping

#: Each with the functions or tasks of the catalogue that say so.
ABILITIES: Mapping[str, tuple[str, ...]] = {
    "chat": ("text_chat",),
    "generation": ("text_generation",),
    "image": ("image_chat",),
    "audio": ("audio_chat",),
    "video": ("video_chat",),
    "transcription": ("audio_transcriptions",),
    "tools": ("function_calling",),
    "reasoning": ("reasoning",),
    "embedding": ("embedding",),
    "rerank": ("rerank",),
    "similarity": ("similarity",),
    "forecast": ("time_series_forecast",),
    "code": ("code",),
    "multilingual": ("multilingual",),
    "tuning": ("prompt_tune_trainable", "lora_fine_tune_trainable"),
    "deployable": ("base_foundation_model_deployable",),
}
