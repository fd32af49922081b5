"""The step of the pack `wordnet`: WordNet's text files as one file of SQLite.

A process reads the few words it needs from there, and loads none of the 120,000 synsets. The file holds
what `prompts.meaning.wordnet` asks for: senses by word, pointers and members by synset. A synset is
its offset in its own file plus 10^9 times the file's place: noun 1, verb 2, adjective 3, adverb 4.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

_FILES = {"n": "data.noun", "v": "data.verb", "a": "data.adj", "r": "data.adv"}
_FIRST = {"n": 10**9, "v": 2 * 10**9, "a": 3 * 10**9, "r": 4 * 10**9}
_SENSE_POS = {"1": "n", "2": "v", "3": "a", "4": "r", "5": "a"}
"""Part of speech by the first digit of a sense key's second half; 5 is a satellite adjective."""
_KINDS = frozenset(["@", "@i", "!", "+", "&", "\\", "*", ">", "$", "=", "^", "%p", "#p"])
"""Pointers that are kept: broader, antonym, derived, similar, pertains, entails, causes, verb group,
attribute, see also, part of."""
_TABLES = """
create table sense(word text, pos text, synset int, rank int, uses int);
create table pointer(synset int, kind text, target int, source int, aim int);
create table member(synset int, place int, word text);
"""
_INDEXES = """
create index sense_word on sense(word);
create index pointer_synset on pointer(synset);
create index member_synset on member(synset);
"""


def wordnet(laid: Path, pack: Path) -> None:
    """wordnet.sqlite, the licence as the package has it, and NOTICE: the notice that stands in the data.

    One version of SQLite makes the same bytes again. Raises ValueError where the files are not WordNet's.
    """
    base = sqlite3.connect(pack / "wordnet.sqlite")
    base.execute("pragma journal_mode=off")
    base.executescript(_TABLES)
    with base:
        base.executemany("insert into sense values(?,?,?,?,?)", _senses(laid / "index.sense"))
        for pos, name in _FILES.items():
            base.executemany("insert into pointer values(?,?,?,?,?)", _pointers(laid / name, pos))
        for pos, name in _FILES.items():
            base.executemany("insert into member values(?,?,?)", _members(laid / name, pos))
    base.executescript(_INDEXES)
    base.execute("vacuum")
    base.close()
    shutil.copy(laid / "LICENSE", pack)
    (pack / "NOTICE").write_text(_notice(laid / "data.noun"), "utf-8")


def _senses(file: Path) -> Iterator[tuple[str, str, int, int, int]]:
    """(word, part of speech, synset, rank, uses) of each line "entity%1:03:00:: 00001740 1 11"."""
    for line in _lines(file):
        key, offset, rank, uses = line.split()
        word, _, place = key.rpartition("%")
        pos = _SENSE_POS[place[0]]
        yield word, pos, _FIRST[pos] + int(offset), int(rank), int(uses)


def _pointers(file: Path, pos: str) -> Iterator[tuple[int, str, int, int, int]]:
    """(synset, kind, target, place of the word it goes from, place of the word it aims at) of each kept
    pointer; places count from 1, 0 is the whole synset."""
    for fields, synset, words in _synsets(file, pos):
        at = 4 + 2 * len(words)
        for start in range(at + 1, at + 1 + 4 * int(fields[at]), 4):
            kind, offset, other, places = fields[start : start + 4]
            if kind in _KINDS:
                first = _FIRST["a" if other == "s" else other]
                yield synset, kind, first + int(offset), int(places[:2], 16), int(places[2:], 16)


def _members(file: Path, pos: str) -> Iterator[tuple[int, int, str]]:
    """(synset, place, word) in small letters, without an adjective's marker: "galore(ip)" is "galore"."""
    for _, synset, words in _synsets(file, pos):
        for place, word in enumerate(words, 1):
            yield synset, place, word.partition("(")[0].lower()


def _synsets(file: Path, pos: str) -> Iterator[tuple[list[str], int, list[str]]]:
    """The fields of each line of a data file before its gloss, its synset, its words as they stand."""
    for line in _lines(file):
        if not line.startswith("  "):
            fields = line.partition("|")[0].split()
            words = fields[4 : 4 + 2 * int(fields[3], 16) : 2]
            yield fields, _FIRST[pos] + int(fields[0]), words


def _notice(file: Path) -> str:
    """The lines at the head of a data file, which its licence wants on all copies, without numbers."""
    notice = []
    for line in _lines(file):
        if not line.startswith("  "):
            break
        notice.append(line.split(maxsplit=1)[1].rstrip() if line.split()[1:] else "")
    if not any("Copyright" in line for line in notice):
        raise ValueError(f"{file.name} has no licence at its head")
    return "\n".join(notice) + "\n"


def _lines(file: Path) -> Iterator[str]:
    with file.open(encoding="utf-8") as lines:
        yield from lines
