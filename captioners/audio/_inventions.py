"""What Whisper is known to invent where nobody speaks, and texts that no speech has the shape of.

Whisper learned from subtitles, so over hum, noise and music it writes what subtitles end with, at
ordinary scores. `inventions.csv` lists such phrases in 34 languages, from public reports (openai/whisper
discussions 679, 928 and 2608 and the lists that users made of them):

credit  who made the subtitles. Nobody says it: refused. Of language "any": wherever it stands.
outro   how videos end ("Thanks for watching!"). Alone in a segment it is refused: who really says it
        loses a quotation, and who did not gains none.
thanks  what people say as well ("Thank you."). Doubtful: the sound has to bear it out.

Credits and outros are beginnings of a sentence, thanks are whole ones. Letters and digits count, case and
marks do not. Pure.
"""

import csv
import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Literal

Invention = Literal["credit", "outro", "thanks"]

# What may follow the beginning of a credit (names, a year) and of an outro ("everyone") in a sentence,
# in letters. "Thank you for watching over my children while I was away" is nobody's outro. Our choice.
_AFTER_CREDIT, _AFTER_OUTRO = 60, 24
# A segment has some 30 s of speech at most; of a longer text the beginning decides.
_LONGEST = 2_000

_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])\s*|\n+")
_NOTE = re.compile(r"\[[^\[\]]*\]|\([^()]*\)|（[^（）]*）|【[^【】]*】|\*[^*]*\*")
_WORD = re.compile(r"[^\W_]+")


def invention(text: str) -> Invention | None:
    """Which kind of known invention a text is, None where it says anything else.

    A text of several sentences is one if each of them is; the least likely kind tells.
    """
    kinds = {_of_sentence(sentence) for sentence in _sentences(text)}
    if "credit" in kinds and kinds <= {"credit", "outro", "thanks"}:
        return "credit"
    if not kinds or None in kinds:
        return None
    return "outro" if "outro" in kinds else "thanks"


def without_credits(text: str) -> str:
    """The text without the sentences that say who made the subtitles."""
    sentences = _sentences(text)
    kept = [sentence for sentence in sentences if _of_sentence(sentence) != "credit"]
    return text if len(kept) == len(sentences) else " ".join(kept)


def is_note(text: str) -> bool:
    """Whether nothing of a text is spoken: "[Music]", "(applause)", "♪♪"."""
    return not any(char.isalnum() for char in _NOTE.sub("", text[:_LONGEST]))


def loops(text: str) -> bool:
    """Whether a text says the same few words over and over: of eight words or more at most a quarter are
    distinct.

    A compression ratio above 2.4 (Whisper's own bound) tells longer loops; "Thank you. Thank you. Thank
    you. Thank you." has 1.9. "No, no, no, no" is speech: reviews of such filters (openhuman pull request
    556) show what a lower bound loses.
    """
    words = _WORD.findall(text.casefold())
    return len(words) >= 8 and 4 * len(set(words)) <= len(words)


def letters(text: str) -> float:
    """How long a text is to say, in letters of an alphabet. A sign that is a syllable or more counts for
    three: an English syllable has about three letters."""
    return sum(
        3 if _is_syllable(char) else 1
        for char in unicodedata.normalize("NFC", text)
        if char.isalnum()
    )


def key(text: str) -> str:
    """Letters and digits of a text without case, accents and width."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in plain if char.isalnum())


def _sentences(text: str) -> list[str]:
    return [part for part in _SENTENCE_END.split(text[:_LONGEST].strip()) if key(part)]


@lru_cache(maxsize=1024)
def _of_sentence(sentence: str) -> Invention | None:
    sentence_key, table = key(sentence), _table()
    if any(name in sentence_key for name in table["any"]):
        return "credit"
    for kind, after in (("credit", _AFTER_CREDIT), ("outro", _AFTER_OUTRO)):
        for length in range(1, min(len(sentence_key), _longest(kind)) + 1):
            if len(sentence_key) - length <= after and sentence_key[:length] in table[kind]:
                return "credit" if kind == "credit" else "outro"
    return "thanks" if sentence_key in table["thanks"] else None


@lru_cache(maxsize=1)
def _table() -> Mapping[str, frozenset[str]]:
    """Keys of the phrases by kind; names that tell a credit wherever they stand under "any"."""
    table: dict[str, set[str]] = {"any": set(), "credit": set(), "outro": set(), "thanks": set()}
    place = files("captioners.audio") / "inventions.csv"
    for row in csv.DictReader(place.read_text("utf-8").splitlines()):
        table["any" if row["language"] == "any" else row["kind"]].add(key(row["phrase"]))
    return {kind: frozenset(phrases) for kind, phrases in table.items()}


@lru_cache(maxsize=4)
def _longest(kind: str) -> int:
    return max(map(len, _table()[kind]))


def _is_syllable(char: str) -> bool:
    """Whether a character is a Chinese, Japanese or Korean syllable."""
    return (
        "\u3040" <= char <= "\u30ff" or "\u3400" <= char <= "\u9fff" or "\uac00" <= char <= "\ud7a3"
    )
