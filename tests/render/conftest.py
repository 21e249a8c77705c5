"""The shared browser."""

from __future__ import annotations

from fronts import chromium

__all__ = ["chromium"]
