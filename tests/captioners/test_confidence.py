import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from captioners.confidence import Calibration, Fit, fit, load, tier_of
from manifests.evidence import Claim, Kind, WeakCaption


def _weak(score: float, kind: Kind = "sound", captioner: str = "ears") -> WeakCaption:
    claim = Claim("Dog", "a dog barks", kind, "audio", score, ((0, 1000),))
    return WeakCaption("c", "h", captioner, "A dog barks.", (claim,))


def _write(folder: Path, name: str = "ears", **fitted: Any) -> Path:
    sound = {"method": "platt-map", "n": 200, "claims": 300, "true": 150, **fitted}
    said = {"captioner": "ears", "source": "by hand", "version": 1, "kinds": {"sound": sound}}
    (folder / f"{name}.json").write_text(json.dumps(said))
    return folder


def test_judging_changes_nothing_but_the_confidence(tmp_path: Path) -> None:
    weak = _weak(0.9)
    judged = load(["ears"], _write(tmp_path)).judge(weak)
    (claim,) = judged.claims
    assert claim.confidence is not None
    assert weak.claims[0].confidence is None
    assert (claim.label, claim.text, claim.score, claim.spans) == (
        "Dog",
        "a dog barks",
        0.9,
        ((0, 1000),),
    )


def test_with_enough_files_the_fit_stands_alone(tmp_path: Path) -> None:
    (claim,) = load(["ears"], _write(tmp_path, slope=1.0)).judge(_weak(0.9)).claims
    assert claim.confidence is not None
    assert claim.confidence.probability == pytest.approx(0.9)
    assert claim.confidence.tier == "high"


@pytest.mark.parametrize(("n", "expected"), [(10, 0.54), (25, 0.6), (50, 0.7), (99, 0.896)])
def test_under_100_files_it_is_drawn_to_the_prior_and_never_high(
    tmp_path: Path, n: int, expected: float
) -> None:
    folder = _write(tmp_path, n=n)
    (claim,) = load(["ears"], folder).judge(_weak(0.9)).claims
    assert claim.confidence is not None
    assert claim.confidence.probability == pytest.approx(expected)
    assert claim.confidence.tier == "medium"


def test_no_number_of_claims_makes_up_for_files() -> None:
    few = Fit(method="platt-map", n=99, claims=10_000, true=9_990, slope=3, intercept=5)
    assert few.confidence(0.999).tier == "medium"


def test_an_unknown_captioner_gets_the_prior_and_is_named(tmp_path: Path) -> None:
    calibrations = load(["ears", "mine"], _write(tmp_path))
    assert calibrations.unknown == ("mine",)
    (claim,) = calibrations.judge(_weak(0.99, captioner="mine")).claims
    assert claim.confidence is not None
    assert (claim.confidence.probability, claim.confidence.tier) == (0.5, "low")


def test_a_kind_without_labels_gets_the_prior(tmp_path: Path) -> None:
    (claim,) = load(["ears"], _write(tmp_path)).judge(_weak(0.99, "music")).claims
    assert claim.confidence is not None
    assert claim.confidence.tier == "low"


def test_a_measured_fact_is_certain() -> None:
    measured = _weak(-33.0, "signal", "audio-measures")
    (claim,) = load(["audio-measures"]).judge(measured).claims
    assert claim.confidence is not None
    assert (claim.confidence.probability, claim.confidence.tier) == (1.0, "high")


def test_a_signal_of_a_model_is_not_a_fact(tmp_path: Path) -> None:
    (claim,) = load(["ears"], _write(tmp_path)).judge(_weak(0.99, "signal")).claims
    assert claim.confidence is not None
    assert claim.confidence.tier == "low"


def test_scores_out_of_range_stay_probabilities() -> None:
    for method in ("platt-map", "score"):
        fitted = Fit(method=method, n=500, claims=1, true=1)  # type: ignore[arg-type]
        for score in (-5.0, 0.0, 1.0, 40.0):
            assert 0 <= fitted.confidence(score).probability <= 1


def test_tiers_are_cut_at_a_half_and_four_fifths_and_need_files() -> None:
    assert tier_of(0.99, 9) == "low"
    assert tier_of(0.99, 10) == "medium"
    tiers = [tier_of(p, 100) for p in (0.0, 0.49, 0.5, 0.79, 0.8, 1.0)]
    assert tiers == ["low", "low", "medium", "medium", "high", "high"]


def test_the_digest_follows_what_a_confidence_hangs_on(tmp_path: Path) -> None:
    before = load(["ears"], _write(tmp_path)).digest
    assert load(["ears"], tmp_path).digest == before
    assert load(["ears", "mine"], tmp_path).digest != before
    assert load(["ears"], _write(tmp_path, slope=1.1)).digest != before


def test_a_file_of_another_captioner_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'mine'"):
        load(["mine"], _write(tmp_path, name="mine"))


def test_a_calibration_that_turns_scores_round_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        load(["ears"], _write(tmp_path, slope=-1.0))


def test_without_data_a_score_means_what_it_says() -> None:
    assert fit([], []) == (1.0, 0.0)


def test_the_fit_finds_what_made_the_data() -> None:
    rng = np.random.default_rng(1)
    scores = rng.uniform(0.02, 0.98, 20_000)
    logits = np.log(scores / (1 - scores))
    truths = rng.uniform(size=len(scores)) < 1 / (1 + np.exp(-(1.5 * logits - 0.7)))
    slope, intercept = fit(scores.tolist(), truths.tolist())
    assert slope == pytest.approx(1.5, abs=0.06)
    assert intercept == pytest.approx(-0.7, abs=0.06)


def test_a_score_that_misleads_says_nothing() -> None:
    scores = [0.1] * 50 + [0.9] * 50
    slope, intercept = fit(scores, [True] * 50 + [False] * 50)
    assert slope == 0
    assert intercept == pytest.approx(0, abs=1e-9)


def test_the_calibrations_of_the_package_are_sound() -> None:
    folder = Path(__file__).parents[2] / "captioners" / "calibration"
    names = [file.stem for file in folder.glob("*.json")]
    assert names
    calibrations = load(names)
    assert calibrations.unknown == ()
    for calibration in calibrations.by_captioner.values():
        assert isinstance(calibration, Calibration)
        for fitted in calibration.kinds.values():
            assert fitted.true <= fitted.claims
            assert fitted.n <= fitted.claims
            assert fitted.method != "platt-map" or (fitted.data_digest and fitted.brier is not None)
