"""Whether bytes that are no UTF-8 are Windows-1252, by what is written: nothing else can tell.

Spreadsheets save CSV in the code page of their country. Those of Central Europe, Turkey and the Baltic
give other letters to the same bytes, and each reads as another without an error: Czech "štěká" as
"štìká".
Statistics guess wrong on short lists (charset-normalizer takes "très bruyant" for "trčs bruyant"). So the
text has to read as Western Europe writes:

- each word has the letters of one of its languages, and where its spelling puts them ("è" before a
  consonant or at the end, "ñ" before a vowel);
- if a byte differs between code pages, the commonest words around are of a Western language, and more
  than of one that another code page writes.

What doesn't is refused: to read it wrongly would make other captions of it. Pure, in linear time.
"""

import re
from collections import Counter
from functools import lru_cache

_LETTER = "A-Za-zÀ-ÖØ-öø-ÿŒœŠšŽžŸ"
_WORD = re.compile(rf"[{_LETTER}]+")
# What does not stand in a Western text: a sign inside a word ("h”ren") or at its edge where none may
# be ("caf‚", "£ódź"), a dash in a short one ("ni–o"), a capital after a small letter ("dogÕs"), three
# letters with accents in a row, a word of two without others. So does UTF-8 or Cyrillic look that is
# read as it.
_ODD = re.compile(
    rf"[{_LETTER}][^\x00-\x7f{_LETTER}’‘–—…·\xa0\xad]+[{_LETTER}]"
    r"|[a-zß-öø-ÿœšž][À-ÖØ-ÞŒŠŽŸ]|[À-ÖØ-öø-ÿŒœŠšŽžŸ]{3}"
    rf"|(?<![{_LETTER}])[À-ÖØ-öø-ÿŒœŠšŽžŸ]{{2}}(?![{_LETTER}])"
    rf"|[{_LETTER}][‚„ƒ†ˆ‹€£¥¢¤¦¨¬¯±¶¸¹¾¼¿¡]|[¡-ª¬-º¼-¾]{{2}}|(?<!m)(?<=[{_LETTER}])[²³]"
    rf"|[†‡ƒˆ‰€§¤¦©®¶£¥¢ªº¹²³¼½¾¸¨¯][{_LETTER}]"
    rf"|(?<![{_LETTER}])[a-zà-ÿ]{{1,2}}–[a-zà-ÿ]|[a-zà-ÿ]–[a-zà-ÿ]{{1,2}}(?![{_LETTER}])"
)

# The letters of each language beside a to z.
_ALPHABETS = {
    "fr": "àâæçéèêëîïôœùûüÿ",
    "de": "äöüßéàè",
    "es": "áéíñóúüïç",
    "pt": "àáâãçéêíóôõúü",
    "it": "àèéìíîòóùú",
    "ca": "àçèéíïòóúü",
    "nl": "áéëïóöüèêç",
    "sv": "åäöéàü",
    "da": "æøåéüöä",
    "is": "áðéíóúýþæö",
    "sq": "çë",
    "cs": "áéíóúýšžöüä",
    "hu": "áéíóúöü",
}
# Where spelling puts a letter that is another in a code page near. "ã": with "o" or "e", and the few
# words that end in it.
_SPELLING = re.compile(
    r"è(?![aeiouyàáâéèêíîóôûúùý])|(?:ê|û)(?![aiouyàáâéèêíîóôûúùý])|(?<=[aeouâ])ï(?=[a-z])|ï(?=l)|(?:ì|ù)(?![a-z])"
    r"|ò(?![aeiou])|ñ(?=[aeiouáéíóú])|õ(?=e)|ã(?=o|es?\b)|ãib|œ(?=[uidcnst])|à(?![aeiouy])"
    r"|(?:manh|irm|maç|alem|crist|avel|órf|hortel|[çlfsv]|an|rom)ãs?\b|æ(?=[a-zøå])|[øåÿðþý]"
    r"|ç(?![b-df-hj-np-tv-z])|(?<!a)á|(?<![b-df-hj-np-tv-z])[šž]|[šž](?![b-df-hj-np-tv-z])"
)
_SPELT = frozenset("èêûïìùòñõãœàæøåÿðþýçášž")
# What is the same letter, or a sign, in the code pages of Central Europe, Turkey and the Baltic.
_ALIKE = frozenset("äéóöüßÄÉÓÖÜ€‚„…†‡‰‹‘’“”•–—›\xa0¦§©«¬\xad®°±´µ¶·»÷×™¤²³£¢¥½¼¾")
# Icelandic alone has them: to others they are the commonest letters of Turkish.
_ICELANDIC = frozenset("ðþý")
# Not "a" in "a.mp4".
_APART = re.compile(r"(?:[\s,;|\"'“”’?!:()]|\.(?!\w))+")
# Characters whose words are counted, and of what is looked at once for all its places; no word has more.
_LOOKED_AT, _CACHED = 2 << 20, 100

