"""A set of clips by their numbers in an index, with a bit for each clip: 1.25 MB for 10 million."""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
_Words = npt.NDArray[np.uint64]

_BLOCK = 1 << 20
"""Clips that are looked at together."""


class Numbers:
    """Some of the numbers from 0 to before `size`."""

    __slots__ = ("_bits", "size")

    def __init__(self, bits: _Words, size: int) -> None:
        self._bits, self.size = bits, size

    @classmethod
    def where(cls, flags: Flags) -> "Numbers":
        """The numbers whose flag is set. flags: [size]."""
        bits = np.zeros(-(-len(flags) // 64) * 8, np.uint8)
        packed = np.packbits(flags, bitorder="little")
        bits[: len(packed)] = packed
        return cls(bits.view(np.uint64), len(flags))

    @classmethod
    def of(cls, parts: Iterable[Integers], size: int) -> "Numbers":
        """The numbers of some arrays, in any order, and as often as they are there."""
        flags = np.zeros(size, np.bool_)
        for part in parts:
            flags[part] = True
        return cls.where(flags)

    @classmethod
    def every(cls, size: int) -> "Numbers":
        """All of them."""
        return cls.where(np.ones(size, np.bool_))

    @classmethod
    def load(cls, data: bytes, size: int) -> "Numbers":
        """What `dump` gave."""
        return cls(np.frombuffer(data, "<u8"), size)

    def dump(self) -> bytes:
        """The bits as bytes."""
        return self._bits.astype("<u8").tobytes()

    def __and__(self, other: "Numbers") -> "Numbers":
        return Numbers(self._bits & other._bits, self.size)

    def __or__(self, other: "Numbers") -> "Numbers":
        return Numbers(self._bits | other._bits, self.size)

    def __sub__(self, other: "Numbers") -> "Numbers":
        return Numbers(self._bits & ~other._bits, self.size)

    def __len__(self) -> int:
        return int(np.bitwise_count(self._bits).sum())

    @property
    def nbytes(self) -> int:
        """Bytes that it holds."""
        return self._bits.nbytes

    def has(self, numbers: Integers) -> Flags:
        """Of each number whether it is in the set."""
        octets = self._bits.view(np.uint8)
        shifted = octets[numbers >> 3] >> (numbers & 7).astype(np.uint8)
        held: Flags = (shifted & 1).astype(np.bool_)
        return held

    def blocks(self, start: int | None = None, down: bool = False) -> Iterator[Integers]:
        """The numbers in parts, ascending in each. start: only the parts from the one that would hold it
        on. down: the last part first."""
        firsts = range(0, self.size, _BLOCK)
        if start is not None:
            firsts = firsts[: start // _BLOCK + 1] if down else firsts[start // _BLOCK :]
        for first in reversed(firsts) if down else firsts:
            part = self._bits[first // 64 : (first + _BLOCK) // 64].view(np.uint8)
            flags = np.unpackbits(part, bitorder="little")
            yield (np.flatnonzero(flags) + first).astype(np.int32)
