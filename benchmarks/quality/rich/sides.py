"""A clip's evidence as the two parsed sides that captions are compared with, and what comes of it.

All that the bench knows of `prompts.meaning` stands here.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.quality.rich.report import Outcome
from captioners.minilm import MiniLM
from captioners.weights.models import Models
from manifests.captions import CaptionName
from prompts.meaning.compare import Comparison, Finding, Side
from prompts.meaning.likeness import Likeness
from prompts.meaning.parsing import parse
from prompts.meaning.wordnet import WordNet
from prompts.quotes import is_spoken, quotations, without_quotations

_SINGLE = re.compile(r"(?<!\w)['‘]([^'‘’\n]{3,}(?:[’'](?=\w)[^'‘’\n]*)*)['’](?!\w)")
"""A quotation between single marks; an apostrophe inside a word does not end it."""


def likeness() -> Likeness:
    """Relations of words by WordNet and all-MiniLM-L6-v2, which are fetched if they are not here."""
    models = Models()
    wordnet = WordNet(models.fetch("wordnet") / "wordnet.sqlite")
    return Likeness(wordnet, MiniLM(models.fetch("all-minilm-l6-v2")))


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges the captions of one clip. told: transcripts and sentences of the evidence, where a quotation
    may come from."""

    comparison: Comparison
    told: tuple[str, ...]

    def __call__(self, name: CaptionName, caption: str) -> Outcome:
        """The worst outcome of all findings."""
        text = _marked(caption)
        findings = self.comparison.findings(name, text)
        for quotation in quotations(text):
            if not any(is_spoken(quotation.rstrip("., "), words) for words in self.told):
                findings.append(Finding("quotation", "refused", quotation))
        outcomes = {finding.outcome for finding in findings}
        return "refused" if "refused" in outcomes else "doubt" if outcomes else "accepted"


def judge(evidence: Sequence[Mapping[str, Any]], like: Likeness) -> Judge:
    """Parses the evidence of a clip, a list of items as the case files have them."""
    heard, seen = (_side(evidence, modality, like) for modality in ("audio", "video"))
    said = (item.get("transcript") or item.get("text") for item in evidence)
    return Judge(Comparison(like, heard, seen), tuple(words for words in said if words))


def _side(evidence: Sequence[Mapping[str, Any]], modality: str, like: Likeness) -> Side:
    """Sentences without what they quote, tags as phrases. A transcript tells that somebody speaks; its
    words count as heard, whatever they claim."""
    texts, spoken = [], []
    for item in evidence:
        if item["modality"] != modality:
            continue
        if "text" in item:
            texts.append(without_quotations(_marked(item["text"])))
        texts += [re.sub("[(),]", " ", label.lower()) for label, _ in item.get("tags", ())]
        if "transcript" in item:
            texts.append("a person speaks")
            spoken.append(item["transcript"])
    side = Side(modality, parse(texts, like.wordnet))
    for readings in parse(spoken, like.wordnet):
        side.words += [word for word in readings[0].words if word.is_content]
    return side


def _marked(text: str) -> str:
    """The text with quotations between double marks."""
    return _SINGLE.sub(r"“\1”", text)
