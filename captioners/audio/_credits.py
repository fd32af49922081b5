"""Lines that say who made the subtitles, told from sentences that begin as they do.

"Subtitles by Jane Doe" is one, "Subtitles by default are off" is none: behind the beginning of a credit
stand names, addresses, years and the few words that join them. A phrase of the list that ends in a colon
needs one, or the end of the line, behind it ("字幕制作:"); where one holds "…", anything short may stand
there ("字幕由…提供"). Pure.
"""

import re
from functools import lru_cache

from captioners.audio._listed import Keyed, key, lengths, phrases, written

# Letters that may follow the beginning of a credit, stand for "…", and be a name in a script without
# capitals; words behind it that are neither names nor of credits, where case tells nothing. Our choice.
_AFTER, _ANYTHING, _UNCASED, _UNNAMED = 60, 24, 10, 2

_WORD = re.compile(r"[^\W_]+")
_ADDRESS = re.compile(r"\d|@|/|\w\.\w")
_COLON = re.compile(r"\s*(?:[:：\-–—/|]|by\b|\Z)", re.IGNORECASE)
# What joins the names of credits, and what is said of them, in the languages of the list.
_JOINING = (
    "the by of and for from with in on at to community team subtitle subtitles translation english "
    "live funk rundfunk gemeinschaft für fur von vom des dem den der die das und mit untertitelt im "
    "auftrag deutsch de du des d l la le les et par pour para communauté avec sous direction "
    "comunidad comunidade el los las por y e del al en da do dos das pela pelo na no a o "
    "comunità dalla dal della di dei cura revisione het een en door met gemeenschap voor "
    "przez społeczność przy na z i w od pro ve za s komunity komunita komunitou "
    "közösség közösségtől közössége és az által comunitatea comunității de către și pentru prin "
    "av af från fra gemenskapen och og til till fellesskapet fællesskabet yhteisö ja "
    "tarafından ve topluluğu için από την κοινότητα και του της "
    "сообществом сообщество для и от при канала каналу спільнотою спільнота та "
    "comunitat dels per cộng đồng bởi cho oleh komunitas dan untuk"
)


def is_credit(sentence: str) -> bool:
    """Whether a sentence says who made the subtitles, and nothing else."""
    keyed = Keyed(sentence)
    if not keyed.key:
        return False
    if any(name in keyed.key for name in phrases("any")) and _is_of_names(sentence, sentence, True):
        return True
    if any(pattern.fullmatch(keyed.key) for pattern in _patterns()):
        return True
    for length in lengths("credit"):
        begins = length <= len(keyed.key) and keyed.key[:length] in phrases("credit")
        if begins and keyed.edges[length] and len(keyed.key) - length <= _AFTER:
            rest = keyed.after(length)
            if _is_of_names(rest, sentence, " " in sentence[: len(sentence) - len(rest)].strip()):
                return True
    return any(
        keyed.key.startswith(noun)
        and keyed.edges[len(noun)]
        and _COLON.match(keyed.after(len(noun))) is not None
        and _is_of_names(keyed.after(len(noun)), sentence, True)
        for noun in _with_colon()
    )


def _is_of_names(rest: str, sentence: str, several: bool) -> bool:
    """Whether a text holds only names, addresses and what joins them.

    sentence: all of it, whose capitals say something or not. several: whether the credit began with
    several words: one word and two more, without capitals, may be a sentence.
    """
    told_by_case = not (sentence.isupper() or sentence.islower())
    uncased = unnamed = 0
    for chunk in rest.split():
        if _ADDRESS.search(chunk):
            continue
        for word in _WORD.findall(chunk):
            if len(word) == 1 or key(word) in _words():
                continue
            if word.lower() == word.upper():
                uncased += len(word)
            elif not told_by_case:
                unnamed += 1
            elif not word[0].isupper():
                return False
    return uncased <= _UNCASED and unnamed <= (_UNNAMED if several else 0)


@lru_cache(maxsize=1)
def _words() -> frozenset[str]:
    """Words of credits: of their phrases, and what joins these with names."""
    of_phrases = (word for phrase in written("credit") for word in _WORD.findall(phrase))
    return frozenset(map(key, [*_JOINING.split(), *of_phrases]))


@lru_cache(maxsize=1)
def _with_colon() -> tuple[str, ...]:
    return tuple(key(phrase) for phrase in written("credit") if phrase.endswith(":"))


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], ...]:
    return tuple(_pattern(phrase) for phrase in written("credit") if "…" in phrase)


def _pattern(phrase: str) -> re.Pattern[str]:
    begin, end = map(key, phrase.split("…"))
    return re.compile(rf"{begin}\w{{0,{_ANYTHING if end else _AFTER}}}{end}")
