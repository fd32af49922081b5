"""Words as the bench's matcher sees them. Its own: nothing here is shared with the guards' `prompts`."""

import re
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(r"[A-Za-zÀ-ÿ]+(?:['’][a-z]+)?|\d+|[.,;:!?()–—]")
_QUOTES = re.compile(
    r"[\"“”„«»][^\"“”„«»]*[\"“”„«»]|(?<![\w])['‘](?=[A-Z])[^'‘’]{3,}?[.!?,]?['’](?![\w])"
)


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


IGNORED = _set(
    """a an the this that these those it its it's they them their he she his her him hers some any
    another other each of in on at by to into onto from with within over under above below across through
    along around near nearby beside besides behind between among inside outside off out up down upon
    against past toward towards beyond throughout for about is are was were be been being am has have
    had having do does did done can could may might will would shall should must there here where
    which who whom whose what when then than also as too so very quite just only even still yet
    while whereas before after during until once later meanwhile followed follow finally first
    next again once and or but plus both together simultaneously time moment moments someone somebody
    something somewhere person's one's make let give get go come keep start begin continue happen
    occur appear seem remain become way kind sort type bit lot lots several various multiple many
    few more most much all every own same at
    distance distant background foreground front middle center centre side back left right top
    clip recording audio video footage image picture photo photograph scene frame camera view
    visible visibly see seen show shown feature depict display contain include hear heard audible
    audibly sound noise listen sounds we i you one us our my your mine if though although because
    suddenly occasionally present presence
    like such et well way away apart forth about it'd we'd that's there's look"""
)
"""Words that claim nothing by themselves. Phrasings and names are known without them."""

LIGHT = _set(
    """play run ring pass move call cry work use fill fall rise take hold stand sit lie full person
    people man's group set pair couple piece voice voices each two fly drive performed perform
    performance whole entire long big small little short old new different various part set put
    accompany accompanied accompaniment amid rest feature softly something hit end turn shot
    constant continuous"""
)
"""Words that are no claim when no concept takes them; in wordings of concepts they count."""

NEGATORS = _set(
    "no not never without neither nor nobody none nothing cannot lack lacks absent absence"
)
ENDS_DENIAL = _set("but however although though while instead")
SEEN_FRAME = _set(
    "view visible visibly see seen shows showing shown depicts depicting displayed pictured visual"
)
SEEN_NOUNS = _set(
    "picture pictures image images photo photograph footage scene screen video frame camera"
)
"""They speak of seeing after an article, and not in "a video game"."""
HEARD_FRAME = _set("hear heard audible audibly sound sounds noise listen audio")
SURE_FRAMES = _set("view visible visibly see seen hear heard audible audibly")
"""Those that hold in a caption of one side, too: there "the sound booth" is no frame."""
BREAKS = _set("; . ! ? ( ) – — while whereas as before after then until when where meanwhile")
PARTS = _set(", with and or plus beside alongside next behind over but")
ARTICLES = _set("a an the some another other")
FUNCTION = _set("a an the of in on at to by from with for into over is are being and")
"""Words that are in no name; of phrasings, no word of IGNORED is asked for."""
_COUNTED = "one two three four five six seven eight nine ten eleven twelve"
NUMBERS = {word: number for number, word in enumerate(_COUNTED.split(), start=1)}
NUMBERS |= {"dozen": 12, "pair": 2, "couple": 2, "duo": 2, "trio": 3}
TIMES = {"once": 1, "twice": 2, "thrice": 3}
ALWAYS_PAIRS = _set("scissors glasses headphones trousers shoes eyes hands legs tongs jeans gloves")

