"""The guards that hold captions against evidence: by words, and where captioners speak in sentences by
meaning (`prompts.meaning`). Pure; models are handed in.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from manifests.captions import CaptionClaim, CaptionName, CaptionSet
from manifests.evidence import Evidence
from manifests.faults import Fault
from prompts import grounding, provenance
from prompts.fallback import template
from prompts.lints import FAULTS as OF_FORM
from prompts.listing import claims_of
from prompts.meaning.compare import FAULTS as OF_MEANING
from prompts.meaning.compare import Comparison
from prompts.meaning.events import Events
from prompts.meaning.evidence import Side, Sides
from prompts.meaning.likeness import Likeness
from prompts.merging import Same
from prompts.nearness import Nearness
from prompts.quotes import without_quotations
from prompts.schema import CAPTION_CHARS
from prompts.selection import Facts, select
from prompts.violations import Violation
from prompts.words import tokens

Named = tuple[CaptionName, str]
"""A caption: which of the three, and its text."""

# Clips whose parsed evidence is kept: the captions of one come one rung after another.
_KEPT = 64


@dataclass(frozen=True, eq=False)
class ByWords:
    """Guards that go by words, for what taggers say."""

    caption_chars: int
    near: Nearness | None
    names = grounding.FAULTS

    def select(self, evidence: Evidence) -> Facts:
        """As `Guards.select`."""
        near = self.near.alike if self.near else None
        return select(evidence, Same(near, near), self.caption_chars)

    def template(self, facts: Facts) -> CaptionSet:
        """As `Guards.template`."""
        return template(facts, self.caption_chars)

    def ground(self, facts: Facts, captions: Sequence[Named]) -> list[list[Violation]]:
        """As `Guards.ground`."""
        return [
            grounding.ground(name, self._as_read(name, text, facts), facts)
            for name, text in captions
        ]

    def claims(self, name: CaptionName, text: str, facts: Facts) -> tuple[CaptionClaim, ...]:
        """The claims of a caption, with what speaks for each."""
        return provenance.claims(name, self._as_read(name, text, facts), facts)

    def _as_read(self, name: CaptionName, caption: str, facts: Facts) -> str:
        """A caption as grounding and provenance by words read it."""
        return caption if self.near is None else self.near.read(name, caption, facts)


class ByMeaning:
    """Guards that compare sentences by what they mean, where a captioner speaks in sentences."""

    names: tuple[Fault, ...] = ("misquoted", *OF_MEANING, "lost")

    def __init__(self, caption_chars: int, near: Nearness | None, like: Likeness) -> None:
        self._caption_chars = caption_chars
        self._near = near
        self._like = like
        self._events = Events(like)
        self._comparisons: OrderedDict[Facts, Comparison] = OrderedDict()

    def select(self, evidence: Evidence) -> Facts:
        """As `Guards.select`."""
        # Read together, which is faster than pair by pair.
        self._events.read([claim.text for claim in claims_of(evidence, self._caption_chars)])
        same = Same(self._are_one_thing, self._events.alike, self._events.tells)
        return select(evidence, same, self._caption_chars)

    def template(self, facts: Facts) -> CaptionSet:
        """As `Guards.template`."""
        return template(facts, self._caption_chars, self._events.alike, self._events.tells)

    def ground(self, facts: Facts, captions: Sequence[Named]) -> list[list[Violation]]:
        """As `Guards.ground`."""
        judged = self._comparison(facts).judge(captions)
        return [
            [
                *grounding.said_that_is_sung(name, text, facts),
                *(Violation(f.kind, name, f.detail, f.outcome == "doubt") for f in findings),
                *self._lost(name, text, facts),
            ]
            for (name, text), (_, findings) in zip(captions, judged, strict=True)
        ]

    def claims(self, name: CaptionName, text: str, facts: Facts) -> tuple[CaptionClaim, ...]:
        """The claims of a caption, with what speaks for each."""
        return provenance.claims_by_event(name, text, facts, self._events)

    def _are_one_thing(self, first: str, second: str) -> bool:
        """Whether two names of classes are as good as the same. Embeddings decide about names only: of
        sentences "a calm man speaks" is near to "an angry woman speaks"."""
        near = self._near is not None and self._near.alike(first, second)
        return near or self._events.alike(first, second)

    def _lost(self, name: CaptionName, text: str, facts: Facts) -> list[Violation]:
        """What a caption must tell and tells neither by what happens nor by its words; at most one."""
        told = tokens(without_quotations(text))
        lost = [
            fact.text
            for fact in grounding.facts_of(name, facts)
            if fact.must
            and not grounding.is_said(fact, told)
            and not self._events.told(text, fact.text)
        ]
        return [Violation("lost", name, "; ".join(lost))] if lost else []

    def _comparison(self, facts: Facts) -> Comparison:
        if facts not in self._comparisons:
            self._comparisons[facts] = Comparison(self._like, sides(self._like, facts))
            if len(self._comparisons) > _KEPT:
                self._comparisons.popitem(last=False)
        return self._comparisons[facts]


class Guards:
    """What selects facts and checks captions under one profile.

    caption_chars: of a caption at most. near: reads words that the word table lacks. like: compares
    captions of clips with sentences; without it words decide there too.
    """

    def __init__(
        self,
        caption_chars: int = CAPTION_CHARS,
        near: Nearness | None = None,
        like: Likeness | None = None,
    ) -> None:
        self.caption_chars = caption_chars
        self.near = near
        self._by_words = ByWords(caption_chars, near)
        self._of_rich = ByMeaning(caption_chars, near, like) if like else self._by_words

    def select(self, evidence: Evidence) -> Facts:
        """The facts of one clip."""
        return self._for(is_rich(evidence)).select(evidence)

    def template(self, facts: Facts) -> CaptionSet:
        """What the template writes of a clip."""
        return self._for(facts.is_rich).template(facts)

    def ground(self, facts: Facts, captions: Sequence[Named]) -> list[list[Violation]]:
        """What speaks against each of some captions of one clip."""
        return self._for(facts.is_rich).ground(facts, captions)

    def names(self, facts: Facts) -> tuple[Fault, ...]:
        """The guards that each caption of a clip must pass, by their faults, in their order."""
        return tuple(dict.fromkeys((*OF_FORM, *self._for(facts.is_rich).names)))

    def claims(self, facts: Facts, captions: Sequence[Named]) -> list[CaptionClaim]:
        """The claims of captions of one clip, with what speaks for each."""
        guards = self._for(facts.is_rich)
        return [claim for name, text in captions for claim in guards.claims(name, text, facts)]

    def _for(self, rich: bool) -> ByWords | ByMeaning:
        return self._of_rich if rich else self._by_words


def is_rich(evidence: Evidence) -> bool:
    """Whether a captioner spoke in sentences."""
    return any(claim.kind == "caption" for weak in evidence.captions for claim in weak.claims)


def sides(like: Likeness, facts: Facts) -> Sides:
    """What captioners claimed at medium or above, as two parsed sides."""
    claims = [claim for claim in facts.claims if claim.tier != "low"]
    words = facts.transcript or facts.lyrics
    heard, seen = (
        Side.of(
            like.wordnet,
            texts=[claim.text for claim in claims if claim.modality == modality and claim.free],
            tags=[claim.text for claim in claims if claim.modality == modality and not claim.free],
            transcripts=[words] if modality == "audio" and words else (),
            languages=[facts.language] if modality == "audio" and facts.language else (),
        )
        for modality in ("audio", "video")
    )
    # The writer is shown the beginning; a caption may quote what comes later.
    return Sides(replace(heard, quotable=(*heard.quotable, facts.all_words or "")), seen)
