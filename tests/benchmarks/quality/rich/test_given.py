"""The given rich clips: which captions the guards by meaning still get wrong, by name."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import benchmarks.quality.rich
from benchmarks.quality.rich import cases
from benchmarks.quality.rich.sides import judge, likeness

pytestmark = pytest.mark.models

CASES = Path(benchmarks.quality.rich.__path__[0]) / "texts"
MISSED = frozenset(
    [
        "dogpark: A golden retriever and a small white terrier chase each other. A large dog "
        "barks aggressively several times, a second, smaller dog yaps in response, wind blows "
        "into the microphone, and a man claps loudly.",
        "interview: A woman with a notepad and a man in round glasses sit opposite each other in "
        "leather armchairs before a bookshelf.",
        "kitchen: A woman in a striped apron speaks in a calm, friendly tone, food sizzles loudly"
        " in a pan, something is frying, a metal utensil clinks against the pan and a wooden "
        "spoon clinks against the pan.",
        "kitchen: A woman is speaking in English in a calm, friendly tone while food sizzles in a"
        " pan and a metal utensil loudly clinks against the pan.",
        "kitchen: A woman is speaking in English in a calm, friendly tone while food sizzles "
        "loudly in a pan, a metal utensil clinks against the pan and a child laughs.",
        "piano: An elderly pianist in a black tuxedo plays a grand piano on a dark stage. At the "
        "end the audience stands up and bows.",
        "train: A red train arrives at an outdoor station where several passengers with suitcases"
        " are waiting and an old man in a grey coat looks at his watch.",
        "vlog: A young man with glasses and a black hoodie sits at a desk. He holds up a knife "
        "and cuts it open with a cardboard box.",
        "wedding: A majestic organ march plays at a church wedding, then a man asks a question in"
        ' a solemn voice and a woman says "I do".',
        "workshop: A bearded man wearing two safety goggles drills holes into a wooden plank "
        "clamped to a workbench.",
        "workshop: In a garage, a bearded man drills two holes into a wooden plank. A power drill"
        " runs in short bursts, hammering on wood, and the sounds echo slightly.",
    ]
)


def missed() -> Iterator[str]:
    """Good captions that are refused and bad ones that are accepted, as "clip: caption"."""
    like = likeness()
    for name in ("given", "given-own"):
        for item in cases.load(CASES / f"{name}.jsonl"):
            judged = judge(item["evidence"], like)
            for wrong, made in (("refused", item["good"]), ("accepted", item["bad"])):
                for each in made:
                    if judged(each["caption"], each["text"]) == wrong:
                        yield f"{item['id']}: {each['text']}"


def test_no_other_given_caption_is_judged_wrongly() -> None:
    assert set(missed()) - MISSED == set()
