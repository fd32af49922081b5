"""Which case a prompt is of, and which of its sentences a judge is asked about, by their words alone."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from benchmarks.quality.rich.scripted.clips import Clip

_WORD = re.compile(r"\w+")
_FENCE = re.compile(r"<<<(.*?)>>>", re.DOTALL)
_TOGETHER = 3
_LEAST = 3
"""Runs of words that a prompt has of a case at least, and twice as many as of any other."""


class Finder:
    """Knows a case by runs of three words that no other case's evidence has."""

    def __init__(self, clips: Sequence[Clip]) -> None:
        self._clips = {clip.name: clip for clip in clips}
        owners: dict[tuple[str, ...], set[str]] = {}
        for clip in clips:
            for text in clip.texts:
                for run in _runs(text):
                    owners.setdefault(run, set()).add(clip.name)
        self._owner = {run: names.pop() for run, names in owners.items() if len(names) == 1}

    def clip(self, prompt: str) -> Clip | None:
        """The case whose evidence a prompt holds, None where that is not clear."""
        votes = Counter(self._owner[run] for run in set(_runs(prompt)) if run in self._owner)
        (name, most), (_, second) = [*votes.most_common(2), ("", 0), ("", 0)][:2]
        return self._clips[name] if most >= _LEAST and most >= 2 * second else None


def truth(sentence: str, clip: Clip) -> bool | None:
    """Whether a sentence is of one of a case's good captions (True), of a bad one (False), or of none."""
    if any(_holds(text, sentence) for texts in clip.natural.values() for text in texts):
        return True
    return False if any(_holds(t, sentence) for ts in clip.bad.values() for t in ts) else None


def fenced(text: str) -> list[str]:
    """What stands between the marks of a prompt, in turn."""
    return _FENCE.findall(text)


def same(text: str, other: str) -> bool:
    """Whether two texts have the same words."""
    return _words(text) == _words(other)


def letters(text: str) -> str:
    """The letters and digits of a text alone, in lower case."""
    return "".join(_words(text))


def json_of(reply: Mapping[str, str]) -> str:
    """A reply as a server with vLLM's grammar writes it."""
    return json.dumps(reply, ensure_ascii=False, separators=(",", ":"))


def _holds(text: str, sentence: str) -> bool:
    """Whether the words of a sentence stand together in a text."""
    return f" {' '.join(_words(sentence))} " in f" {' '.join(_words(text))} "


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    words = _words(text)
    return zip(*(words[at:] for at in range(_TOGETHER)), strict=False)


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]
