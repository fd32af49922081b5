"""The answer of a chat model as plain sentences: without markup, openers, offers and refusals."""

import re
from collections.abc import Iterator

from manifests.chat import REFUSAL, without_offer, without_opener
from manifests.sentences import finished

_MARKUP = re.compile(r"\*+|`+|(?<!\w)_+|_+(?!\w)")
_LISTED = re.compile(r"(?:[-*•]|\d{1,2}[.)])\s+")
_QUOTES = {'"': '"', "“": "”", "«": "»", "'": "'"}
_SENTENCE_END = re.compile(r"[.!?][\"”’)]*(?=\s|$)")
_LABEL = re.compile(
    r"(?:(?:caption|description|answer): |(?:sure|certainly|of course)[,!.](?: |$)|"
    r"here(?: is|'s|’s) [^.:]*: )",
    re.IGNORECASE,
)


def cleaned(text: str, unfinished: bool = False) -> str:
    """A model's answer as whole sentences on one line, or "" for a refusal.

    Without markup, quotes around all of it, openers ("The video shows"), offers ("feel free to ask") and
    sentences in which the model speaks of what it can't do. unfinished: it was cut off; the last sentence
    is left out if it is not the only one.
    """
    text = _unquoted(" ".join(_lines(text)))
    if unfinished and (ends := [m.end() for m in _SENTENCE_END.finditer(text)]):
        text = text[: ends[-1]]
    sentences = [plain for part in re.split(r"(?<=[.!?])\s+", text) if (plain := _unopened(part))]
    if not sentences or REFUSAL.match(sentences[0]):
        return ""
    return finished(" ".join(sentence for sentence in sentences if not REFUSAL.match(sentence)))


def _lines(text: str) -> Iterator[str]:
    """The lines of an answer without markup; points of a list become sentences, headings nothing."""
    for line in text.splitlines():
        line = " ".join(line.split())
        if line.startswith(("#", "```")):
            continue
        plain = _MARKUP.sub("", _LISTED.sub("", line, count=1) if _LISTED.match(line) else line)
        if plain := plain.strip():
            yield finished(plain) if _LISTED.match(line) else plain


def _unquoted(text: str) -> str:
    """The text without quotes that stand around all of it."""
    closing = _QUOTES.get(text[:1])
    if closing is not None and text.endswith(closing) and closing not in text[1:-1]:
        return text[1:-1].strip()
    return text


def _unopened(sentence: str) -> str:
    """The sentence without openers, labels and offers."""
    before = None
    while sentence != before:
        before = sentence
        if match := _LABEL.match(sentence):
            rest = sentence[match.end() :]
            sentence = rest[:1].upper() + rest[1:]
        sentence = without_opener(sentence)
    return without_offer(sentence)
