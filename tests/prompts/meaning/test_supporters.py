"""Who says each clause of a caption, by the real parser."""

import pytest

from captioners.weights.models import Models
from prompts.meaning.events import Events
from prompts.meaning.likeness import Likeness
from prompts.meaning.supporters import Supported, supporters
from prompts.meaning.wordnet import WordNet
from prompts.merging import Same
from prompts.provenance import claims_by_event
from prompts.selection import select
from tests.prompts.clips import claim, evidence, seen

pytestmark = pytest.mark.models

STATEMENTS = (
    "A woman wearing a striped apron stirs chopped garlic in a black frying pan",
    "A woman is speaking in English in a calm, friendly tone",
    "food sizzles loudly in a pan",
    "A metal utensil clinks against the pan",
)


@pytest.fixture(scope="module")
def events() -> Events:
    return Events(Likeness(WordNet(Models().fetch("wordnet") / "wordnet.sqlite")))


def clauses(events: Events, caption: str) -> list[Supported]:
    whole, *statements = events.read([caption, *STATEMENTS])
    return supporters(events.like, whole, statements)


@pytest.mark.parametrize(
    ("caption", "best"),
    [
        ("A woman talks calmly in English while food sizzles in a pan.", [1, 2]),
        ("A woman in an apron stirs garlic as a utensil clinks against a pan.", [0, 3]),
        ("Garlic is stirred by a woman, and she speaks English.", [0, 1]),
        ("A utensil clinks.", [3]),
    ],
)
def test_each_clause_has_who_says_it_best_first(
    events: Events, caption: str, best: list[int]
) -> None:
    split = clauses(events, caption)
    assert [clause.statements[0] for clause in split] == best
    assert not any(clause.unsaid for clause in split)


@pytest.mark.parametrize(
    ("caption", "unsaid"),
    [
        ("A woman stirs garlic and a rooster crows.", ["rooster", "crows"]),
        ("A woman stirs garlic beside a fountain.", ["fountain"]),
        ("Food sizzles while children giggle.", ["children", "giggle"]),
        ("A woman speaks calmly.", []),
    ],
)
def test_words_that_nobody_says_are_named_as_written(
    events: Events, caption: str, unsaid: list[str]
) -> None:
    assert [word for clause in clauses(events, caption) for word in clause.unsaid] == unsaid


@pytest.mark.parametrize("caption", ["", "...", "Of the.", "Rain!"])
def test_a_caption_without_a_verb_is_one_clause_or_none(events: Events, caption: str) -> None:
    assert len(clauses(events, caption)) <= 1


def test_claims_of_facts_stand_in_their_order_before_what_nobody_said(events: Events) -> None:
    first = [claim(text, "high", "caption") for text in STATEMENTS[1:3]]
    other = [claim("A woman is talking", "medium", "caption")]
    facts = select(
        evidence(first, other, [seen(STATEMENTS[0], kind="caption")], transcript="Add the garlic."),
        Same(sentences=events.alike),
    )
    caption = (
        "A woman in an apron calmly says “add the garlic” over sizzling food as a rooster crows."
    )
    made = claims_by_event("audio_visual_caption", caption, facts, events)
    assert [(c.text, c.captioners) for c in made] == [
        (STATEMENTS[1], ("captioner0", "captioner1")),
        (STATEMENTS[2], ("captioner0",)),
        (STATEMENTS[0], ("captioner2",)),
        ("«add the garlic»", ("captioner0", "captioner1")),
        ("rooster crows", ()),
    ]
    assert [c.supported for c in made] == [True, True, True, True, False]
