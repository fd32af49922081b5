"""What a clip is about, as far as its prompt depends on it."""

from typing import Literal

Domain = Literal["speech", "music", "general"]
"""Understood speech, music and nothing else, or anything (`prompts.selection.Facts.domain`)."""
