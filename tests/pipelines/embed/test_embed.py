"""`captionmill embed` on real clips with the dummy encoder."""

import json
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from captioners.dummy import DummyEmbedder
from captioners.encoder.model import Embedded
from captioners.weights.models import Models
from engine.media.decode import DecodePlan, decode
from manifests import commits, tables
from manifests.ids import path_of
from manifests.workspace import Workspace
from pipelines.status import jobs, uncompared
from tests.conftest import CLIPS, here, problems_of, quick_profile, run, write_clip

pytestmark = pytest.mark.run

_FEW = 9

ENCODER = """
[encoder]
name = "dummy"
use = "captioners.dummy:DummyEmbedder"
group = "encoder"
num_cpus = 0.1
options = { batch_ms = 5 }
"""


@pytest.fixture(scope="module")
def embedded(reference: Path, tmp_path_factory: pytest.TempPathFactory, cluster: str) -> Path:
    """A captioned workspace with vectors (`out`), and its profile (`profile.toml`)."""
    folder = tmp_path_factory.mktemp("embedded")
    shutil.copytree(reference / "out", folder / "out")
    (folder / "profile.toml").write_text(quick_profile() + ENCODER)
    done = run(
        "embed", folder / "out", "--profile", folder / "profile.toml", "--json", RAY_ADDRESS=cluster
    )
    assert done.returncode == 0, done.stderr
    books = json.loads(done.stdout)
    assert books["embedded"] == CLIPS and books["pending"] == 0 and books["close"]
    return folder


def _rows(folder: Path, kind: str) -> dict[str, dict[str, Any]]:
    """The rows of the tables of a kind, by clip."""
    root = folder / "out"
    files = [file for file in _files(root) if file.table.partition("/")[0] == kind]
    return {row["clip_id"]: row for row in tables.read_all(root, files)}


def _files(root: Path) -> list[tables.File]:
    """All committed files."""
    state = commits.load(Workspace.open(root))
    return [f for shard in state.numbers() for r in state.of_shard(shard) for f in r.files]


def _embedded_again(clip: dict[str, Any]) -> Embedded:
    """What the encoder gives of a clip that is decoded here."""
    plan = DecodePlan((16_000,), 2, 64)
    span = (clip["start_ms"], clip["end_ms"])
    source = path_of(clip["uri"])
    decoded = decode(source, clip["clip_id"], clip["content_hash"], *span, plan, True, True)
    (answer,) = DummyEmbedder("dummy", Models(), {"batch_ms": 0}).answer([decoded.media])
    return answer


def test_each_clip_has_the_vectors_of_its_own_media(embedded: Path) -> None:
    clips, vectors = _rows(embedded, "clips"), _rows(embedded, "embeddings")
    assert vectors.keys() == clips.keys() and len(clips) == CLIPS
    for clip_id, clip in clips.items():
        again = _embedded_again(clip)
        for name, vector in again.media.items():
            assert vector is not None
            wanted = vector.astype(np.float16).tolist()
            assert vectors[clip_id][name] == wanted
        assert (vectors[clip_id]["audio_ms"], vectors[clip_id]["frames"]) == (1000, 2)


def test_similarities_are_products_with_the_clips_own_captions(embedded: Path) -> None:
    captions, similar = _rows(embedded, "captions"), _rows(embedded, "similarity")
    vectors = _rows(embedded, "embeddings")
    assert captions
    for clip_id, row in similar.items():
        assert row["caption_digest"] == captions[clip_id]["caption_digest"]
        wanted = np.dot(vectors[clip_id]["audio"], vectors[clip_id]["video"])
        assert row["audio_video"] == pytest.approx(wanted, abs=1e-6)
        assert -1.01 < row["audio_caption"] < 1.01


def test_verification_has_nothing_to_say(embedded: Path) -> None:
    assert problems_of(embedded / "out") == []


def test_the_same_command_again_does_nothing(embedded: Path, cluster: str) -> None:
    before = _rows(embedded, "similarity")
    done = run(
        "embed", embedded / "out", "--profile", embedded / "profile.toml", RAY_ADDRESS=cluster
    )
    assert done.returncode == 0, done.stderr
    assert f"{CLIPS} clips = {CLIPS} embedded" in done.stdout
    assert _rows(embedded, "similarity") == before


def test_new_captions_are_compared_with_the_vectors_that_are_there(
    embedded: Path, clips: Path, cluster: str, tmp_path: Path
) -> None:
    shutil.copytree(embedded / "out", tmp_path / "out")
    profile = tmp_path / "other.toml"
    profile.write_text((embedded / "profile.toml").read_text().replace('"draft"', '"terse"'))
    for arguments in (("caption", clips), ("embed",)):
        done = run(*arguments, tmp_path / "out", "--profile", profile, RAY_ADDRESS=cluster)
        assert done.returncode == 0, done.stderr
    kinds = Counter(file.table.partition("/")[0] for file in _files(tmp_path / "out"))
    assert kinds["similarity"] == 2 * kinds["embeddings"] > 0
    assert problems_of(tmp_path / "out") == []


