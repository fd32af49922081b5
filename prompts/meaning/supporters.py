"""Which statements say what a caption claims, clause by clause, and which of its words nobody says.

A clause is a verb of the caption with what hangs on it, up to the next verb that tells something. A
statement says it where its event is the clause's, or where it says most of the clause's words.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from prompts.meaning.agreement import agree
from prompts.meaning.events import same_filler, says
from prompts.meaning.likeness import Likeness
from prompts.meaning.parsing import Parsed, Word
from prompts.meaning.propositions import Proposition, Statement
from prompts.meaning.support import needs_support
from prompts.meaning.vocabulary import FRAMES, LIGHT, SPEAKING
from prompts.words import stem
from prompts.words import words as written

_SAID = 0.5
"""Of a clause's words, what a statement says that tells another event, or none that is known."""


@dataclass(frozen=True, slots=True)
class Supported:
    """One clause of a caption.

    text: its words as they were parsed, without stops. statements: the places of those that say it, the
    best first. together: the best, and others as far as they say words that it leaves out. unsaid:
    content words that no statement says, as they are written.
    """

    text: str
    statements: tuple[int, ...]
    together: tuple[int, ...]
    unsaid: tuple[str, ...]


def supporters(
    like: Likeness, caption: Statement, statements: Sequence[Statement]
) -> list[Supported]:
    """The clauses of a caption in their order, each with who says it. A caption without a verb is one."""
    content = [[w for w in s.parsed.words if w.is_content] for s in statements]
    as_written = {stem(word): word for word in written(caption.text)}
    result = []
    for words in clauses(caption.parsed):
        needed = [word for word in words if needs_support(word)]
        said = [{w.at for w in needed if _is_said(like, w, each)} for each in content]
        places = {word.at for word in words}
        acts = [each for each in caption.every if each.head.at in places]
        acts = [each for each in acts if each.head.pos == "VERB"] or acts
        shares = [len(each) / len(needed) if needed else 0.0 for each in said]
        ranks = {
            at: rank
            for at, statement in enumerate(statements)
            if (rank := _rank(like, acts, caption, statement, shares[at])) is not None
        }
        best = tuple(sorted(ranks, key=lambda at: ranks[at], reverse=True))
        unsaid = [word for word in needed if not any(word.at in each for each in said)]
        result.append(
            Supported(
                " ".join(word.text for word in words if word.pos != "PUNCT"),
                best,
                _together(best, said),
                tuple(as_written.get(stem(word.text), word.text) for word in unsaid),
            )
        )
    return result


def _rank(
    like: Likeness,
    acts: Sequence[Proposition],
    caption: Statement,
    statement: Statement,
    share: float,
) -> tuple[bool, float, bool] | None:
    """How well a statement says a clause, comparable; None where it does not. share: of its words."""
    if any(says(like, theirs, mine) for mine in acts for theirs in statement.every):
        return share >= _SAID, share, agree(like, caption, statement)
    return (False, share, False) if share > _SAID else None


def _together(best: Sequence[int], said: Sequence[set[int]]) -> tuple[int, ...]:
    """The best, then each that says most of what is left, until nobody says more."""
    chosen = list(best[:1])
    left = set[int]().union(*said) - (said[best[0]] if best else set())
    while left:
        at = max(range(len(said)), key=lambda at: (len(left & said[at]), at in best, -at))
        chosen.append(at)
        left -= said[at]
    return tuple(chosen)


def _is_said(like: Likeness, word: Word, content: Sequence[Word]) -> bool:
    if any(like.says(word, other) for other in content):
        return True
    if word.lemma in SPEAKING and any(other.lemma in SPEAKING for other in content):
        return True
    return like.is_person(word) and any(same_filler(like, word, other) for other in content)


def clauses(parsed: Parsed) -> list[list[Word]]:
    """The words of each clause in their order: what hangs on a verb or a sentence's root, without what
    hangs on another verb below it."""
    above: dict[int, int] = {}
    for word in parsed.words:
        above[word.at] = _clause_of(parsed, word)
    by_head: dict[int, list[Word]] = {}
    for word in parsed.words:
        by_head.setdefault(above[word.at], []).append(word)
    return [words for words in by_head.values() if any(word.is_content for word in words)]


def _clause_of(parsed: Parsed, word: Word) -> int:
    """The place of the verb or root that a word hangs on, through any number of others."""
    for _ in parsed.words:
        above = parsed.head(word)
        if above is None or _begins(word):
            return word.at
        word = above
    return word.at


def _begins(word: Word) -> bool:
    return (
        word.pos == "VERB"
        and word.dep in ("conj", "advcl", "ccomp", "acl", "relcl", "parataxis", "pcomp")
        and word.lemma not in LIGHT
        and word.lemma not in FRAMES
    )