# The commonest words, and of captions; those of other code pages behind their letters.
_WESTERN = {
    "en": "the a an and is are of in on at with to it this that as by for from while man woman "
    "dog barks",
    "fr": "l d s qu c n au aux puis ne pas ce se ses son sa alors ça le la les un une des du de "
    "et est en dans qui que sur avec pour il elle très à où été être même chien homme "
    "femme après derrière près forêt rivière lumière musique ces cette ceux celui celle "
    "nous vous ils elles leur mais ou déjà voilà là peu sous entre fait ont était",
    "de": "der die das ein eine einer und ist in im mit auf von zu den dem für hund mann frau",
    "es": "el la los las un una de del y en que con es se por para su niño niña niños señor "
    "señora español año años pequeño perro hombre mujer hay muy mientras sobre está están "
    "más también cómo dónde qué aquí allí así después al lo uno dos dice",
    "pt": "menino menina o a os as um uma de do da dos das e em no na que com é se por para não "
    "são mão mãe cão então também você três até homem mulher ao à às sobre enquanto está "
    "estão mais muito já ele ela há dois duas como foi ser",
    "it": "l d dell all c il lo la i gli le un una di del della e è in che con per si da nel "
    "sulla più città c'è può già così cane uomo donna dei delle nella al alla sono mentre "
    "perché sì lui lei due anche come ma ha",
    "ca": "l d el la els les un una de del i en que amb per és gos home dona què més al als "
    "dels però també això així hi ha són",
    "nl": "de het een en van in is op met te dat die voor niet hond man vrouw één",
    "sv": "en ett och i på är det som med av för till den hund man kvinna går står två från "
    "också där när hon han inte men mot över under hör spelar så då blir",
    "da": "en et og i på er det som med af for til den hund mand kvinde går står gør børn også "
    "når være hører hun han ikke men mod over under hvor blev så da få",
    "no": "hun han ikke men mot over under hvor ble så da få være en et og i på er det som med "
    "av for til den hund mann kvinne går står gjør også når hører",
    "fi": "ja on ei se että kun hän mies nainen koira",
    "is": "og er að í á við með það sem hundur maður kona en til hann hún ekki um var sé þá þar "
    "hér mér úr",
}
_OTHERS = {
    "cp1250": {
        "pl": (
            "ąćęłńóśźż",
            "i w na z się jest to nie do że są po przez oraz dla pies mężczyzna kobieta "
            "szczeka mówi głośno",
        ),
        "cs": (
            "áčďéěíňóřšťúůýž",
            "a v na se je to že s z do pro jsou které který pes muž žena štěká hlasitě "
            "mluví dítě zpívá",
        ),
        "sk": (
            "áäčďéíĺľňóôŕšťúýž",
            "a v na sa je to že s z do pre sú ktoré ktorý pes muž žena šteká hlasno spieva dieťa",
        ),
        "hu": (
            "áéíóöőúüű",
            "a az és egy van nem hogy is kutya ugat férfi nő eső beszél esik gyerek",
        ),
        "ro": (
            "ăâîşţ",
            "o un de și şi în la cu pe este care din pentru nu să că câine bărbat femeie "
            "fată latră vorbeşte",
        ),
        "hr": (
            "čćđšž",
            "i u na je se da za s od su pas čovjek muškarac žena laje priča pjeva govori "
            "dječak kuća",
        ),
        "sl": ("čšž", "in v na je se za z s od so pes moški ženska laja govori poje"),
    },
    "cp1254": {
        "tr": (
            "çğıöşüâîû",
            "bir ve bu da de için ile çok adam kadın köpek havlıyor konuşuyor yağmur "
            "şarkı çocuk var",
        ),
    },
    "cp1257": {
        "lt": ("ąčęėįšųūž", "ir yra su į iš kad kaip ant šuo loja vyras moteris kalba vaikas lyja"),
        "lv": ("āčēģīķļņšūž", "un ir ar uz no ka suns vīrietis sieviete runā rej bērns līst"),
        "et": ("äõöüšž", "ja on ei see et mis koer haugub mees naine räägib laps sajab"),
    },
}