def test_killed_and_failed_it_ends_as_if_neither_had_been(
    embedded: Path, reference: Path, cluster: str, tmp_path: Path
) -> None:
    out, flag = tmp_path / "out", tmp_path / "flag"
    shutil.copytree(reference / "out", out)
    clip = min(_rows(embedded, "clips"))
    options = f'batch_ms = 5, flag = "{flag}", clip = "{clip}"'
    failing = "tests.pipelines.embed.failing:FailingEmbedder"
    encoder = ENCODER.replace("captioners.dummy:DummyEmbedder", failing)
    profile = quick_profile() + encoder.replace("batch_ms = 5", options)
    (tmp_path / "profile.toml").write_text(profile)

    def embed(*options: str, **environment: str) -> Any:
        command = ("embed", out, "--profile", tmp_path / "profile.toml", "--json", *options)
        return run(*command, RAY_ADDRESS=cluster, **environment)

    flag.touch()
    assert embed(CAPTIONMILL_KILL_AT="driver.before_commit").returncode == -signal.SIGKILL
    failed = json.loads(embed().stdout)
    assert (failed["embedded"], failed["quarantined"]) == (CLIPS - 1, 1)
    flag.unlink()
    assert json.loads(embed().stdout)["quarantined"] == 1
    retried = json.loads(embed("--retry").stdout)
    assert (retried["embedded"], retried["quarantined"], retried["close"]) == (CLIPS, 0, True)
    for kind in ("embeddings", "similarity"):
        assert _rows(tmp_path, kind) == _rows(embedded, kind)
    assert problems_of(out) == []


@pytest.mark.exhaustive
def test_captions_of_a_retry_are_compared_with_the_vectors_that_are_there(
    clips: Path, cluster: str, tmp_path: Path
) -> None:
    """Files that were away for captioning and are there for embedding, beside a clip that is longer than
    what is embedded of one."""
    media, away, out = (tmp_path / name for name in ("media", "away", "out"))
    media.mkdir()
    away.mkdir()
    for path in sorted(clips.iterdir())[: _FEW - 1]:
        shutil.copy(path, media)
    write_clip(media / "clip0005, which is long.mp4", 33, seconds=33)
    profile = tmp_path / "profile.toml"
    profile.write_text(quick_profile() + ENCODER + "\n[clips]\nmax_seconds = 40\n")

    def ran(*command: Any, **environment: str) -> str:
        done = run(*command, "--profile", profile, RAY_ADDRESS=cluster, **environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stood() -> tuple[dict[str, Any], int | None]:
        place = Workspace.open(out)
        every_job = jobs(place, commits.load(place))
        captioning, embedding = every_job
        assert embedding.stage == "embed" and embedding.books.close and problems_of(out) == []
        return embedding.to_json(), uncompared(every_job, captioning)

    listing = ("caption", media, out, "--profile", profile)
    assert run(*listing, CAPTIONMILL_KILL_AT="ingest.after_commit:2").returncode < 0
    gone = sorted(media.iterdir())[::4]
    for path in gone:
        path.rename(away / path.name)
    ran("caption", media, out)
    for path in away.iterdir():
        path.rename(media / path.name)
    told = ran("embed", out)
    assert "captionmill quarantine retry" in told and "1 clip is longer" in told
    books, missing = stood()
    assert (books["embedded"], books["quarantined"]) == (_FEW - len(gone), len(gone))
    assert missing == 0
    vectors = _rows(tmp_path, "embeddings")
    assert len(vectors) == _FEW - len(gone)
    assert {row["audio_ms"] for row in vectors.values()} == {1_000, 31_000}

    ran("quarantine", "retry", out)
    assert stood()[1] == len(gone)
    assert (
        f"{len(gone)} clips of the newest captions have no similarities"
        in here("status", out).stdout
    )
    for path in {*media.iterdir()} - {*gone}:
        path.unlink()  # what has vectors is not read again
    ran("embed", out)
    books, missing = stood()
    assert (books["embedded"], books["quarantined"], missing) == (_FEW, 0, 0)
    now = _rows(tmp_path, "embeddings")
    assert len(now) == _FEW and {clip: now[clip] for clip in vectors} == vectors
    captions, similar = _rows(tmp_path, "captions"), _rows(tmp_path, "similarity")
    assert {clip: row["caption_digest"] for clip, row in similar.items()} == {
        clip: row["caption_digest"] for clip, row in captions.items()
    }
    assert all(row["audio_caption"] is not None for row in similar.values())


@pytest.mark.exhaustive
def test_of_a_longer_clip_the_beginning_is_embedded(cluster: str, tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    for seconds in (2, 33):
        write_clip(tmp_path / "media" / f"{seconds}.mp4", seconds, seconds)
    profile = tmp_path / "profile.toml"
    profile.write_text(quick_profile() + ENCODER + "\n[clips]\nmax_seconds = 40\n")
    for arguments in (("caption", tmp_path / "media"), ("embed",)):
        command = (*arguments, tmp_path / "out", "--profile", profile, "--json")
        done = run(*command, RAY_ADDRESS=cluster)
        assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["embedded"], told["longest_ms"], told["longer"]) == (2, 31_000, 1)
    lengths = {row["audio_ms"] for row in _rows(tmp_path, "embeddings").values()}
    assert lengths == {2_000, 31_000}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text.replace(ENCODER, ""), "no [encoder]"),
        (lambda text: text + "\n[clips]\nmax_seconds = 7\n", "does not cut the same clips"),
        (
            lambda text: text.replace("DummyEmbedder", "DummyAudio"),
            "is not an EmbeddingModel",
        ),
    ],
)
def test_a_profile_that_can_not_embed_is_refused(
    embedded: Path, tmp_path: Path, change: Callable[[str], str], told: str
) -> None:
    profile = tmp_path / "changed.toml"
    profile.write_text(change((embedded / "profile.toml").read_text()))
    done = here("embed", embedded / "out", "--profile", profile)
    assert done.returncode == 1
    assert told in done.stderr


def test_a_workspace_without_captions_says_what_to_do(tmp_path: Path) -> None:
    Workspace.create(tmp_path / "empty")
    done = here("embed", tmp_path / "empty", "--profile", "dummy")
    assert done.returncode == 1
    assert "no caption job was begun" in done.stderr
