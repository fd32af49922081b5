"""Captions that change what the evidence says, three or more of each kind, beside ones that do not."""

import pytest

from captioners.weights.models import Models
from manifests.captions import CaptionName
from prompts.meaning.compare import Comparison
from prompts.meaning.evidence import Side, Sides
from prompts.meaning.findings import Outcome
from prompts.meaning.likeness import Likeness
from prompts.meaning.wordnet import WordNet

pytestmark = pytest.mark.models

HEARD: CaptionName = "audio_caption"
SEEN: CaptionName = "visual_caption"
BOTH: CaptionName = "audio_visual_caption"


@pytest.fixture(scope="module")
def like() -> Likeness:
    return Likeness(WordNet(Models().fetch("wordnet") / "wordnet.sqlite"))


def _judge(
    like: Likeness, name: CaptionName, evidence: str, caption: str, **heard: list[str]
) -> tuple[Outcome, set[str]]:
    """The outcome and the kinds of findings. heard: more of what is heard."""
    texts = [evidence]
    audio = Side.of(like.wordnet, texts if name == HEARD else [], **heard)
    video = Side.of(like.wordnet, texts if name != HEARD else [])
    ((outcome, findings),) = Comparison(like, Sides(audio, video)).judge([(name, caption)])
    return outcome, {finding.kind for finding in findings}


@pytest.mark.parametrize(
    ("name", "evidence", "caption"),
    [
        (HEARD, "A doorbell chimes and a dog barks. There is no music.", "No dog barks."),
        (HEARD, "A woman speaks while traffic passes.", "A woman speaks and no traffic is heard."),
        (HEARD, "A man chuckles and whistles back.", "A man chuckles but does not whistle back."),
        (HEARD, "Thunder rumbles. No one speaks.", "Rain falls and no thunder is heard."),
        (SEEN, "A man pushes a button and the door goes up.", "The door does not go up."),
        (SEEN, "A lioness catches a zebra.", "A lioness fails to catch a zebra."),
        (SEEN, "A lioness does not catch a zebra.", "A lioness catches a zebra."),
    ],
)
def test_what_is_denied_by_one_and_told_by_the_other_is_refused(
    like: Likeness, name: CaptionName, evidence: str, caption: str
) -> None:
    outcome, kinds = _judge(like, name, evidence, caption)
    assert outcome == "refused"
    assert "negation" in kinds


@pytest.mark.parametrize(
    ("transcript", "caption"),
    [
        ("The lioness has not eaten for days.", "A man says the lioness has eaten."),
        ("Please do not come back tonight.", "A man asks people to come back tonight."),
        ("We never sold the farm.", "A man says that they sold the farm."),
    ],
)
def test_what_a_speaker_denies_is_not_told_of_him(
    like: Likeness, transcript: str, caption: str
) -> None:
    outcome, kinds = _judge(like, HEARD, "A man speaks.", caption, transcripts=[transcript])
    assert outcome != "accepted"
    assert "negation" in kinds


@pytest.mark.parametrize(
    "caption",
    [
        "A lioness fails to catch a zebra.",
        "A lioness is unable to catch a zebra.",
        "A zebra is not caught.",
    ],
)
def test_a_denial_in_other_words_is_none_of_its_contrary(like: Likeness, caption: str) -> None:
    _, kinds = _judge(like, SEEN, "A lioness does not catch a zebra.", caption)
    assert "negation" not in kinds


@pytest.mark.parametrize(
    ("name", "evidence", "caption"),
    [
        (HEARD, "Blades clash rapidly.", "Blades clash slowly."),
        (HEARD, "A man whispers in English.", "A man shouts in English."),
        (HEARD, "A man and a woman talk in a friendly mood.", "A man and a woman argue angrily."),
        (HEARD, "Loud city traffic with several honks.", "Quiet city traffic with several honks."),
        (HEARD, "A man reads in a calm voice.", "A man reads in a hurried voice."),
        (SEEN, "A crowd walks through open gates.", "A crowd walks through closed gates."),
        (SEEN, "Two buds slowly open into flowers.", "Two flowers slowly close into buds."),
    ],
)
def test_opposites_of_the_same_thing_or_manner_are_refused(
    like: Likeness, name: CaptionName, evidence: str, caption: str
) -> None:
    outcome, kinds = _judge(like, name, evidence, caption)
    assert outcome == "refused"
    assert "opposite" in kinds


@pytest.mark.parametrize(
    ("name", "evidence", "caption"),
    [
        (HEARD, "Rain falls while water is rising.", "Water rises in the rain."),
        (
            HEARD,
            "A bell rings loudly and a door creaks softly.",
            "A bell rings and a door creaks softly.",
        ),
        (
            SEEN,
            "A man opens a door. A closed box stands by it.",
            "A man opens a door by a closed box.",
        ),
        (HEARD, "A calm man and an angry woman speak.", "A woman speaks angrily."),
    ],
)
def test_opposites_of_other_things_are_no_fault(
    like: Likeness, name: CaptionName, evidence: str, caption: str
) -> None:
    _, kinds = _judge(like, name, evidence, caption)
    assert "opposite" not in kinds


@pytest.mark.parametrize(
    ("evidence", "caption"),
    [
        ("A bus comes in from the left and stops.", "A bus comes in from the right and stops."),
        ("A procession comes down a street.", "A procession moves up a street."),
        ("A woman pulls a ball out of a basket.", "A woman puts a ball into a basket."),
        ("Footsteps come closer on stone.", "Footsteps move farther away on stone."),
        ("A girl pushes a cart up a hill.", "A girl pushes a cart down a hill."),
    ],
)
def test_the_other_way_is_refused(like: Likeness, evidence: str, caption: str) -> None:
    outcome, kinds = _judge(like, SEEN, evidence, caption)
    assert outcome == "refused"
    assert "direction" in kinds