class Western:
    """Looks at a text, part by part, as Windows-1252 reads it."""

    def __init__(self) -> None:
        self._words: Counter[str] = Counter()
        self._letters: set[str] = set()
        self._doubtful: int | None = None
        self._line = 1
        self._left = _LOOKED_AT

    def odd_line(self, text: str) -> int | None:
        """The line of a part that no Western text has, None where there is none.

        A part ends with a line, or is cut where one is longer than memory should hold.
        """
        for chunk in dict.fromkeys(text.split()):
            if chunk.isascii():
                continue
            reads_well = _reads_well if len(chunk) <= _CACHED else _reads_well.__wrapped__
            if not reads_well(chunk):
                return self._line + text.count("\n", 0, text.find(chunk))
            if self._doubtful is None and not _is_alike(chunk):
                self._doubtful = self._line + text.count("\n", 0, text.find(chunk))
            self._letters.update(char for char in chunk.lower() if char > "\x7f" and char.isalpha())
        self._line += text.count("\n")
        if self._left > 0:
            words = _APART.split(text[: self._left].lower())
            self._words.update(word for word in words if word in _known())
            self._left -= len(text)
        return None

    def unsure_line(self) -> int | None:
        """The first line whose letters hang on the code page, where the words of the text are not those
        of the West; None for a text that is sure."""
        if self._doubtful is None:
            return None
        languages = ["is"] if self._letters & _ICELANDIC else list(_western())
        west = max(self._share(_western()[language]) for language in languages)
        others = (self._share(words) for words, letters in _others() if self._letters <= letters)
        return None if west > max(others, default=0) else self._doubtful

    def _share(self, words: frozenset[str]) -> int:
        return sum(count for word, count in self._words.items() if word in words)


@lru_cache(maxsize=4096)
def _reads_well(chunk: str) -> bool:
    """Whether what stands between spaces may stand in a Western text."""
    if "\ufffd" in chunk or _ODD.search(chunk):
        return False
    return all(_is_western(word) for word in _WORD.findall(chunk) if not word.isascii())


def _is_western(word: str) -> bool:
    if len(word) > _CACHED:
        return False
    small = word.lower()
    accents = {char for char in small if char > "\x7f"}
    if not any(accents <= alphabet for alphabet in _alphabets()):
        return False
    spelt = {at for match in _SPELLING.finditer(small) for at in range(*match.span())}
    return all(at in spelt for at, char in enumerate(small) if char in _SPELT)


def _is_alike(chunk: str) -> bool:
    """Whether the code pages near agree on a text."""
    return all(char <= "\x7f" or char in _ALIKE for char in chunk)


@lru_cache(maxsize=1)
def _alphabets() -> tuple[frozenset[str], ...]:
    return tuple(map(frozenset, _ALPHABETS.values()))


@lru_cache(maxsize=1)
def _western() -> dict[str, frozenset[str]]:
    return {language: frozenset(words.split()) for language, words in _WESTERN.items()}


@lru_cache(maxsize=1)
def _others() -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
    """Words and letters of other languages as they look when they are read as Windows-1252."""
    return tuple(
        (frozenset(_misread(words, page).split()), frozenset(_misread(letters, page)))
        for page, languages in _OTHERS.items()
        for letters, words in languages.values()
    )


def _misread(text: str, page: str) -> str:
    return text.encode(page, "replace").decode("cp1252", "replace").lower()


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    return frozenset().union(*_western().values(), *(words for words, _ in _others()))
