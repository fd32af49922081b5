"""What stands beside the tables of a release: its card, Croissant and statistics."""

import hashlib
from pathlib import Path

from manifests.atomic import write_atomic
from manifests.release.card import card
from manifests.release.croissant import croissant
from manifests.release.layout import CARD, CROISSANT, STATISTICS, Document, Release
from manifests.release.splits import without_rows
from manifests.release.statistics import statistics


def described(release: Release, out: Path) -> Release:
    """The release with its documents, which are written. Raises UserError, OSError."""
    counted = statistics(out, release.of("data"))
    unfilled = without_rows(out, release)
    text = card(
        release.name,
        release.rules,
        release.inputs,
        release.books,
        release.files,
        counted,
        release.encoder,
        unfilled,
    )
    documents = (
        _written(out, CARD, text.encode()),
        _written(out, CROISSANT, croissant(release.name, release.files, counted, release.width)),
        _written(out, STATISTICS, counted.to_json()),
    )
    return release.documented(documents)


def _written(out: Path, name: str, content: bytes) -> Document:
    write_atomic(out / name, content)
    told = {"path": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return Document.model_validate(told)
