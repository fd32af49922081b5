"""Hedges cut out of a sentence, so that the sentence itself stays.

"It sounds like someone is drilling" becomes "Someone is drilling", "a man appears to be cooking" becomes
"a man is cooking", "possibly a garage" becomes "a garage". How sure a captioner is stands in its claim's
confidence, not in its words. Only the text outside quotations is changed. Pure, in linear time.
"""

import re
from collections.abc import Callable

from prompts.quotes import outside
from prompts.statements import is_sentence

_CUT = "\x00"
_ADVERB = (
    r"(?:(?:quite|very|most|more than) )?(?:possibly|probably|perhaps|maybe|presumably|apparently|"
    r"seemingly|"
    r"potentially|supposedly|conceivably|undoubtedly|most certainly|likely(?! to\b))(?: even)?"
)
_SELF = r"(?:the |this )?(?:it|this|(?:^that)|(?:audio|sound|scene|video|clip|recording|setting)s?)"
_AUXILIARY = re.compile(
    r"\b(?:is|are|was|were|has|have|can|will)\b|\w['’](?:s|re) \w", re.IGNORECASE
)
_PLURAL_AFTER = re.compile(
    r"\s*(?:two|three|four|five|six|several|many|multiple|some \w+s\b|other|people|men|women|"
    r"children|\w+[^s]s\b)",
    re.IGNORECASE,
)
_PLURAL = frozenset(
    [
        "they",
        "these",
        "those",
        "we",
        "you",
        "people",
        "men",
        "women",
        "children",
        "both",
        "all",
        "others",
    ]
)
_TWO_THINGS = re.compile(
    r"\b(?:an?|the|one|some) [\w ]{1,40} and (?:an?|the|another|some) [\w ]{1,40}$", re.IGNORECASE
)
_NO_SUCH_S = ("ss", "us", "is", "ous")

_Replace = str | Callable[[re.Match[str]], str]


def without_hedges(sentence: str) -> str:
    """The sentence without hedges; "" where it only tells that something is not known."""
    if _UNKNOWN.match(sentence):
        return ""
    changed = outside(sentence, _unhedged)
    if changed == sentence:
        return sentence
    changed = _tidied(changed)
    return changed[:1].upper() + changed[1:] if sentence[:1].isupper() else changed


_UNKNOWN = re.compile(
    r"(?:(?:but|and|so),? )?(?:it(?: is|['’]s) (?:\w+ )?(?:unclear|unknown|not (?:\w+ )?(?:clear|"
    r"known|possible)|"
    r"(?:a (?:bit|little) )?(?:hard|difficult|tough|impossible) to (?:say|tell|determine|know|pin|"
    r"make out|understand|discern|distinguish|identify))|.*\bmay or may not\b|"
    r"i(?:['’]m| am) not (?:\w+ )?sure|i (?:do not|don['’]t|can['’]t|cannot) (?:really )?(?:know|"
    r"tell|be sure))"
    r"(?!.*\bbut\b)",
    re.IGNORECASE,
)


def _unhedged(text: str) -> str:
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def _rest(match: re.Match[str]) -> str:
    """After "it sounds like" a clause stands alone, and a thing is what "it" is."""
    start = match.string[match.end() : match.end() + 60].split(",")[0]
    return _CUT if _AUXILIARY.search(start) or is_sentence(start) else "it is "


def _modal(match: re.Match[str]) -> str:
    """ "might be" as "is" or "are", by what stands before it."""
    before = match.string[max(0, match.start() - 90) : match.start()].rstrip()
    last = re.split(r"\W+", before)[-1].lower() if before else ""
    if last == "there":
        return "are" if _PLURAL_AFTER.match(match.string, match.end()) else "is"
    plural = last in _PLURAL or (last.endswith("s") and not last.endswith(_NO_SUCH_S))
    return "are" if plural or _TWO_THINGS.search(before) else "is"


def _was(match: re.Match[str]) -> str:
    return "were" if _modal(match) == "are" else "was"


def third_person(verb: str) -> str:
    """A verb as "she" has it: "watches", "carries", "has"."""
    irregular = {"be": "is", "have": "has", "do": "does", "go": "goes"}
    if verb in irregular:
        return irregular[verb]
    if re.search(r"(?:s|sh|ch|x|z|o)$", verb):
        return f"{verb}es"
    return f"{verb[:-1]}ies" if re.search(r"[^aeiou]y$", verb) else f"{verb}s"


def _rule(pattern: str, replacement: _Replace) -> tuple[re.Pattern[str], _Replace]:
    return re.compile(pattern, re.IGNORECASE), replacement


