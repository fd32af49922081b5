"""Which encoder a text is embedded by."""

from pathlib import Path

import pytest

from captioners.encoder import load as loading
from captioners.weights.packs import PackMissing
from engine.profile.profile import load
from engine.stages.models import identity
from manifests.ids import digest
from manifests.release.layout import ReleaseEncoder
from pipelines.search.loading import model_of
from pipelines.search.released import Released
from pipelines.search.stored import SearchError


def _model(name: str, identity: str) -> str:
    encoder = ReleaseEncoder(name=name, width=8, identity=identity)
    return model_of(Released(Path("release"), (), (), encoder))


def _shipped() -> str:
    """The identity of the encoder of the profile cpu, as `captionmill embed` keeps it."""
    profile = load("cpu")
    assert profile.encoder is not None
    return digest(identity(profile.encoder, profile))


def test_of_a_release_it_is_the_one_with_that_identity() -> None:
    assert _model("small", _shipped()) == "small"
    assert _model("called otherwise", _shipped()) == "small"


def test_of_a_release_one_with_other_weights_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    before = _shipped()
    monkeypatch.setattr(loading, "shipped_digest", lambda: "f" * 16)
    with pytest.raises(
        SearchError, match=f"'small' .identity {before}.*has other code, options or"
    ):
        _model("small", before)


def test_of_a_release_one_whose_weights_are_not_here_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(PackMissing, match="captionmill models fetch"):
        _model("pe-av-large", "e" * 16)


def test_of_a_release_one_in_no_profile_is_told() -> None:
    with pytest.raises(
        SearchError, match=r"'mine' .identity e{16}., which is in no built-in profile"
    ):
        _model("mine", "e" * 16)
