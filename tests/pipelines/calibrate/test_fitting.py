"""Fitting and testing by origins: what is tested was never fitted with."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from captioners.confidence.calibration import Calibration
from captioners.confidence.fit import Fit
from manifests.evidence import Claim, WeakCaption
from pipelines.calibrate.fitting import FOLDS, Fitter, HeldOutClaim, LabelledClip

_LABELS = (("Dog", "a dog barks"), ("Rain", "rain falls"), ("Bell", "a bell rings"))


def _given(*names: str) -> dict[str, Calibration]:
    return {name: Calibration(captioner=name, source="") for name in names}


def _clips(count: int, files_an_origin: int = 1, seed: int = 1) -> list[LabelledClip]:
    """Two captioners that claim what is there with high scores and, less often, what is not."""
    rng = random.Random(seed)
    clips = []
    for number in range(count):
        there = rng.choice(_LABELS)
        captions, truths = [], {}
        for at, name in enumerate(("ears", "twin")):
            claims = []
            for label, text in _LABELS:
                right = (label, text) == there
                if rng.random() < (0.9 if right else 0.4):
                    score = rng.betavariate(5, 2) if right else rng.betavariate(2, 3)
                    truths[at, len(claims)] = right
                    claims.append(Claim(label, text, "sound", "audio", score))
            captions.append(WeakCaption(f"c{number}", f"h{number}", name, "", tuple(claims)))
        origin = f"o{number // files_an_origin}"
        clips.append(LabelledClip(f"h{number}", origin, tuple(captions), truths))
    return clips


def _brier(found: Sequence[HeldOutClaim], sure: str) -> float:
    return sum((getattr(x, sure).probability - x.true) ** 2 for x in found) / len(found)


def test_everything_is_tested_once_and_none_by_its_own_origin() -> None:
    """Where each origin's truth is the opposite of its name, a leak would show."""
    clips = _clips(60, files_an_origin=3)
    fitter = Fitter(_given("ears", "twin"), "by hand")
    found = list(fitter.test(clips))
    places = [(x.clip.file, x.support.claim) for x in found]
    assert len(set(places)) == len(places) == sum(len(clip.truths) for clip in clips)
    one = clips[0].origin
    turned = [
        replace(c, truths={p: not t for p, t in c.truths.items()}) if c.origin == one else c
        for c in clips
    ]

    def of(tested: Sequence[HeldOutClaim]) -> list[tuple[float, float]]:
        return [(x.own.probability, x.fused.probability) for x in tested if x.clip.origin == one]

    assert of(found) == of(list(fitter.test(turned)))
    others = [x.own.probability for x in found if x.clip.origin != one]
    assert others != [x.own.probability for x in fitter.test(turned) if x.clip.origin != one]


def test_everybodys_word_is_better_than_the_surest_alone() -> None:
    found = list(Fitter(_given("ears", "twin"), "by hand").test(_clips(400)))
    assert _brier(found, "fused") < _brier(found, "alone") - 0.005
    raw = sum((x.raw - x.true) ** 2 for x in found) / len(found)
    assert _brier(found, "own") < raw - 0.005


def test_a_fit_counts_files_origins_and_claims() -> None:
    clips = _clips(60, files_an_origin=3)
    known = Fitter(_given("ears", "twin"), "by hand").fit(clips)
    fit = known.by_captioner["ears"].kinds["sound"]
    said = [clip for clip in clips if clip.captions[0].claims]
    assert fit.n == len(said) and fit.origins == len({clip.origin for clip in said})
    assert fit.claims == sum(len(clip.captions[0].claims) for clip in clips)
    assert known.fusion.audio.n == len([c for c in clips if c.truths]) and not known.fusion.video.n
    assert known.fusion.audio.words["ears"] >= {"dog", "anim", "rain", "bel"}


def test_objects_and_scenes_share_a_fit() -> None:
    clip = _clips(1)[0]
    claims = (
        Claim("car", "a car", "object", "video", 0.9),
        Claim("beach", "a beach", "scene", "video", 0.4),
    )
    eyes = WeakCaption("c", "h", "eyes", "", claims)
    clip_of_two = replace(clip, captions=(eyes,), truths={(0, 0): True, (0, 1): False})
    kinds = Fitter(_given("eyes"), "").fit([clip_of_two]).by_captioner["eyes"].kinds
    assert kinds["object"] == kinds["scene"] and kinds["object"].claims == 2


def test_facts_stay_facts_and_name_no_words() -> None:
    measured = Calibration(captioner="ears", source="", kinds={"sound": Fit(method="fact")})
    clips = [replace(c, truths={p: t for p, t in c.truths.items() if p[0]}) for c in _clips(30)]
    known = Fitter(_given("ears", "twin") | {"ears": measured}, "").fit(clips)
    assert known.by_captioner["ears"].kinds == measured.kinds
    assert "ears" not in known.fusion.audio.words


@pytest.mark.parametrize("count", [1, FOLDS - 1])
def test_few_origins_are_tested_too(count: int) -> None:
    clips = [clip for clip in _clips(40) if clip.truths][:count]
    found = list(Fitter(_given("ears", "twin"), "").test(clips))
    assert len(found) == sum(len(clip.truths) for clip in clips)
    if count == 1:
        assert {x.own.by for x in found} == {"prior"}


def test_cooccurrence_is_learned_from_enough_origins_alone() -> None:
    given = Fitter(_given("ears", "twin"), "by hand")
    many, few = (given.fit(_clips(300, files_an_origin=files)).fusion.audio for files in (5, 15))
    assert (many.origins, few.origins) == (60, 20)
    assert many.cooccurrence.beside["dog"]["rain"] < 0  # just one of the three is there
    assert not few.cooccurrence


def test_what_an_origin_teaches_of_cooccurrence_is_not_said_of_it() -> None:
    """Where its truth is turned round, it is told the same."""
    clips = _clips(150, files_an_origin=4)
    fitter = Fitter(_given("ears", "twin"), "by hand")
    one = clips[0].origin
    turned = [
        replace(c, truths={p: not t for p, t in c.truths.items()}) if c.origin == one else c
        for c in clips
    ]
    before, after = (
        [
            x.fused
            for x in fitter.test(each)
            if x.clip.origin == one and x.fused.by.startswith("cooccurrence")
        ]
        for each in (clips, turned)
    )
    assert before and before == after
