"""R@1 over a set of sounds and captions, with a tiny PE-AV of random weights: the figure is that of its
own vectors."""

from pathlib import Path

import numpy as np
import pytest
import torch

from captioners.encoder.inputs import HZ
from captioners.scorers.pe_av import PeAudioScores
from captioners.weights.models import Models
from manifests.media import Media
from manifests.sources.list import ListError
from pipelines.retrieval import audio_retrieval
from tests.captioners.scorers.test_pe_av import checkpoint as checkpoint
from tests.conftest import run, write_clip

pytestmark = pytest.mark.models


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    """Six sounds of two captions each, and one that can't be read."""
    lines = ["file,caption"]
    for number in range(6):
        write_clip(tmp_path / f"{number}.mp4", number)
        lines += [f"{number}.mp4,a dog barks {number}", f"{number}.mp4,rain {'and wind ' * number}"]
    (tmp_path / "broken.mp4").write_bytes(b"no sound")
    lines.append("broken.mp4,nothing")
    (tmp_path / "set.csv").write_text("\n".join(lines))
    return tmp_path / "set.csv"


def test_the_figure_is_that_of_the_model_s_own_products(checkpoint: Path, listed: Path) -> None:
    found = audio_retrieval(listed, str(checkpoint))
    assert (found.sounds, found.captions, found.unreadable) == (6, 12, 1)
    assert 0 <= found.r_at_1 <= 1 and found.r_at_1 * 12 == pytest.approx(round(found.r_at_1 * 12))


def test_vectors_are_of_any_length_and_one_for_each(checkpoint: Path) -> None:
    captioner = PeAudioScores("pe", Models(), {"model": str(checkpoint)})
    captioner.load()
    noise = np.random.default_rng(0).normal(size=HZ).astype(np.float32)
    clips = [Media("c", "h", 1000, audio={HZ: noise * level}) for level in (0.1, 0.5)]
    sounds, texts = captioner.vectors(clips, ["a dog barks", "rain", "music"])
    assert sounds.shape[0] == 2 and texts.shape[0] == 3 and sounds.shape[1] == texts.shape[1]
    lengths = torch.cat([sounds, texts]).norm(dim=1)
    assert not torch.allclose(lengths, torch.ones_like(lengths))


def test_a_list_without_its_columns_is_told(checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_text("path,text\n")
    with pytest.raises(ListError, match='column "file", "caption" is missing'):
        audio_retrieval(tmp_path / "set.csv", str(checkpoint))


def test_the_command_shows_it_beside_the_published_figure(checkpoint: Path, listed: Path) -> None:
    done = run("selfcheck", "--audiocaps", listed, "--model", str(checkpoint))
    assert done.returncode == 0, done.stderr
    assert "over 12 captions of 6 sounds (unreadable sounds: 1)" in done.stdout
    assert "published for PE-AV large on AudioCaps: 45.8%" in done.stdout
