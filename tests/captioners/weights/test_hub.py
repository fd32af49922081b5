"""Models of the hub: only what its cache holds is used in a run, and the reason is told."""

from pathlib import Path

import pytest

from captioners.weights import hub
from captioners.weights.packs import PackError, PackMissing


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub cache in the hub's own layout with one model in it."""
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    model = tmp_path / "models--someone--tiny"
    commit = "0123456789abcdef0123456789abcdef01234567"
    (model / "refs").mkdir(parents=True)
    (model / "refs" / "main").write_text(commit)
    (model / "snapshots" / commit).mkdir(parents=True)
    (model / "snapshots" / commit / "config.json").write_text("{}")
    return model / "snapshots" / commit


def test_a_fetched_model_is_found_without_the_network(cache: Path) -> None:
    assert hub.path("hub:someone/tiny") == cache


def test_a_revision_is_found_by_its_commit(cache: Path) -> None:
    assert hub.path(f"hub:someone/tiny@{cache.name}") == cache


def test_a_model_that_is_not_there_says_what_to_run(cache: Path) -> None:
    with pytest.raises(PackMissing, match="captionmill models fetch hub:someone/other"):
        hub.path("hub:someone/other")


@pytest.mark.run
def test_a_hub_out_of_reach_is_an_error_that_names_the_model(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(PackError, match="someone/other can't be had"):
        hub.fetch("hub:someone/other")