_WHOLE = _set(
    """glasses woods blinds clothes headphones spectacles scissors fries news chess bowling building
    wedding boxing ceiling evening morning string spring ring king thing wing sing bring sling
    swing during bus gas lens grass glass brass bass dress boss cross across less miss kiss hiss
    moss chorus circus octopus campus genius virus canvas atlas christmas tennis iris piano
    red bed shed sled wed feed seed need speed weed reed bleed breed hundred naked sacred wicked
    nothing something everything anything does as was has his this its"""
)
_IRREGULAR = {
    form: base
    for base, forms in {
        "man": "men",
        "woman": "women",
        "child": "children",
        "person": "persons",
        "goose": "geese",
        "mouse": "mice",
        "foot": "feet",
        "tooth": "teeth",
        "leaf": "leaves",
        "wolf": "wolves",
        "knife": "knives",
        "hoof": "hooves",
        "half": "halves",
        "shelf": "shelves",
        "loaf": "loaves",
        "calf": "calves",
        "scarf": "scarves",
        "die": "dice",
        "sing": "sang sung",
        "ring": "rang rung",
        "speak": "spoke spoken",
        "blow": "blew blown",
        "fly": "flew flown",
        "drive": "drove driven",
        "ride": "rode ridden",
        "run": "ran running",
        "swim": "swam swum",
        "eat": "ate eaten",
        "drink": "drank drunk",
        "write": "wrote written",
        "break": "broke broken",
        "fall": "fell fallen",
        "shake": "shook shaken",
        "strike": "struck",
        "stand": "stood",
        "sit": "sat",
        "weep": "wept",
        "sleep": "slept",
        "sweep": "swept",
        "keep": "kept",
        "hold": "held",
        "hear": "heard",
        "shine": "shone",
        "tear": "tore torn",
        "throw": "threw thrown",
        "draw": "drew drawn",
        "begin": "began begun",
        "beat": "beaten",
        "bite": "bit bitten",
        "shoot": "shot",
        "slide": "slid",
        "spin": "spun",
        "take": "took taken",
        "tell": "told",
        "say": "said",
        "wear": "wore worn",
        "light": "lit",
        "catch": "caught",
        "dig": "dug",
        "hang": "hung",
        "give": "gave given",
        "come": "came",
        "go": "went gone goes",
        "make": "made",
        "see": "seen",
        "rise": "risen",
        "leap": "leapt",
        "feed": "fed",
        "lie": "lay lain lying",
        "steal": "stole",
        "freeze": "froze frozen",
        "stick": "stuck",
        "swing": "swung",
        "sink": "sank sunk",
        "spit": "spat",
        "show": "shown",
        "know": "knew known",
        "grow": "grew grown",
        "lead": "led",
    }.items()
    for form in forms.split()
}


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a mark of a caption. word: in lower case without 's; at: its first character; forms: all
    that it may be a form of."""

    word: str
    raw: str
    at: int
    forms: frozenset[str]

    @property
    def mark(self) -> bool:
        """Whether it is punctuation."""
        return not self.word[0].isalnum()

    @property
    def ends_ing(self) -> bool:
        """Whether it may be a participle."""
        return self.word.endswith("ing") and len(self.forms) > 2

    def among(self, words: frozenset[str]) -> bool:
        """Whether it is one of these words, in some form."""
        return bool(self.forms & words)


def unquoted(caption: str) -> tuple[str, tuple[str, ...]]:
    """A caption with what it quotes blanked out, and the quotations without their marks."""
    quoted = tuple(q[1:-1].strip() for q in _QUOTES.findall(caption))
    return _QUOTES.sub(lambda found: " " * len(found.group()), caption), quoted


def tokens(text: str) -> list[Token]:
    """The words and marks of a text in order."""
    found = []
    for match in _TOKEN.finditer(text):
        raw = match.group()
        word = raw.lower().replace("’", "'").removesuffix("'s").removesuffix("'")
        if word.endswith("n't"):
            word = "not"
        exact = {f"={one}" for one in _singular(word) | {word}}
        found.append(Token(word, raw, match.start(), forms(word) | exact))
    return found


@lru_cache(maxsize=65536)
def forms(word: str) -> frozenset[str]:
    """All that a word may be a form of, itself included: "barking" is bark, "taping" tape, not tap."""
    if word in _WHOLE or not word[0].isalpha() or len(word) < 3:
        return frozenset({word})
    found = {word}
    if word in _IRREGULAR:
        found.add(_IRREGULAR[word])
        return frozenset(found)
    found |= _singular(word)
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) > 1:
            found |= _verb(word[: -len(ending)])
    if word.endswith("ied") and len(word) > 4:
        found.add(word[:-3] + "y")
    return frozenset(found)


def _singular(word: str) -> set[str]:
    if not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return set()
    if word.endswith("ies") and len(word) > 4:
        return {word[:-3] + "y", word[:-1]}
    if word.endswith(("ses", "xes", "zes", "ches", "shes", "oes")):
        return {word[:-2], word[:-1]}
    return {word[:-1]}


def _verb(stem: str) -> set[str]:
    if not re.search(r"[aeiouy]", stem):
        return set()
    if len(stem) < 3 and stem not in ("us", "ic"):
        return {stem}
    if len(stem) > 2 and stem[-1] == stem[-2] and stem[-1] not in "aeiou":
        return {stem, stem[:-1]}
    if stem.endswith("ck") and stem[-3:-2] == "i":
        return {stem, stem[:-1]}
    if re.fullmatch(r"[^aeiou]*[aeiouy][bdgklmnprt]", stem):
        return {stem + "e"}
    return {stem, stem + "e"}
