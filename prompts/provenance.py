"""Provenance: what a caption claims, and who says so.

The same words decide as in `prompts.grounding`: a part of a sentence claims the fact that holds all its
words, and of several the one that the caption tells whole. Words that no fact holds are a claim without
support, and a quotation is a claim of its own. Of sentences not the same words decide but what happens
(`claims_by_event`). Pure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from manifests.captions import CaptionClaim, CaptionName
from prompts.grounding import allowed, facts_of, is_quoted, is_said, parts
from prompts.meaning.events import Events, told
from prompts.meaning.supporters import supporters
from prompts.quotes import quotations, without_quotations
from prompts.selection import Fact, Facts
from prompts.words import stem, tokens, words


def claims(name: CaptionName, caption: str, facts: Facts) -> tuple[CaptionClaim, ...]:
    """The claims of one caption: of facts in their order, then quotations, then what has no support."""
    relevant = facts_of(name, facts)
    plain = without_quotations(caption)
    caption_parts = parts(plain, name)
    claimed = {at for at, fact in enumerate(relevant) if is_said(fact, tokens(plain))}
    for part in caption_parts:
        if (fact := _claimed(part, relevant, claimed)) is not None:
            claimed.add(fact)
    return (
        *(_of_fact(name, relevant[at]) for at in sorted(claimed)),
        *_quoted(name, caption, facts),
        *_unsupported(name, plain, caption_parts, relevant),
    )


def claims_by_event(
    name: CaptionName, caption: str, facts: Facts, events: Events
) -> tuple[CaptionClaim, ...]:
    """The same for facts that are sentences: a caption claims those whose event it tells and those that
    say its clauses. What has no support are the words of a clause that no fact says."""
    relevant = facts_of(name, facts)
    whole, *statements = events.read([caption, *(fact.text for fact in relevant)])
    clauses = supporters(events.like, whole, statements)
    claimed = {at for clause in clauses for at in clause.together}
    claimed |= {at for at, each in enumerate(statements) if told(events.like, whole, each)}
    return (
        *(_of_fact(name, relevant[at]) for at in sorted(claimed)),
        *_quoted(name, caption, facts),
        *(CaptionClaim(name, " ".join(clause.unsaid)) for clause in clauses if clause.unsaid),
    )


def _claimed(part: Sequence[str], relevant: Sequence[Fact], claimed: set[int]) -> int | None:
    """Which fact a part of a sentence claims, by its place."""
    holding = [place for place, fact in enumerate(relevant) if allowed(fact).issuperset(part)]
    return next((place for place in holding if place in claimed), holding[0] if holding else None)


def _of_fact(name: CaptionName, fact: Fact) -> CaptionClaim:
    return CaptionClaim(name, fact.text, fact.captioners, fact.confidence, fact.spans, True)


def _quoted(name: CaptionName, caption: str, facts: Facts) -> Iterator[CaptionClaim]:
    for quotation in quotations(caption):
        spoken = is_quoted(quotation, name, facts)
        text = f"«{quotation.strip()}»"
        yield (
            CaptionClaim(name, text)
            if spoken is None
            else replace(_of_fact(name, spoken), text=text)
        )


def _unsupported(
    name: CaptionName,
    caption: str,
    caption_parts: Sequence[Sequence[str]],
    relevant: Sequence[Fact],
) -> Iterator[CaptionClaim]:
    supported = frozenset[str]().union(*(allowed(fact) for fact in relevant))
    as_written = {stem(word): word for word in words(caption)}
    for part in caption_parts:
        unsupported = [token for token in part if token not in supported]
        if unsupported:
            shown = [
                as_written.get(stem_of_part, stem_of_part)
                for token in unsupported
                for stem_of_part in token.split("_")
            ]
            yield CaptionClaim(name, " ".join(shown))