_RULES: list[tuple[re.Pattern[str], _Replace]] = [
    _rule(
        r"(?:it(?:['’]s| is) (?:hard|difficult) to (?:say|tell)|i(?:['’]m|"
        r" am) not (?:\w+ )?sure)[^.,]{0,60},? but ",
        _CUT,
    ),
    _rule(r"(?:from what|as far as) (?:i|we|you|one) can (?:tell|hear|see|make out),? ", _CUT),
    _rule(
        r",? (?:from what|as far as) (?:i|we|you|one) can (?:tell|hear|see|make out)(?=[.,;]|$)", ""
    ),
    _rule(
        r"\b(?:i think|i believe|i guess|i assume|i suppose|i suspect|i imagine|i(?:['’]d|"
        r" would) (?:say|guess))(?: that)?,? ",
        _CUT,
    ),
    _rule(r",? i (?:think|believe|guess|suppose|assume)(?=[.,;!]|$)", ""),
    _rule(r",? you know(?=[,.;!]|$)", ""),
    _rule(r"\b(?:in my opinion|to my ear|if i['’]m not mistaken),? ", _CUT),
    _rule(
        r"\bit(?:['’]s| is) (?:\w+ )?(?:possible|likely|probable|apparent|plausible|clear|"
        r"evident) that ",
        _CUT,
    ),
    _rule(
        rf"\b{_SELF} (?:seems?|appears?|sounds?|looks?|feels?)(?: very much| a lot| almost|"
        rf" kind of)? (?:like|as if|as though) ",
        _rest,
    ),
    _rule(r"\bit (?:seems|appears|looks)(?: to me)? that ", _CUT),
    _rule(
        r"\bit (?:seems|appears) (?=(?:an?|the|there|some\w*|people|two|he|she|they|it)\b)", _CUT
    ),
    _rule(r"\bcould(?: also)? be (?=(?:\w+ly )?\w+ed\b)", "can be "),
    _rule(rf"\b{_SELF} (?:could|might|may|must)(?: also| well)? be (?=\w+ing\b)", "it is "),
    _rule(r"\bthere (?:seems|appears) to be\b", "there is"),
    _rule(r"\bthere (?:seem|appear) to be\b", "there are"),
    _rule(r"\bwhat (?:seems|appears|appear|looks|sounds)(?: to be| to have been| like) ", _CUT),
    _rule(r"\bis likely to be\b", "is"),
    _rule(r"\bare likely to be\b", "are"),
    _rule(r"\b(?:seems|appears|looks) to be\b", "is"),
    _rule(r"\b(?:seem|appear|look) to be\b", "are"),
    _rule(r"\b(?:seemed|appeared|looked) to be\b", _was),
    _rule(r"\b(?:appearing|seeming) to be (?=\w+ing\b)", _CUT),
    _rule(r"\b(?:seems|appears) to ([a-z]+)\b", lambda match: third_person(match[1].lower())),
    _rule(r"\b(?:seem|appear) to (?=[a-z]+\b)", _CUT),
    _rule(r"\b(?:may|might|could)(?: also)? be (?=(?:\w+ly )?(?:heard|seen)\b)", "can be "),
    _rule(
        r"\b(?:may|might|could|must)(?: also| well| possibly)? be\b(?! (?:used|found|felt|made|"
        r"noticed|observed|said)\b)",
        _modal,
    ),
    _rule(r"\b(?:may|might|could|must) have been\b", _was),
    _rule(
        r",? (?:(?:possibly|perhaps|probably|maybe|likely) )?(?:suggesting|implying|hinting at|"
        r"hinting|indicating that|"
        r"which (?:suggests|implies|could|might|may))\b[^.;]*?(?=[.;]|$|, (?:and|while|as|with|"
        r"then)\b)",
        "",
    ),
    _rule(rf"^{_ADVERB},? ", _CUT),
    _rule(rf", {_ADVERB}, (?!and\b|or\b)", f" {_CUT}"),
    _rule(rf"\b{_ADVERB}(?: |(?=[,.;)]|$))", _CUT),
    _rule(
        r",?\s*\bor (?:something|someone)(?: (?:similar|like (?:that|it)|else|of the sort|"
        r"of that sort)\b|(?=[.,;!?]|$))",
        "",
    ),
]


def _tidied(text: str) -> str:
    """With the right article before a cut, and without marks and spaces that lead nowhere."""
    text = re.sub(
        rf"\b([Aa])n?\s*{_CUT}[\s{_CUT}]*(?=([a-zA-Z]))",
        lambda match: f"{match[1]}{'n' if match[2].lower() in 'aeiou' else ''} ",
        text,
    )
    text = " ".join(text.replace(_CUT, "").split())
    text = re.sub(r"\s+([,.;!?])", r"\1", text)
    text = re.sub(r"([,;])[,;]+|\(\s*\)", r"\1", text)
    return re.sub(r"^[\s,;]+|[\s,;]+$", "", text)
