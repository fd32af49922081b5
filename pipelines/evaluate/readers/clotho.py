"""Clotho (Drossos et al., ICASSP 2020): a row a sound, `file_name` and `caption_1` to `caption_5`."""

from collections import defaultdict
from pathlib import Path

from manifests.sources import cells
from manifests.sources.list import ListError, read
from pipelines.evaluate.items import Item, Set
from pipelines.evaluate.readers.files import Files

NEEDED = ("file_name", "caption")


def clotho(listed: Path, media: Path) -> Set:
    """The clips of a CSV of captions (`clotho_captions_evaluation.csv`), whose files lie below `media`.

    Of equal names in several splits, that of the list's split is taken. Raises ListError.
    """
    files = Files(media)
    split = listed.stem.rpartition("_")[2]
    said: dict[str, list[str]] = defaultdict(list)
    for number, row in enumerate(read(listed, NEEDED), 1):
        try:
            (name,) = cells.texts(row["file_name"])
            said[name] += cells.texts(row["caption"])
        except ValueError as error:
            raise ListError(f"{listed}, row {number}: {error}; Clotho has a file a row") from error
    items = [
        Item(name, files.named(name, f"/{split}/"), None, tuple(texts))
        for name, texts in said.items()
    ]
    return Set(listed.name, "clotho", tuple(items))
