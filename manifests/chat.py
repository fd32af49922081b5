"""What a chat model says around its answer: openers ("The audio contains"), offers ("feel free to ask")
and talk of what it can't do. None of it is about the clip. Pure, in linear time."""

import re

_MEDIUM = (
    r"(?:the|this|these|an?) (?:(?:short|given|provided|audio|video|sound) )*"
    r"(?:audio|video|sound|clip|recording|track|footage|images?|pictures?|scene|frames|"
    r"(?:series|sequence) of (?:images|frames))"
)
OPENER = re.compile(
    rf"(?:{_MEDIUM}(?:,? (?:then|also|mainly|primarily|clearly))? "
    r"(?:shows?|features?|depicts?|captures?|contains?|consists? of|"
    r"(?:begins?|starts?|opens?) with|(?:is|are|seems? to be) (?:a recording )?of)(?: that)?:? "
    r"(?!.*\b(?:and|then) (?:ends|shows|cuts|transitions|continues|moves|pans|includes)\b)|"
    r"(?:this|it)(?: is|['’]s) (?:an? )?(?:short )?(?:audio|video|image|picture|photo|recording|clip)"
    r"(?: clip| recording)? of |as (?:we|you) can (?:see|hear),? |"
    r"(?:unfortunately, )?i (?:can(?:no|['’])t|can not|couldn['’]t) [^.,]{1,80},? but |"
    rf"in {_MEDIUM}(?:, | (?=(?:we|you|i|one|there)\b))|"
    r"(?:well|so|hmm|okay|ok|oh|yeah|alright|overall|in summary|to sum up)[,!] |"
    r"based on (?:the|this|what) [^,.]{1,40}, )",
    re.IGNORECASE,
)
"""What may stand before what is heard or seen, and says nothing itself."""
_SENSED = re.compile(
    r"(?:we|you|i|one) (?:(?:can|could|may) )?(?:also |clearly |now )?"
    r"(see|hear|observe|notice|heard|saw)s? "
    r"(?:that )?",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|can|while|as)\b|['’](?:s|re)\s\w+ing\b|[,;]", re.IGNORECASE
)
_TOO = re.compile(r",? (too|as well|also)$", re.IGNORECASE)
_LONG = 12
"""Words from which on "can be heard" stands too far from what is heard."""

REFUSAL = re.compile(
    r"(?:i(?:['’]m| am) (?:sorry|unable|not able)|sorry(?=[,.])|i apologi[sz]e|"
    r"i (?:cannot|can['’]t|do not have|don['’]t have)|as an? (?:ai|language model)|"
    r"unfortunately, i)\b",
    re.IGNORECASE,
)
"""How a sentence begins in which a model speaks of what it can't do."""

_OFFER = (
    r"(?:if you\b|feel free\b|(?:please |just )?(?:let|tell) me know\b|(?:i )?hope (?:this|that|"
    r"it) helps\b|"
    r"would you (?:like|care|prefer|mind)\b|do you (?:have|want|need|know|think)\b|"
    r"is there (?:anything|something) (?:else|specific|more)\b|what (?:do|would|"
    r"else) (?:do )?you\b|"
    r"how (?:can|may) i\b|i(?:['’]d| would) (?:be )?(?:happy|glad|love)\b|"
    r"you can (?:always )?ask\b|"
    r"thank(?:s| you) for (?:asking|sharing|your (?:question|message))\b|please (?:note|"
    r"feel free)\b|"
    r"(?:i )?(?:look|am looking) forward\b|have you (?:ever|got)\b|don['’]t hesitate\b|"
    r"(?:is|are) you\b|it['’]s up to you\b)"
)
_OFFERED = re.compile(
    rf"(?:(?:so|but|and|well|also|anyway|please|just),? )*{_OFFER}", re.IGNORECASE
)
_OFFERED_LAST = re.compile(
    r"(?:,|;| -| –| —) (?:so |and |but |please |just )*(?:feel free\b|let me know\b|"
    r"if you (?:have|need|want|"
    r"would|['’]d)\b|don['’]t hesitate\b).*$",
    re.IGNORECASE,
)


def without_opener(sentence: str) -> str:
    """The sentence without what stands before what is heard or seen.

    >>> without_opener("In this audio, you can hear the wind too.")
    'The wind can be heard too.'
    """
    while True:
        if match := OPENER.match(sentence):
            sentence = _capital(sentence[match.end() :])
        elif match := _SENSED.match(sentence):
            rest = _capital(sentence[match.end() :])
            sentence = _heard(rest) if match[1].lower() == "hear" else rest
        else:
            return sentence


def without_offer(sentence: str) -> str:
    """The sentence without an offer at its end; "" where it is nothing else."""
    return "" if _OFFERED.match(sentence) else _OFFERED_LAST.sub("", sentence)


def _heard(thing: str) -> str:
    """What is heard, as a clause: "The wind can be heard"; what has a verb or much to tell stays."""
    bare = thing.rstrip(" .!")
    if not bare or _VERB.search(bare) or len(bare.split()) > _LONG:
        return thing
    too = _TOO.search(bare)
    end = f" {too[1].lower()}" if too else ""
    return f"{bare[: too.start()] if too else bare} can be heard{end}{thing[len(bare) :].strip()}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
