"""What follows from a profile and the captions that are localized."""

import pickle
from pathlib import Path

import pytest

from engine.profile.profile import Profile, ProfileError, load
from engine.stages.contract import Reading
from engine.stages.models import model_class
from manifests.media import Needs
from pipelines.caption.stage import CaptionStage
from pipelines.localize.stage import LocalizeStage

CUT = "c" * 16


def stage(profile: str = "dummy", captions: str = "a" * 16, cut: str = CUT) -> LocalizeStage:
    return LocalizeStage(load(profile), captions, cut)


@pytest.mark.parametrize(
    ("profile", "by", "hz"),
    [("cpu", "yamnet patches", 16_000), ("gpu", "pe-a-frame", 48_000), ("dummy", "dummy", 16_000)],
)
def test_each_built_in_profile_has_a_localizer(profile: str, by: str, hz: int) -> None:
    made = stage(profile)
    assert model_class(made.localizer).by == by  # type: ignore[attr-defined]
    assert model_class(made.localizer).needs_of({}) == Needs(audio_hz=hz)
    assert made.plan.audio_hz == (hz,) and made.plan.frames == 0


def test_the_localizer_is_no_part_of_what_captions_are(tmp_path: Path) -> None:
    use = "captioners.localizers.pe_a_frame:PeAFrame"
    own = tmp_path / "own.toml"
    own.write_text(f'base = "dummy"\nname = "own"\n[localizer]\nuse = "{use}"\n')
    assert CaptionStage(load(str(own))).digest == CaptionStage(load("dummy")).digest
    assert LocalizeStage(load(str(own)), "a" * 16, CUT).digest != stage().digest


def test_other_captions_or_another_cut_are_another_job() -> None:
    digests = {stage().digest, stage(captions="b" * 16).digest, stage(cut="d" * 16).digest}
    assert len(digests) == 3


def test_it_reads_the_captions_of_one_job() -> None:
    assert set(stage().reads.values()) == {
        Reading("captions", "a" * 16),
        Reading("filtered", "a" * 16),
    }
    assert not set(stage().reads) & set(stage().tables)


def test_a_shard_worker_gets_the_same_stage() -> None:
    sent = pickle.loads(pickle.dumps(stage()))
    assert (sent.digest, sent.captions, sent.cut) == (stage().digest, "a" * 16, CUT)


def test_the_cut_is_that_of_the_captions_and_not_of_the_profile() -> None:
    assert stage().cut == CUT != CaptionStage(load("dummy")).cut


def test_a_profile_without_a_localizer_says_what_to_do() -> None:
    with pytest.raises(ProfileError, match=r"no \[localizer\]"):
        LocalizeStage(Profile(name="own"), "a" * 16, CUT).check()


@pytest.mark.parametrize(
    "use", ["captioners.dummy:DummyAudio", "captioners.audio.yamnet:YamNet", "no.where:Nothing"]
)
def test_what_is_no_localizer_is_refused(use: str) -> None:
    profile = Profile(name="own", localizer={"use": use})
    with pytest.raises(ProfileError, match="localizer"):
        LocalizeStage(profile, "a" * 16, CUT).check()


def test_a_row_s_licence_is_that_of_the_localizer() -> None:
    assert stage().licence == {"licence": "CC0-1.0", "outputs_train": True}
    assert stage("cpu").licence == {"licence": "Apache-2.0", "outputs_train": True}
    other = {"use": "captioners.localizers.pe_a_frame:PeAFrame", "options": {"model": "hub:a/b"}}
    own = LocalizeStage(Profile(name="own", localizer=other), "a" * 16, CUT)
    assert own.licence == {"licence": "LicenseRef-unknown", "outputs_train": None}
    assert tuple(own.needed_models) == ("hub:a/b",)
