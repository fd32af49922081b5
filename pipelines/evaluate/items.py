"""What a set of captioned or labelled media consists of."""

from dataclasses import dataclass

from manifests.errors import UserError


class SetError(UserError):
    """A set that can't be used; says why."""


@dataclass(frozen=True, slots=True)
class Item:
    """A clip of a set.

    name: what the set calls it. sound, picture: paths of the files that hold it, mostly the same one;
    both None where it is missing. captions, labels: what the set says of it. start_ms, end_ms: its span
    in the files; None for their end.
    """

    name: str
    sound: bytes | None = None
    picture: bytes | None = None
    captions: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    start_ms: int = 0
    end_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Set:
    """Clips of a set, in its order. reader: which one read it. notes: what it passed over, for people."""

    name: str
    reader: str
    items: tuple[Item, ...]
    notes: tuple[str, ...] = ()
