"""Rows of the tables that every stage writes: clips that were filtered, and those in quarantine. Pure."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.stages.contract import Fault, Row

CLIP_COLUMNS = ("clip_id", "uri", "start_ms", "end_ms")


def filtered_row(clip: Mapping[str, Any], rule: str) -> Row:
    """The row of `manifests.schemas.FILTERED`."""
    return {key: clip[key] for key in CLIP_COLUMNS} | {"rule": rule}


def quarantine_row(clip: Mapping[str, Any], fault: Fault, workspace: Path) -> Row:
    """The row of `manifests.schemas.QUARANTINE`."""
    place = shlex.quote(str(workspace))
    return {key: clip[key] for key in CLIP_COLUMNS} | {
        "stage": fault.stage,
        "reason": fault.reason,
        "message": fault.message,
        "reproduce": f"captionmill quarantine show {place} {clip['clip_id']} --run",
    }
