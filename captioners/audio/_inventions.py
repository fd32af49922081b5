"""What Whisper is known to invent where nobody speaks, and texts that no speech has the shape of.

Whisper learned from subtitles, so over hum, noise and music it writes what subtitles end with, at
ordinary scores. `inventions.csv` lists such phrases in over 40 languages, from public reports
(openai/whisper discussions 679, 928 and 2608 and the lists that users made of them):

credit  who made the subtitles (`captioners.audio._credits`). Nobody says it: refused, and cut out of
        longer texts. Of language "any": names that only stand in such lines.
outro   how videos end ("Thanks for watching!"). Alone in a segment it is refused: who really says it
        loses a quotation, and who did not gains none. Beside other words it has to be heard again.
thanks  what people say as well ("Thank you."). Doubtful: the sound has to bear it out.
filler  what joins them ("and", "everyone").

Letters and digits count, case and marks do not. Pure.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Literal

from captioners.audio._closings import closing, holds_outro
from captioners.audio._credits import is_credit
from captioners.audio._listed import key

Invention = Literal["credit", "outro", "thanks"]

# A segment has some 30 s of speech at most; of a longer text the beginning decides.
_LONGEST = 2_000

_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])\s*|\n+")
# "Amara. org": no end of a sentence.
_ADDRESS = re.compile(r"(?<=\w) ?\. ?(?=(?:org|com|net|nu)\b)", re.IGNORECASE)
_ONLY_ADDRESS = re.compile(
    r"(?:(?:please|for more(?: \w+){1,3}?|more information|visit|go to|visite[zr]?|besuchen sie)[ ,:]+)"
    r"{0,3}"
    r"(?:https?://)?(?:[\w-]{1,60}\.){1,4}(?:com|org|net|gov|edu|nu|ru|de|fr|tv|co\.uk)(?:/\S{0,200})?"
    r"[ .!]*",
    re.IGNORECASE,
)
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
    if len(kept) == len(sentences):
        return text
    return " ".join([*kept, text.strip()[_LONGEST:]]).strip()


def has_outro(text: str) -> bool:
    """Whether the end of a video stands in a text, beside whatever else."""
    return holds_outro(text[:_LONGEST])


def outros(text: str) -> list[str]:
    """The sentences of a text that are ends of videos."""
    return [sentence for sentence in _sentences(text) if _of_sentence(sentence) == "outro"]


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


def _sentences(text: str) -> list[str]:
    joined = _ADDRESS.sub(".", text[:_LONGEST].strip())
    return [part for part in _SENTENCE_END.split(joined) if key(part)]


@lru_cache(maxsize=1024)
def _of_sentence(sentence: str) -> Invention | None:
    if is_credit(sentence):
        return "credit"
    return "outro" if _ONLY_ADDRESS.fullmatch(sentence) else closing(sentence)


def _is_syllable(char: str) -> bool:
    """Whether a character is a Chinese, Japanese or Korean syllable."""
    return (
        "\u3040" <= char <= "\u30ff" or "\u3400" <= char <= "\u9fff" or "\uac00" <= char <= "\ud7a3"
    )