@pytest.mark.parametrize(
    ("evidence", "caption"),
    [
        ("A bus drives from left to right.", "A bus drives to the right."),
        ("A barber stands behind a man.", "A barber stands in front of a mirror."),
        ("A cat jumps out of a box and into a basket.", "A cat jumps into a basket."),
    ],
)
def test_the_same_way_in_other_words_is_no_fault(
    like: Likeness, evidence: str, caption: str
) -> None:
    _, kinds = _judge(like, SEEN, evidence, caption)
    assert "direction" not in kinds


@pytest.mark.parametrize(
    ("evidence", "caption"),
    [
        (
            "A grey wolf puppet in a tartan scarf chases a pink pig puppet in a yellow hat.",
            "A grey wolf puppet in a yellow hat chases a pink pig puppet.",
        ),
        (
            "A sheriff in a brown coat faces a younger man in a black hat.",
            "A sheriff in a black hat faces a younger man in a brown coat.",
        ),
        (
            "A man with a white cap holds up a tray. A vendor in a pink headscarf turns skewers.",
            "A man with a pink headscarf holds up a tray.",
        ),
    ],
)
def test_what_another_one_wears_is_refused(like: Likeness, evidence: str, caption: str) -> None:
    outcome, kinds = _judge(like, SEEN, evidence, caption)
    assert outcome == "refused"
    assert "attribute" in kinds


@pytest.mark.parametrize(
    ("evidence", "caption"),
    [
        ("A chef stirs a soup. The man wears a white hat.", "A chef in a white hat stirs a soup."),
        ("The host is a woman in a red dress.", "A host in a red dress smiles."),
        ("A rider in a blue jersey falls.", "A cyclist in a blue jersey falls."),
    ],
)
def test_one_who_may_be_the_other_may_wear_the_same(
    like: Likeness, evidence: str, caption: str
) -> None:
    _, kinds = _judge(like, SEEN, evidence, caption)
    assert "attribute" not in kinds


@pytest.mark.parametrize(
    ("evidence", "caption"),
    [
        (
            "He picks up a hammer and drives a nail into a plank.",
            "He picks up a nail and drives a plank into the hammer.",
        ),
        (
            "The dancer smiles, and the singer hands her a rose.",
            "The dancer hands the singer a rose.",
        ),
        ("The groom kisses the bride.", "The bride kisses the groom."),
    ],
)
def test_exchanged_roles_of_a_verb_are_refused(like: Likeness, evidence: str, caption: str) -> None:
    outcome, kinds = _judge(like, SEEN, evidence, caption)
    assert outcome == "refused"
    assert "role" in kinds


@pytest.mark.parametrize(
    ("evidence", "caption"),
    [
        ("A boy holds an azure kite.", "A boy holds a pink kite."),
    ],
)
def test_another_colour_is_refused_also_a_rare_one(
    like: Likeness, evidence: str, caption: str
) -> None:
    outcome, kinds = _judge(like, SEEN, evidence, caption)
    assert outcome == "refused"
    assert "attribute" in kinds


@pytest.mark.parametrize(
    ("evidence", "caption"),
    [
        ("Six heavy bags hang in a gym.", "A pair of heavy bags hang in a gym."),
        ("Three apples lie on a plate.", "A dozen of apples lie on a plate."),
        ("A pair of dogs run.", "Five dogs run."),
    ],
)
def test_another_number_in_a_collection_is_refused(
    like: Likeness, evidence: str, caption: str
) -> None:
    outcome, kinds = _judge(like, SEEN, evidence, caption)
    assert outcome == "refused"
    assert "count" in kinds


@pytest.mark.parametrize(
    ("evidence", "caption"),
    [
        (
            "A chain rattles, and lastly the door slams.",
            "The door slams before the chain rattles.",
        ),
        (
            "She first raises her arms, then spins.",
            "The dancer first spins, then raises her arms.",
        ),
        ("A bell rings, and after it a dog barks.", "A dog barks, and after it a bell rings."),
    ],
)
def test_another_order_is_refused(like: Likeness, evidence: str, caption: str) -> None:
    outcome, kinds = _judge(like, HEARD, evidence, caption)
    assert outcome == "refused"
    assert "order" in kinds


@pytest.mark.parametrize("language", ["English", "Norwegian", "Haitian Creole"])
def test_the_language_of_a_recogniser_is_evidence(like: Likeness, language: str) -> None:
    caption = f"A person speaks in {language}."
    told = _judge(like, HEARD, "A person speaks.", caption, languages=[language])
    assert told == ("accepted", set())


@pytest.mark.parametrize("language", ["English", "Norwegian", "Turkish"])
def test_another_language_than_the_recognisers_is_refused(like: Likeness, language: str) -> None:
    caption = f"A person speaks in {language}."
    outcome, kinds = _judge(like, HEARD, "A person speaks.", caption, languages=["French"])
    assert outcome == "refused"
    assert "language" in kinds


@pytest.mark.parametrize(
    "caption",
    [
        "A drone whirs loudly above the track.",
        "A parked van honks loudly.",
    ],
)
def test_what_is_only_seen_makes_no_sound(like: Likeness, caption: str) -> None:
    seen = "A drone hovers above the track. A cat sleeps on the windowsill by a parked van."
    heard = Side.of(like.wordnet, ["A woman speaks quietly."])
    comparison = Comparison(like, Sides(heard, Side.of(like.wordnet, [seen])))
    ((outcome, findings),) = comparison.judge([(BOTH, caption)])
    assert outcome == "refused"
    assert "cross-modal" in {finding.kind for finding in findings}
