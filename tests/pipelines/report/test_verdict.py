"""Can I train on this?"""

from typing import Any

import pytest

from pipelines.report.figures import Figures, Licence, PlanFigures, ReviewFigures
from pipelines.report.gate import Failure
from pipelines.report.verdict import FEW, verdict
from pipelines.reviews.intervals import rate


@pytest.fixture
def good(told: Figures) -> Figures:
    """Figures of which nothing speaks against training."""
    of = told.captions
    licence = Licence(name="MIT", outputs_train=True, count=2 * FEW)
    authors = tuple(each.model_copy(update={"llm": FEW, "template": 0}) for each in of.by_caption)
    captions = {"clips": 2 * FEW, "uncaptioned": 0, "by_caption": authors, "licences": (licence,)}
    return told.model_copy(
        update={
            "captions": of.model_copy(update=captions),
            "claims": told.claims.model_copy(update={"unsupported": 0, "confidence": 0.9}),
            "books": told.books.model_copy(
                update={"input": 2 * FEW + 4, "captioned": 2 * FEW, "filtered": 2, "quarantined": 2}
            ),
            "refusals": told.refusals.model_copy(update={"refused": 0}),
            "texts": told.texts.model_copy(update={"repeated": 0}),
            "similarity": (),
            "uncompared": 0,
        }
    )


def _with(figures: Figures, part: str, **values: Any) -> Figures:
    return figures.model_copy(update={part: getattr(figures, part).model_copy(update=values)})


def test_yes_where_nothing_speaks_against_it(good: Figures) -> None:
    answer = verdict(good)
    assert (answer.answer, answer.level) == ("Yes", "good"), answer.findings


@pytest.mark.parametrize(
    ("part", "values"),
    [
        ("books", {"closes": False}),
        ("books", {"pending": 3}),
        ("captions", {"by_caption": ()}),
        (
            "captions",
            {"licences": (Licence(name="NC", outputs_train=False, count=2 * FEW),)},
        ),
    ],
)
def test_not_yet_where_something_must_be_mended(
    good: Figures, part: str, values: dict[str, Any]
) -> None:
    assert verdict(_with(good, part, **values)).answer == "Not yet"


@pytest.mark.parametrize(
    ("part", "values", "said"),
    [
        ("claims", {"unsupported": 10}, "not supported"),
        ("claims", {"confidence": 0.5}, "mean probability"),
        ("texts", {"repeated": 10**6}, "word for word"),
        ("refusals", {"refused": 10**6}, "refused"),
        ("captions", {"uncaptioned": FEW}, "no caption"),
        (
            "captions",
            {"licences": (Licence(name="?", outputs_train=None, count=1),)},
            "not known",
        ),
    ],
)
def test_after_a_look_where_a_figure_is_poor(
    good: Figures, part: str, values: dict[str, Any], said: str
) -> None:
    answer = verdict(_with(good, part, **values))
    assert answer.answer == "Yes, after a look"
    assert said in answer.findings[0].text


@pytest.mark.parametrize(
    ("support", "level", "said"),
    [
        (0.7, "care", "On average 70% of a clip's claims are supported by evidence, the others"),
        (0.979, "care", "On average 97.9% of a clip's"),
        (0.98, "good", "On average 98% of a clip's claims are supported by evidence"),
        (None, "good", None),
    ],
)
def test_without_claims_the_support_of_clips_is_judged(
    good: Figures, support: float | None, level: str, said: str | None
) -> None:
    nothing = {"claims": None, "unsupported": None, "shared": None}
    answer = verdict(_with(good, "claims", **nothing, support=support))
    assert answer.level == level
    told = [(f.level, f.text) for f in answer.findings if "supported by" in f.text]
    assert len(told) == (said is not None)
    assert all(at == level and text.startswith(str(said)) for at, text in told)


@pytest.mark.parametrize(("judged", "level"), [(30, None), (200, "good")])
def test_few_judged_clips_speak_neither_for_nor_against(
    good: Figures, judged: int, level: str | None
) -> None:
    plan = PlanFigures(
        name="random",
        how="random",
        by=None,
        interval=None,
        clips=judged,
        judged=judged,
        edited=0,
        passed=0,
        set=10**4,
        captioned=10**4,
        astray=0,
        rewritten=0,
        bad=rate(1, judged),
        strata=(),
    )
    reviews = ReviewFigures(
        reviews=judged,
        others=0,
        clips=judged,
        judged=judged,
        bad=1,
        edited=0,
        reviewers=(),
        reasons=(),
        plans=(plan,),
        rate="random",
        said=(),
        agreement=(),
    )
    answer = verdict(good.model_copy(update={"reviews": reviews}))
    levels = [finding.level for finding in answer.findings if finding.place == "reviews"]
    assert (answer.level, levels) == ("good", [] if level is None else [level])


def test_a_gate_that_is_not_passed_comes_first(good: Figures) -> None:
    answer = verdict(good, [Failure("words>1", "words", 7.0, "words is 7")])
    assert answer.answer == "Not yet"
    assert "words>1" in answer.findings[0].text
