"""What follows from a profile: licences, and what is refused before a run."""

from pathlib import Path

import pytest

from captioners.dummy import DummyAudio
from engine.profile.profile import Profile, ProfileError, load
from pipelines.caption.stage import CaptionStage

EARS = {"name": "ears", "use": "captioners.audio.yamnet:YamNet"}


def own(server: dict[str, object], **more: object) -> CaptionStage:
    return CaptionStage(Profile(name="own", captioners=[EARS], servers=[server], writer={}, **more))


def test_packs_let_what_they_say_train_others() -> None:
    assert CaptionStage(load("cpu")).licence.outputs_train is True


def test_one_model_that_is_not_known_makes_it_unknown() -> None:
    assert own({"name": "writer", "model": "hub:some/body"}).licence.outputs_train is None
    assert own({"name": "writer", "urls": ["http://10.0.0.1/v1"]}).licence.outputs_train is None


def test_a_profile_can_refuse_models_whose_outputs_may_not_train_others() -> None:
    job = own({"name": "writer", "model": "hub:some/body"}, outputs_train=True)
    with pytest.raises(ProfileError, match="not so, or not known, of: hub:some/body"):
        job.check()


def test_a_row_s_licence_names_every_model_s() -> None:
    job = own({"name": "writer", "model": "smollm2-135m-instruct"})
    assert job.licence.text == "Apache-2.0"


def test_weights_in_a_package_and_imported_captions_tell_their_terms() -> None:
    def job(**told: object) -> CaptionStage:
        imported = {"name": "told", "use": "captioners.imported:ImportedHeard"}
        imported["options"] = {"source": "beside", **told}
        vad = {"name": "vad", "use": "captioners.audio.silero:Silero"}
        writer = {"name": "writer", "model": "smollm2-135m-instruct"}
        return CaptionStage(
            Profile(name="o", captioners=[vad, imported], servers=[writer], writer={})
        )

    assert job().licence.text == "Apache-2.0 AND LicenseRef-unknown AND MIT"
    assert job().licence.outputs_train is None
    free = job(licence="CC-BY-4.0", outputs_train=True)
    assert (free.licence.text, free.licence.outputs_train) == (
        "Apache-2.0 AND CC-BY-4.0 AND MIT",
        True,
    )


def test_servers_that_run_already_are_of_the_licence_that_the_profile_tells() -> None:
    def job(**told: object) -> CaptionStage:
        asks = {"name": "asks", "use": "captioners.served:AudioChat", "server": "away"}
        away = {"name": "away", "urls": ["http://10.0.0.1/v1"], **told}
        writer = {"name": "writer", "model": "smollm2-135m-instruct"}
        return CaptionStage(Profile(name="o", captioners=[asks], servers=[away, writer], writer={}))

    assert (job().licence.text, job().licence.outputs_train) == (
        "Apache-2.0 AND LicenseRef-unknown",
        None,
    )
    told = job(licence="MIT", outputs_train=True)
    assert (told.licence.text, told.licence.outputs_train) == ("Apache-2.0 AND MIT", True)
    with pytest.raises(ValueError, match="goes with the licence"):
        job(outputs_train=True)


def test_a_row_never_claims_another_licence_than_its_writer_s_model() -> None:
    job = own({"name": "writer", "model": "hub:facebook/Perception-LM-3B", "licence": "MIT"})
    assert job.licence.text == "Apache-2.0 AND LicenseRef-FAIR-Noncommercial-Research"
    assert job.licence.outputs_train is False
    mine = own({"name": "writer", "model": "/my/model", "licence": "MIT", "outputs_train": True})
    assert (mine.licence.text, mine.licence.outputs_train) == ("Apache-2.0 AND MIT", True)


def test_what_an_unknown_server_writes_has_no_licence_of_ours() -> None:
    away = {"name": "writer", "urls": ["http://10.0.0.1/v1"]}
    assert own(away).licence.text == "Apache-2.0 AND LicenseRef-unknown"


def test_another_model_behind_a_server_makes_another_table() -> None:
    def table(model: str) -> str:
        served = {**EARS, "server": "writer"}
        servers = [{"name": "writer", "model": model}]
        return CaptionStage(
            Profile(name="o", captioners=[served], servers=servers, writer={})
        ).weak["ears"]

    assert table("smollm2-135m-instruct") == table("smollm2-135m-instruct") != table("yamnet")


@pytest.mark.parametrize(
    "version",
    ["engine.stages.contract.PROBE_VERSION", "pipelines.caption.stage.DECODER_VERSION"],
)
def test_a_newer_probe_or_decoder_makes_another_table(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def table() -> str:
        profile = Profile(name="o", captioners=[EARS], servers=[{"name": "writer"}], writer={})
        return CaptionStage(profile).weak["ears"]

    older = table()
    monkeypatch.setattr(version, 99)
    assert table() != older


def test_an_entry_point_that_nobody_registered_is_told() -> None:
    spec = {"name": "ears", "use": "nobody"}
    job = CaptionStage(
        Profile(name="own", captioners=[spec], servers=[{"name": "writer"}], writer={})
    )
    with pytest.raises(ProfileError, match='no installed package registers "nobody"'):
        _ = job.classes


def test_a_package_of_its_own_registers_captioners_by_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered = tmp_path / "theirs-1.dist-info"
    registered.mkdir()
    (registered / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1\n")
    entry = "[captionmill.captioners]\ntheir-ears = captioners.dummy:DummyAudio\n"
    (registered / "entry_points.txt").write_text(entry)
    monkeypatch.syspath_prepend(str(tmp_path))
    spec = {"name": "ears", "use": "their-ears"}
    job = CaptionStage(
        Profile(name="own", captioners=[spec], servers=[{"name": "writer"}], writer={})
    )
    assert job.classes == {"ears": DummyAudio}


def test_captioning_needs_captioners_and_a_writer() -> None:
    writer = {"name": "writer", "urls": ["http://10.0.0.1/v1"]}
    with pytest.raises(ProfileError, match="captioning needs at least one"):
        CaptionStage(Profile(name="own", servers=[writer], writer={})).check()
    with pytest.raises(ProfileError, match=r"no \[writer\]"):
        _ = CaptionStage(Profile(name="own", captioners=[EARS])).digest
