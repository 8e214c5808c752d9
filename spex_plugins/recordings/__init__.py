"""Recorded answers of value functions: files that replay a model which is not there."""

from __future__ import annotations

from spex_plugins.recordings.recorded_masks import RecordedMasks
from spex_plugins.recordings.recording import Recording, on_recorded_masks

__all__ = ["RecordedMasks", "Recording", "on_recorded_masks"]
