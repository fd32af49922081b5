"""The phrases of `inventions.csv`, and how a text is compared with them: by its letters and digits."""

import csv
import unicodedata
from collections.abc import Mapping
from functools import cached_property, lru_cache
from importlib.resources import files

_KINDS = ("any", "credit", "outro", "thanks", "filler")


def key(text: str) -> str:
    """Letters and digits of a text without case, accents and width."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in plain if char.isalnum())


def phrases(kind: str) -> frozenset[str]:
    """Keys of the phrases of a kind; of "credit" without those that hold "…" or end in a colon."""
    return _table()[kind]


def written(kind: str) -> tuple[str, ...]:
    """The phrases of a kind as they stand in the list."""
    return _written()[kind]


@lru_cache(maxsize=8)
def lengths(kind: str) -> tuple[int, ...]:
    """How long the keys of a kind are, each length once, in order."""
    return tuple(sorted({len(phrase) for phrase in phrases(kind)}))


class Keyed:
    """A text and its key, in which every letter knows where it stands."""

    def __init__(self, text: str) -> None:
        self.text = unicodedata.normalize("NFC", text)
        pairs = [(letter, at) for at, char in enumerate(self.text) for letter in key(char)]
        self.key = "".join(letter for letter, _ in pairs)
        self._at = [at for _, at in pairs]

    @cached_property
    def edges(self) -> list[bool]:
        """For each place in the key, and its end, whether a word may begin or end there: anywhere in
        writing without spaces."""
        inner = [self._is_edge(a, b) for a, b in zip(self._at, self._at[1:], strict=False)]
        return [True, *inner, True] if self._at else [True]

    def after(self, letters: int) -> str:
        """The text behind so many letters of its key."""
        return self.text[self._at[letters - 1] + 1 :] if letters else self.text

    def _is_edge(self, before: int, after: int) -> bool:
        between = self.text[before + 1 : after]
        return after > before and (
            any(unicodedata.category(char)[0] != "M" for char in between)
            or _is_unspaced(self.text[before])
            or _is_unspaced(self.text[after])
        )


def _is_unspaced(char: str) -> bool:
    """Whether a character is of a script that sets no spaces: Chinese, Japanese, Thai."""
    return (
        "\u3040" <= char <= "\u30ff" or "\u3400" <= char <= "\u9fff" or "\u0e00" <= char <= "\u0e7f"
    )


@lru_cache(maxsize=1)
def _written() -> Mapping[str, tuple[str, ...]]:
    """The phrases by kind; names that tell a credit wherever they stand under "any"."""
    table: dict[str, list[str]] = {kind: [] for kind in _KINDS}
    place = files("captioners.audio") / "inventions.csv"
    for row in csv.DictReader(place.read_text("utf-8").splitlines()):
        table["any" if row["language"] == "any" else row["kind"]].append(row["phrase"])
    return {kind: tuple(of_kind) for kind, of_kind in table.items()}


@lru_cache(maxsize=1)
def _table() -> Mapping[str, frozenset[str]]:
    return {
        kind: frozenset(
            key(p) for p in of_kind if kind != "credit" or not ("…" in p or p.endswith(":"))
        )
        for kind, of_kind in _written().items()
    }
