"""Speech in the form of VCTK: `txt/SPEAKER/NAME.txt` and `wav48*/SPEAKER/NAME*.flac` or `.wav`.

The caption of a recording is its transcript. Since version 0.92 (`wav48_silence_trimmed`) there are two
microphones: the second one counts, as in torchaudio, and the first where it has no file (p280). Some
recordings of p362 are missing, and the transcripts of p315 were lost.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from manifests.sources.encoding import EncodingError, decoded
from manifests.sources.folder import Listing
from pipelines.evaluate.items import Item, Set, SetError
from pipelines.evaluate.readers.files import stem

_MOST_BYTES = 1 << 16
_MICROPHONES = ("_mic2", "", "_mic1")


def root_of(folder: Path) -> Path | None:
    """The folder that holds `txt` and `wav48*`: this one, or one in it."""
    inside = sorted(folder.iterdir()) if folder.is_dir() else []
    for root in (folder, *inside):
        if (root / "txt").is_dir() and _recordings(root) is not None:
            return root
    return None


def vctk(folder: Path) -> Set:
    """The recordings of a corpus. Raises SetError for a folder that holds none."""
    root = root_of(folder)
    recordings = None if root is None else _recordings(root)
    if root is None or recordings is None:
        raise SetError(f"{folder}: no folders txt and wav48* as VCTK has them")
    paths: dict[tuple[str, str], bytes] = {}
    for path in Listing().paths([str(recordings)]):
        place = Path(os.fsdecode(path))
        paths[place.parent.name, stem(place.name)] = path
    items: list[Item] = []
    unread = 0
    for transcript in _transcripts(root):
        speaker, name = transcript.parent.name, stem(transcript.name)
        heard = [paths.pop((speaker, name + end), None) for end in _MICROPHONES]
        text = _text(transcript)
        unread += not text
        if text:
            sound = next((path for path in heard if path is not None), None)
            items.append(Item(f"{speaker}/{name}", sound, None, (text,)))
    silent = len({(speaker, name.partition("_mic")[0]) for speaker, name in paths})
    notes = [f"transcripts that are empty or no text: {unread}"] if unread else []
    notes += [f"recordings without a transcript: {silent}"] if silent else []
    return Set(root.name, "vctk", tuple(items), tuple(notes))


def _recordings(root: Path) -> Path | None:
    """The folder of sounds; the one with trimmed silence where there are several."""
    folders = [path for path in root.iterdir() if path.is_dir() and path.name.startswith("wav")]
    folders.sort(key=lambda path: ("trimmed" not in path.name, path.name))
    return next(iter(folders), None)


def _transcripts(root: Path) -> Iterator[Path]:
    for speaker in sorted((root / "txt").iterdir()):
        if speaker.is_dir():
            yield from sorted(path for path in speaker.glob("*.txt") if path.name[0] != ".")


def _text(path: Path) -> str:
    """A transcript on one line; "" for none."""
    try:
        with path.open("rb") as file:
            return " ".join(decoded(file.read(_MOST_BYTES)).split())
    except (OSError, EncodingError, ValueError):
        return ""
