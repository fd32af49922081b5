"""From a captioner's free text to what evidence keeps of it.

Captioners that speak in sentences hedge, chat and quote. Hedges ("appears to", "possibly") and chat
("If you have any questions ...", "The audio contains") are cut out, so that a correct sentence stays; the
rest is kept with its facts. Words in quotation marks are what somebody says or a sign reads: they stay in
their frame, as a quotation. What is left is dropped where it is no description: an order, a refusal, talk
of our own apparatus, markup, another language. Too long a text is cut where a sentence or a clause ends.
Pure, in linear time.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from manifests.chat import REFUSAL, without_offer, without_opener
from prompts.hedges import without_hedges
from prompts.inert import inert
from prompts.leaks import meta
from prompts.lints import command, empty, hedge, language, leak, loop, markup, truncated
from prompts.orders import order
from prompts.quotes import excerpt, outside, quotations, without_quotations

_READ = 8
"""Times the characters of a statement that are looked at: none is longer before it is cleaned."""

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[\"“A-Z0-9])")
# Where a sentence can end: before these a clause is whole.
_CLAUSE_END = re.compile(r"[,;]\s|\s(?:and|while|as|before|after|with|which|who|then|but)\s")
_TRAILING = re.compile(
    r"(?:,?\s+(?:and|while|as|before|after|with|which|who|then|but|or))+$|[\s,;:-]+$", re.IGNORECASE
)
# Words after which single quotation marks hold what is said or written.
_FRAME = (
    r"(?:sa(?:y|ys|ying|id)|reads?|reading|writes?|written|words?|texts?|phrases?|signs?|titles?|titled|"
    r"label(?:s|ed|led)?|captions?|subtitles?|banners?|headlines?|slogans?|messages?|inscriptions?|"
    r"shouts?|shouting|yells?|yelling|whispers?|whispering|exclaims?|announces?|announcing|chants?|"
    r"repl(?:y|ies)|sings?|singing|lyrics?|asks?|asking|called|named|marked|logos?|displays?)"
)
_UNMARKED = re.compile(
    r"(\b(?:reads?|reading|says?|saying|states?|displays?):\s+)([^\"“'‘\s][^\"“”]*?)(?=[.!?]?$)",
    re.IGNORECASE,
)
_SINGLE = re.compile(rf"(\b{_FRAME}[,:]?\s+)['‘](\S(?:.*?\S)?)['’](?=[\s.,;!?)]|$)", re.IGNORECASE)
_OPENING = re.compile(r"(?:(?<=^)|(?<=[\s(\[—,:]))[\"“«](?=\S)")
_CLOSING = re.compile(r"[\"”»](?=[.,;!?)]*(?:\s|$))")
# Words of another script are read from a sign or heard, and said by no captioner itself.
_LETTERS = r"[\u0370-\u1dff\u3040-\u318f\u3400-\u9fff\uac00-\ud7af]"
_SCRIPT = re.compile(rf"{_LETTERS}(?:[\s，。、！？：・-]*{_LETTERS})*")
_SIGNS = ((re.compile(r"#(?=\d)"), "number "), (re.compile(r"\b([A-G])#"), r"\1 sharp"))
_MARKS = re.compile(r"[{}<>|\\`*_\[\]~=\"“”«»]")
_EMPHASIS = re.compile(r"\*+|`+|(?<!\w)_+|_+(?!\w)|(?<=\w)~|~(?=\d)")
# A noun phrase of one who does something: "a woman in a hat speaking to a crowd".
_DOING = re.compile(
    r"((?:an?|the|one|another|some) (?:[\w-]+ ){0,3}(?:man|woman|boy|girl|person|child|baby|dog|"
    r"cat|bird|guy|lady|kid|"
    r"player|singer|speaker|narrator|commentator|announcer|reporter|musician|crowd|teacher|chef|"
    r"driver|host|horse|cow|"
    r"infant|toddler|teenager|male|female)|someone|somebody) "
    r"(\w{2,}ing)(?= (?:in|on|at|to|with|into|over|from|about|through|down|up|around|an?|the|his|"
    r"her|their|its|loudly|"
    r"softly|quietly|and|while|as)\b|[ ,]*$|, | \w+ly\b)",
    re.IGNORECASE,
)
_FINITE = re.compile(
    r"\b(?:is|are|was|were|has|have|had|can|will|does|do|\w+ed|\w{2,}(?<![su'])s)\b", re.IGNORECASE
)


def normalised(text: str, at_most: int) -> str:
    """What evidence keeps of a text, in at most so many characters; "" for nothing.

    >>> normalised("It sounds like a man is speaking. If you have any questions, feel free to ask.", 240)
    'A man is speaking.'
    """
    return _normalised(text[: _READ * at_most], at_most)


@lru_cache(maxsize=1024)  # asked for a fact and again for the prompt
def _normalised(text: str, at_most: int) -> str:
    text = fenced(" ".join(text.split()), at_most // 2)
    kept = []
    for sentence in _sentences(text):
        if order(without_quotations(sentence)) or markup(_plain(sentence)):
            return ""
        if plain := _said(sentence):
            kept.append(plain)
    whole = _shortened(" ".join(kept), at_most)
    return whole if whole and _describes(whole) else ""


def fenced(text: str, quoted_at_most: int) -> str:
    """The text with each quotation between one pair of marks and nothing in it that could end it.

    Single marks after a word of saying or reading become “ and ”; what follows "reads:", and words of
    another script, are put between such; a quotation that is not closed is closed at the end.
    quoted_at_most: characters of one.
    """
    for unfenced in (_SINGLE, _UNMARKED):
        text = unfenced.sub(lambda match: f"{match[1]}“{_held(match[2], quoted_at_most)}”", text)
    parts, at = [], 0
    while opening := _OPENING.search(text, at):
        closing = _closing(text, opening.end())
        start, end = (closing.start(), closing.end()) if closing else (len(text), len(text))
        quoted = text[opening.end() : start].rstrip(" " if closing else " .")
        if closing and not _MARKS.search(quoted) and len(quoted) <= quoted_at_most:
            parts += [text[at : opening.end()], text[opening.end() : end]]
        else:
            parts += [text[at : opening.start()], f"“{_held(quoted, quoted_at_most)}”"]
        at = end
    # A mark that opens nothing is of inches.
    parts.append(re.sub(r"(?<=\d)\"", " inch", text[at:]))
    return outside("".join(parts), lambda part: _SCRIPT.sub(r"“\g<0>”", part))


def _closing(text: str, start: int) -> re.Match[str] | None:
    """Where a quotation ends: where as many were closed as opened, else at the last mark that closes."""
    openings = [match.start() for match in _OPENING.finditer(text, start)]
    last = None
    for closed, last in enumerate(_CLOSING.finditer(text, start)):
        if closed == sum(opening < last.start() for opening in openings):
            return last
    return last


def _held(quoted: str, at_most: int) -> str:
    """The words of a quotation as inert text, marks of markup aside."""
    words = excerpt(re.sub(r"[{}\[\]]", " ", quoted), at_most)
    return " ".join(re.sub(r"[*_`~=]", " ", inert(words)).split())


def _sentences(text: str) -> Iterator[str]:
    """The sentences of a text; none ends inside a quotation."""
    held = [match.span() for match in re.finditer(r"[\"“«][^\"“”«»]*[\"”»]", text)]
    start = 0
    for end in _SENTENCE_END.finditer(text):
        if not any(first < end.start() < last for first, last in held):
            yield text[start : end.start()]
            start = end.end()
    yield text[start:]


def _plain(sentence: str) -> str:
    """Without marks of emphasis, which say nothing, and with signs in words."""
    return outside(sentence, _in_words)


def _in_words(text: str) -> str:
    for sign, word in _SIGNS:
        text = sign.sub(word, text)
    return _EMPHASIS.sub("", text)


def _said(sentence: str) -> str:
    """What one sentence says of the clip, "" for nothing."""
    sentence = without_offer(without_opener(_plain(sentence)))
    if REFUSAL.match(sentence):
        return ""
    sentence = _whole(without_hedges(without_opener(without_hedges(sentence))))
    return "" if meta(without_quotations(sentence)) else sentence


def _whole(sentence: str) -> str:
    """A sentence that broke off, up to its last whole clause; one that lacks its "is", with it."""
    match = _DOING.match(sentence)
    if match and not _FINITE.search(without_quotations(sentence[match.end() :])):
        sentence = f"{match[1]} is {sentence[match.start(2) :]}"
    if truncated(sentence) is None:
        return sentence
    return _up_to(_CLAUSE_END, sentence.rstrip(" .,;:-"))


def _shortened(text: str, at_most: int) -> str:
    """The text, cut at its last sentence or clause that ends within the limit; "" without any."""
    if len(text) <= at_most:
        return text
    head = text[: at_most + 1]  # what follows shows that something ends there
    return _up_to(_SENTENCE_END, head) or _up_to(_CLAUSE_END, head)


def _up_to(ends: re.Pattern[str], text: str) -> str:
    """The longest start of a text up to such an end that is whole; "" without any."""
    for end in reversed(list(ends.finditer(text))):
        start = _TRAILING.sub("", text[: end.start()])
        if start and truncated(start) is None:
            return start
    return ""


def _describes(text: str) -> bool:
    """Whether a text that was cleaned describes a clip. A quotation alone says nobody's words."""
    bare = without_quotations(text)
    if quotations(text) and len(re.findall(r"[^\W\d_]+", bare)) < 2:
        return False
    faults = (empty, leak, command, hedge, markup, loop, truncated, language)
    return all(fault(text) is None for fault in faults)
