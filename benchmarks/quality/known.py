"""What the truth bench knows of a clip, and what its matcher reads in a caption.

Everything is told in concepts of the bench's own world. Its phrasings, its names of things and its
matcher import nothing of the guards (`prompts`), and no guard reads them.
"""

from dataclasses import dataclass

from manifests.evidence import WeakCaption


@dataclass(frozen=True, slots=True)
class Happening:
    """A concept in a clip. start_ms, end_ms: where it is heard or seen, from the clip's start, None for
    all of it. level_db: peak, relative to full scale, of what is heard. count: how many, where it
    matters."""

    key: str
    start_ms: int | None = None
    end_ms: int | None = None
    level_db: float | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Truth:
    """What is in a clip. unsure: keys of what nobody can decide. spoken: words that are said in it.
    silent: keys of heard concepts of visible things that make no sound here (a dog that does not
    bark)."""

    heard: tuple[Happening, ...] = ()
    seen: tuple[Happening, ...] = ()
    unsure: frozenset[str] = frozenset()
    spoken: str | None = None
    silent: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Case:
    """A clip of the bench. scenario: what it tests ("silent visible source"). weak: what captioners said
    of it, not yet judged. sources: the recordings, voices and pictures it was made of; clips that share
    one hang together."""

    clip_id: str
    scenario: str
    truth: Truth
    has_audio: bool
    has_video: bool
    duration_ms: int
    weak: tuple[WeakCaption, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mention:
    """A concept that a caption names. words: as they stand there; at: index of the first of them in the
    caption, in characters. count: the number that the caption gives it, where it gives one."""

    key: str
    words: str
    at: int
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What the matcher reads in a caption. leftover: content words that no concept explains: claims of
    what the world does not have. quoted: what stands in quotation marks. denied: what it says is not
    there."""

    mentions: tuple[Mention, ...]
    leftover: tuple[str, ...] = ()
    quoted: tuple[str, ...] = ()
    denied: tuple[Mention, ...] = ()
