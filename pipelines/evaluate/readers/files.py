"""The media files of a folder, found by names that are not quite those of a list."""

import os
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from manifests.sources import names
from manifests.sources.folder import Listing

_SOUND = frozenset(
    b".wav .wave .flac .mp3 .m4a .aac .ogg .oga .opus .aif .aiff .aifc .caf .wma .w64".split()
)
"""Suffixes of files that hold sound without a picture."""


class Files:
    """Media below a folder, by name.

    by_stem: paths by their name without suffix, in NFC; sorted.
    """

    def __init__(self, folder: Path) -> None:
        self.by_stem: dict[str, list[bytes]] = defaultdict(list)
        self._by_name: dict[str, list[bytes]] = defaultdict(list)
        self._by_letters: dict[str, list[bytes]] = defaultdict(list)
        for path in Listing().paths([str(folder)]) if folder.is_dir() else ():
            name = os.fsdecode(os.path.basename(path))
            self.by_stem[stem(name)].append(path)
            self._by_name[_composed(name)].append(path)
            self._by_letters[_letters(name)].append(path)

    def named(self, name: str, near: str = "") -> bytes | None:
        """The file of this name; else the only one with the same letters and digits.

        Archives lose what a file system can't hold: Clotho 2.1 has other marks than its list in some ten
        names. near: where several files have the name, one with this in its path comes first.
        """
        base = os.path.basename(name.strip())
        exact = self._by_name.get(_composed(base), [])
        if exact:
            return min(exact, key=lambda path: (near.encode() not in path, path))
        alike = self._by_letters.get(_letters(base), []) if _letters(base) else []
        return alike[0] if len(alike) == 1 else None


def stem(name: str) -> str:
    """A file's name without its suffix, in NFC."""
    return _composed(os.path.splitext(name)[0])


def sides(paths: Sequence[bytes]) -> tuple[bytes | None, bytes | None]:
    """The files of a clip's sound and of its picture, of those that hold it: people have one video, or
    sound alone, or both beside each other."""
    sounds = [path for path in sorted(paths) if names.suffix(path) in _SOUND]
    videos = [path for path in sorted(paths) if names.suffix(path) not in _SOUND]
    return next(iter((*sounds, *videos)), None), next(iter(videos), None)


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _letters(name: str) -> str:
    """A name with letters and digits alone, case folded."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(character for character in folded if character.isalnum())
