"""Which column of a list is meant: names differ in case, spaces and marks between words.

"Caption ", "FILE" and "Start ms" are `caption`, `file` and `start_ms`. Several columns that are numbered
(`caption_1` to `caption_5`, as Clotho has them) are a list in one.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

_ONE = ("file", "file_name", "uri")
"""Columns that name one thing: "file_2" beside them is another one."""
_MARKS = re.compile(r"[\s_.\-\ufeff\"']+")


class Columns:
    """How the columns of a list become the wanted ones; other columns keep their names.

    needed, optional: names that are wanted; only the first may be numbered. Raises ValueError for a name
    that is there twice, or where two columns could be the wanted one.
    """

    def __init__(
        self, names: Sequence[str], needed: Collection[str], optional: Collection[str] = ()
    ) -> None:
        self.names = list(names)
        twice = [name for name, times in Counter(names).items() if times > 1 and name.strip()]
        if twice:
            raise ValueError(f'column "{twice[0]}" is there twice: rename one of them')
        self._renamed: dict[str, str] = {}
        self._merged: dict[str, list[str]] = {}
        alike: dict[str, list[str]] = {}
        for name in names:
            alike.setdefault(bare(name), []).append(name)
        for want in (*needed, *optional):
            there = want in self.names or self._find(want, alike)
            if want in needed and not (there and want in _ONE):
                self._merge(want, alike, there)
        self._plain = not self._renamed and not self._merged

    def _find(self, want: str, alike: Mapping[str, Sequence[str]]) -> bool:
        same = alike.get(bare(want), ())
        if len(same) > 1:
            raise ValueError(f'columns {_quoted(same)} could be "{want}": rename one of them')
        if same:
            self._renamed[same[0]] = want
        return bool(same)

    def _merge(self, want: str, alike: Mapping[str, Sequence[str]], there: bool) -> None:
        """Numbered columns as one, also beside one without a number: "caption.1" of pandas."""
        numbered = re.compile(rf"{re.escape(bare(want))}\d{{1,4}}")
        several = [n for key, ns in alike.items() if numbered.fullmatch(key) for n in ns]
        if several:
            self._merged[want] = [*(alike.get(bare(want), ()) if there else ()), *several]

    def has(self, want: str) -> bool:
        """Whether a column, or several that are numbered, hold what is wanted."""
        return want in self.names or want in self._merged or want in self._renamed.values()

    def row(self, row: dict[str, Any]) -> dict[str, Any]:
        """A row by the wanted names."""
        if self._plain:
            return row
        merged = {name for names in self._merged.values() for name in names}
        result = {self._renamed.get(n, n): value for n, value in row.items() if n not in merged}
        for want, names in self._merged.items():
            result[want] = [row[name] for name in names]
        return result


def bare(name: str) -> str:
    """A name without case, spaces and marks."""
    return _MARKS.sub("", name).casefold()


def _quoted(names: Sequence[str]) -> str:
    return " and ".join(f'"{name}"' for name in names)
