"""Recorded answers of value functions: files that replay a model which is not there."""

from __future__ import annotations

from spex_plugins.recordings.recording import Recording

__all__ = ["Recording"]
