"""Relations of words out of WordNet 3.1 (Fellbaum 1998), by their frequent senses.

The database is a file of SQLite that the pack `wordnet` holds, so that a process loads none of its
120,000 synsets. Every answer is remembered.
"""

import sqlite3
from functools import lru_cache
from pathlib import Path
from typing import Literal

Pos = Literal["n", "v", "a", "r"]

# Senses beyond the first count where people use them at least this often, as a share of all uses.
_SHARE = 0.15
_SENSES = 4
_LEVELS = 6
# Levels from the top of the tree down to which a word says nothing of a thing: "entity", "whole".
_TOP = 4
_DEEPEST = 20
_ABOVE = ("@", "@i")
_REMEMBERED = 1 << 16


class WordNet:
    """A database of WordNet, read-only."""

    def __init__(self, file: Path) -> None:
        self._base = sqlite3.connect(
            f"{file.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False
        )

    @lru_cache(_REMEMBERED)  # noqa: B019 - one database a process
    def physical(self, noun: str) -> bool:
        """Whether a noun's most frequent sense is a thing that one can see."""
        level = list(self.senses(noun, "n")[:1])
        for _ in range(_DEEPEST):
            words = frozenset().union(*(self._words(s) for s in level)) if level else frozenset()
            if words & {"physical_object", "physical_entity", "body_part", "organism"}:
                return not words & {"substance"}
            level = [t for s in level for t, _, _ in self._targets(s, _ABOVE)]
        return False

    @lru_cache(_REMEMBERED)  # noqa: B019 - one database a process
    def under(self, synset: int, word: str) -> bool:
        """Whether a word names the sense or one above it."""
        level = [synset]
        for _ in range(_DEEPEST):
            if any(word in self._words(s) for s in level):
                return True
            level = [t for s in level for t, _, _ in self._targets(s, _ABOVE)]
        return False

    @lru_cache(_REMEMBERED)  # noqa: B019 - one database a process
    def sounds(self, verb: str) -> bool:
        """Whether a frequent sense of a verb is to make a sound."""
        return any(
            self.under(s, name)
            for s in self.senses(verb, "v")
            for name in ("sound", "make_noise", "noise", "cry")
        )

    @lru_cache(_REMEMBERED)  # noqa: B019 - one database a process
    def colours(self, word: str) -> bool:
        """Whether one of a noun's first senses, however rare, is a colour."""
        rows = self._base.execute(
            "select synset from sense where word=? and pos='n' order by rank limit ?",
            (word, _SENSES),
        ).fetchall()
        names = ("chromatic_color", "achromatic_color")
        return any(self.under(synset, name) for (synset,) in rows for name in names)

    @lru_cache(_REMEMBERED)  # noqa: B019 - one database a process
    def noisy(self, verb: str) -> bool:
        """Whether a verb may tell of a sound: by its frequent senses, or a noun of the same form by one
        of its first ("a honk", "a snore")."""
        rows = self._base.execute(
            "select synset from sense where word=? and pos='n' and rank<=? order by rank",
            (verb, _SENSES),
        ).fetchall()
        return self.sounds(verb) or any(
            self.under(synset, name) for (synset,) in rows for name in ("sound", "noise")
        )

    @lru_cache(_REMEMBERED)  # noqa: B019 - one database a process
    def uses(self, word: str, pos: Pos) -> int:
        """How often a word was counted as this part of speech in WordNet's own texts."""
        rows = self._base.execute("select uses from sense where word=? and pos=?", (word, pos))
        return sum(uses + 1 for (uses,) in rows)

    @lru_cache(_REMEMBERED)  # noqa: B019 - one database a process
    def senses(self, word: str, pos: Pos) -> tuple[int, ...]:
        """The frequent senses of a word, most frequent first."""
        rows = self._base.execute(
            "select synset, uses from sense where word=? and pos=? order by rank",
            (word.replace(" ", "_"), pos),
        ).fetchall()
        total = sum(uses for _, uses in rows)
        frequent = [
            synset
            for at, (synset, uses) in enumerate(rows[:_SENSES])
            if at == 0 or (uses >= _SHARE * total if total else at < 2)
        ]
        return tuple(frequent)

    @lru_cache(_REMEMBERED)  # noqa: B019 - one database a process
    def _targets(self, synset: int, kinds: tuple[str, ...]) -> list[tuple[int, int, int]]:
        marks = ",".join("?" * len(kinds))
        return self._base.execute(
            f"select target, source, aim from pointer where synset=? and kind in ({marks})",
            (synset, *kinds),
        ).fetchall()

    @lru_cache(_REMEMBERED)  # noqa: B019 - one database a process
    def _words(self, synset: int) -> frozenset[str]:
        rows = self._base.execute("select word from member where synset=?", (synset,))
        return frozenset(word for (word,) in rows)

    @lru_cache(_REMEMBERED)  # noqa: B019 - one database a process
    def _places(self, synset: int, word: str) -> list[int]:
        rows = self._base.execute(
            "select place from member where synset=? and word=?", (synset, word)
        )
        return [place for (place,) in rows]

    @lru_cache(_REMEMBERED)  # noqa: B019 - one database a process
    def _word(self, synset: int, place: int) -> str:
        row = self._base.execute(
            "select word from member where synset=? and place=?", (synset, place)
        ).fetchone()
        return str(row[0]) if row else ""

    @lru_cache(_REMEMBERED)  # noqa: B019 - one database a process
    def synonyms(self, word: str, pos: Pos) -> frozenset[str]:
        """Words of its frequent senses; of an adjective those of similar ones too."""
        words = {word}
        for synset in self.senses(word, pos):
            words |= self._words(synset)
            if pos == "a":
                for target, _, _ in self._targets(synset, ("&",)):
                    words |= self._words(target)
        return frozenset(words)

    @lru_cache(_REMEMBERED)  # noqa: B019 - one database a process
    def broader(self, word: str, pos: Pos) -> frozenset[str]:
        """Words that may be said instead of a narrower one: "animal" of "dog"."""
        words: set[str] = set()
        for start in self.senses(word, pos):
            level = [start]
            for _ in range(_LEVELS if pos == "n" else 2):
                level = [t for s in level for t, _, _ in self._targets(s, _ABOVE)]
                for synset in level:
                    if pos != "n" or self._depth(synset) > _TOP:
                        words |= self._words(synset)
        return frozenset(words)

    @lru_cache(_REMEMBERED)  # noqa: B019 - one database a process
    def _depth(self, synset: int) -> int:
        depth = 0
        while depth < _DEEPEST:
            above = self._targets(synset, _ABOVE)
            if not above:
                return depth
            synset, depth = above[0][0], depth + 1
        return depth

    @lru_cache(_REMEMBERED)  # noqa: B019 - one database a process
    def antonyms(self, word: str, pos: Pos) -> frozenset[str]:
        """Opposites of its frequent senses; of an adjective those of similar ones too."""
        words: set[str] = set()
        for synset in self.senses(word, pos):
            places = {0, *self._places(synset, word)}
            for target, source, aim in self._targets(synset, ("!",)):
                if source in places:
                    words.add(self._word(target, aim))
            if pos == "a":
                for similar, _, _ in self._targets(synset, ("&",)):
                    for target, _, aim in self._targets(similar, ("!",)):
                        words.add(self._word(target, aim))
        return frozenset(words - {""})

    @lru_cache(_REMEMBERED)  # noqa: B019 - one database a process
    def derived(self, word: str, pos: Pos) -> frozenset[str]:
        """Words made of it or that it was made of: "announcement", "announcer" of "announce"."""
        words: set[str] = set()
        for synset in self.senses(word, pos):
            places = {0, *self._places(synset, word)}
            for target, source, aim in self._targets(synset, ("+", "\\", "=")):
                if source in places:
                    words.add(self._word(target, aim) if aim else "")
        return frozenset(words - {""})
