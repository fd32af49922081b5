"""Statements of captioners as sentences: which are whole, and where a long one may be cut.

English tells a sentence from a noun phrase by its finite verb. It is looked for with a list of
auxiliaries, a list of verbs that captions use, and what stands before; relative and subordinate clauses
have verbs of their own that do not count. Where that is not sure a text counts as no sentence. Pure.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prompts.words import sentence_words

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*|[,;:]")
_QUOTED = re.compile(r'["“«][^"”»]*["”»]?')
_AUXILIARIES = sentence_words("auxiliaries")
_PRONOUNS = sentence_words("pronouns")
_CONTRACTED = re.compile(r"(?:he|she|it|there|that|they|we|you|i|who|someone)['’](?:s|re|m|ve)")
_SUBORDINATE = sentence_words("subordinate")
_ONE = sentence_words("one")
_BEFORE_NOUNS = sentence_words("before_nouns")
_AFTER_VERBS = sentence_words("after_verbs")
_MASS = sentence_words("mass")
_NO_VERBS = sentence_words("no_verbs")
_PLURALS = sentence_words("plurals")
_VERBS = sentence_words("verbs")
_DANGLING = sentence_words("dangling")
_NO_START = (
    _SUBORDINATE
    | _AUXILIARIES
    | (_PRONOUNS - {"one", "both", "people", "someone", "somebody", "something"})
    | (
        _AFTER_VERBS
        - {"a", "an", "the", "his", "her", "its", "their", "two", "three", "several", "some"}
    )
    | sentence_words("no_start")
)
_STRONG = re.compile(
    r";\s|,?\s(?:while|as|before|after|when|then)\s|,\s(?:and|but|with|which|who|where)\s|,\s(?=\w+ing\b)"
)
_WEAK = re.compile(
    r"\s(?:with|in|on|at|near|from|behind|under|over|through|beside|towards?|into|onto)\s"
)


def is_sentence(text: str) -> bool:
    """Whether the text has a subject and a finite verb, as far as that is sure."""
    listed = [word.lower() for word in _WORD.findall(_QUOTED.sub(" ", text))]
    # Looked up once: a text of thousands of words costs time in proportion.
    joined = listed.index("and", 1) if "and" in listed[1:] else len(listed)
    commas = list(
        accumulate((at if word in (",", ";") else -1 for at, word in enumerate(listed)), max)
    )
    return any(
        _is_finite(listed, at, commas[at - 1] if at else -1, joined < at - 1)
        for at in _main(listed)
    )


def is_phrase(text: str) -> bool:
    """Whether the text is a noun phrase or names an activity: "a red car", "dogs barking", "hammering". A
    text that may hold a verb which is not known is neither that nor a sentence."""
    listed = [word.lower() for word in _WORD.findall(text)]
    if not listed or is_sentence(text) or "," in listed:
        return False
    if listed[0] in _NO_START or listed[0].endswith("ly") or text.endswith(("?", "!")):
        return False
    return not any(
        _ends_in_s(listed[at])
        and listed[at - 1] not in _BEFORE_NOUNS
        and listed[at] not in _NO_VERBS
        for at in _main(listed)
        if at
    )


def whole(text: str) -> str:
    """The text without words at its end that need another one after them, as a reply that was cut has."""
    parts = text.split()
    while parts and parts[-1].lower().rstrip(",;:") in _DANGLING:
        parts.pop()
    return " ".join(parts).rstrip(" ,;:.!?") if parts else ""


def cut(text: str, at_most: int) -> str | None:
    """A sentence of at most so many characters, the longest start that ends where a clause does, or
    else a phrase; None where there is none."""
    if len(text) <= at_most:
        return text
    for joint in (_STRONG, _WEAK):
        for match in reversed(list(joint.finditer(text[: at_most + 40]))):
            start = whole(text[: match.start()])
            closed = len(re.findall(r'["“”«»]', start)) % 2 == 0
            if len(start) <= at_most and closed and is_sentence(start):
                return start
    return None


def _main(listed: Sequence[str]) -> Iterator[int]:
    """Places of words that are in no relative or subordinate clause."""
    inside = False
    for at, word in enumerate(listed):
        if word in (",", ";"):
            inside = False
        elif word in _SUBORDINATE and not (word == "that" and at == 0):
            inside = True
        elif not inside:
            yield at


def _is_finite(listed: Sequence[str], at: int, comma: int, joined: bool) -> bool:
    """Whether the word at this place is a finite verb. comma: the place of the last one before it, or -1.
    joined: whether there is an "and" between the first word and the one before."""
    word, before = listed[at], listed[at - 1] if at else ""
    after = listed[at + 1] if at + 1 < len(listed) else ""
    if _CONTRACTED.fullmatch(word) or (word in _AUXILIARIES and at > 0):
        return True
    if not at or word in _NO_VERBS or before in (",", ";"):
        return False
    if at == 1 and before in _PRONOUNS and _ends_in_s(word) and _stems(word) & _VERBS:
        return True  # "this sounds like ..."
    first = {listed[0], listed[comma + 1]}
    plural = before in _PLURALS or before in _PRONOUNS or _ends_in_s(before)
    coordinated = joined and bool(first & _ONE)
    if word in _VERBS:
        adverb = before.endswith("ly")
        return (plural or coordinated or adverb) and before not in _NO_VERBS
    if not _ends_in_s(word) or before in _BEFORE_NOUNS:
        return False
    if (
        first & _ONE
        and (not after or after in _AFTER_VERBS or after.endswith("ly") or after == ",")
        and not (_BEFORE_NOUNS - _ONE) & set(listed[comma + 2 : at])
    ):
        return True
    single = before in _PRONOUNS or before in _MASS or bool(first & (_ONE | {"the"}))
    return single and bool(_stems(word) & _VERBS)


def _ends_in_s(word: str) -> bool:
    return word.endswith("s") and not word.endswith(("ss", "us", "'s", "’s")) and len(word) > 2


def _stems(word: str) -> set[str]:
    return {word[:-1], word.removesuffix("es"), word.removesuffix("ies") + "y"}
