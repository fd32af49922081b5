"""What is said: quotations and the language."""

from prompts.meaning.evidence import Caption, Sides
from prompts.meaning.findings import Finding
from prompts.meaning.likeness import Likeness
from prompts.meaning.vocabulary import LANGUAGES
from prompts.quotes import is_spoken, quotations

_SHOWN = 40


def misquoted(like: Likeness, caption: Caption, sides: Sides) -> Finding | None:
    """A quotation whose words stand in no transcript and no text of this side."""
    sources = sides.of(caption.name).quotable
    for quotation in quotations(caption.text):
        if not any(is_spoken(quotation, source) for source in sources):
            return Finding("quotation", "refused", quotation[:_SHOWN])
    return None


def another_language(like: Likeness, caption: Caption, sides: Sides) -> Finding | None:
    """A language that the evidence does not name: refused where it names another one."""
    known = {word.text for word in sides.of(caption.name).words} & LANGUAGES
    for word in caption.parsed.words:
        if word.text in LANGUAGES - known:
            return Finding("language", "refused" if known else "doubt", word.text)
    return None
