"""Media beside a release: each clip with its own, or none at all."""

import json
import os
import random
import tarfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from manifests.ids import content_hash
from manifests.release import samples
from manifests.release.layout import Release, ReleaseFile
from manifests.verify.release import check_release
from manifests.verify.sample import check_drawn, draw
from pipelines.rebuild.packing import SourceError
from tests.engine.media import made as numbered
from tests.manifests.release import made
from tests.pipelines.preview.made import rows
from tests.pipelines.rebuild.built import resealed, with_files
from tests.pipelines.rebuild.packed import of_clip, of_file, packed

_ODD = (b"a \"b\" 'c'.MP4", b"\xff\xfe\n.wav", b"none", b"x.json", b".hidden.flac", b"evil.pkl")


@pytest.fixture
def clips(tmp_path: Path) -> list[made.Clip]:
    """Clips of six files with odd names."""
    folder = tmp_path / "media"
    folder.mkdir()
    paths = [Path(os.fsdecode(bytes(folder) + b"/" + name)) for name in _ODD]
    for number, path in enumerate(paths):
        path.write_bytes(random.Random(number).randbytes(100_000 + number))
    return [of_file(number, path) for number, path in enumerate(paths)]


def _release(folder: Path, clips: list[made.Clip]) -> Release:
    """The release with these clips and their tar."""
    tar = packed(folder, clips)
    release = made.write(folder, clips, tables=["data"])
    return with_files(release, [*release.files, tar])


def _path(clip: made.Clip) -> Path:
    return Path(os.fsdecode(samples.path_of(clip.data["uri"])))


def test_members_are_the_sources_and_what_a_trainer_needs(
    clips: list[made.Clip], tmp_path: Path
) -> None:
    file = packed(tmp_path / "out", clips)
    path = tmp_path / "out" / file.path
    assert (file.rows, file.bytes, file.sha256) == (6, path.stat().st_size, content_hash(path))
    with tarfile.open(path) as tar:
        names = tar.getnames()
        for clip, kind in zip(clips, ("mp4", "wav", "bin", "bin", "flac", "bin"), strict=True):
            name = clip.data["clip_id"]
            media, told = tar.extractfile(f"{name}.{kind}"), tar.extractfile(f"{name}.json")
            assert media is not None and told is not None
            assert media.read() == _path(clip).read_bytes()
            row = json.loads(told.read())
            assert row["audio_caption"] == clip.data["audio_caption"]
            assert row["variants"] == json.loads(clip.data["variants"] or "[]")
            assert (row["media"], row["media_sha256"]) == ("source", clip.data["content_hash"])
        assert [name.partition(".")[0] for name in names[::2]] == [c.data["clip_id"] for c in clips]
        assert {(m.mtime, m.uid, m.gid, m.uname, m.mode) for m in tar} == {(0, 0, 0, "", 0o644)}


def test_the_same_media_give_the_same_bytes(clips: list[made.Clip], tmp_path: Path) -> None:
    first = packed(tmp_path / "one", clips)
    for clip in clips:
        os.utime(_path(clip), (1, 1))
    assert packed(tmp_path / "two", clips) == first


def test_webdataset_reads_it(clips: list[made.Clip], tmp_path: Path) -> None:
    import webdataset

    file = packed(tmp_path / "out", clips)
    url = str(tmp_path / "out" / file.path)
    read = list(webdataset.WebDataset(url, shardshuffle=False).decode())
    assert [each["__key__"] for each in read] == [clip.data["clip_id"] for clip in clips]
    assert [each["json"]["audio_caption"] for each in read] == [
        clip.data["audio_caption"] for clip in clips
    ]
    assert read[0]["mp4"] == _path(clips[0]).read_bytes()


def _swapped(clips: list[made.Clip]) -> None:
    """Files of one size and time on each other's names."""
    one, other = _path(clips[0]), _path(clips[1])
    content = one.read_bytes(), other.read_bytes()[: one.stat().st_size]
    one.write_bytes(content[1])
    os.utime(one, (5, 5))


def _gone(clips: list[made.Clip]) -> None:
    for clip in clips[:5]:
        _path(clip).unlink()


def _longer(clips: list[made.Clip]) -> None:
    with _path(clips[0]).open("ab") as file:
        file.write(b"x")


def _fifo(clips: list[made.Clip]) -> None:
    _path(clips[0]).unlink()
    os.mkfifo(_path(clips[0]))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_swapped, "is not the file that was captioned"),
        (_gone, r"No such file or directory; .*; and 2 more of this part"),
        (_longer, "it has 100001 bytes, and had 100000"),
        (_fifo, "it has 0 bytes"),
    ],
)
def test_other_media_are_refused_and_nothing_stands(
    change: Callable[[list[made.Clip]], None],
    told: str,
    clips: list[made.Clip],
    tmp_path: Path,
) -> None:
    change(clips)
    with pytest.raises(SourceError, match=told) as raised:
        packed(tmp_path / "out", clips)
    assert clips[0].data["uri"] in str(raised.value)
    assert "takedown" in str(raised.value)
    assert list((tmp_path / "out" / "media").rglob("*.tar*")) == []


def test_what_is_packed_is_verified(clips: list[made.Clip], tmp_path: Path) -> None:
    out = tmp_path / "out"
    release = _release(out, clips)
    checked = check_release(out, release)
    assert checked.problems == [] and checked.rows["media"] == 6
    drawn = draw(out, release, 3, random.Random(1))
    assert [problem for part in drawn for problem in check_drawn(part).problems] == []


Member = tuple[str, bytes]


def _exchanged(members: list[Member]) -> list[Member]:
    """The media of two clips on each other's names."""
    (one, first), told, (other, second), *rest = members
    return [(one, second), told, (other, first), *rest]


def _forged(members: list[Member]) -> list[Member]:
    """Other media, with its sha256 in the JSON."""
    (one, _), (name, told), *rest = members
    row = json.loads(told) | {"media_sha256": "f" * 64}
    return [(one, b"forged"), (name, json.dumps(row).encode()), *rest]


def _other_caption(members: list[Member]) -> list[Member]:
    media, (name, told), *rest = members
    row = json.loads(told) | {"audio_caption": "Another."}
    return [media, (name, json.dumps(row).encode()), *rest]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            _exchanged,
            {"its media is not the source of the clip", "its media is not what was written"},
        ),
        (_forged, {"its media is not the source of the clip", "its media is not what was written"}),
        (_other_caption, {"audio_caption of its JSON is not that of its data row"}),
        (lambda members: members[2:4] + members[:2] + members[4:], {"data has clip"}),
        (lambda members: members[:-2], {"it has no sample of a clip of data"}),
        (lambda members: [*members, *members[:2]], {"data has no further clip here"}),
        (lambda members: members[:-1], {"after 5 samples"}),
        (lambda members: [members[1], members[0], *members[2:]], {"after 0 samples"}),
    ],
)
def test_media_on_another_clip_are_seen(
    change: Callable[[list[Member]], list[Member]],
    told: set[str],
    clips: list[made.Clip],
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    release = _changed(out, _release(out, clips), change)
    problems = check_release(out, release).problems
    assert problems
    for problem in problems:
        assert problem.where.startswith("media/permissive/train-00000-of-00001.tar")
        assert any(problem.message.startswith(each) for each in told), problem.message


def test_a_sample_sees_them_too(clips: list[made.Clip], tmp_path: Path) -> None:
    out = tmp_path / "out"
    release = _changed(out, _release(out, clips), _exchanged)
    drawn = draw(out, release, 6, random.Random(1))
    problems = [problem for part in drawn for problem in check_drawn(part).problems]
    assert {problem.clip_id for problem in problems} == {c.data["clip_id"] for c in clips[:2]}


def test_dates_and_owners_are_seen(clips: list[made.Clip], tmp_path: Path) -> None:
    out = tmp_path / "out"
    release = _changed(out, _release(out, clips), lambda members: members, mtime=5)
    (problem,) = check_release(out, release).problems
    assert "without date and owner" in problem.message


def _changed(
    out: Path, release: Release, change: Callable[[list[Member]], list[Member]], **of: Any
) -> Release:
    """The release with other members, whose checksum fits."""
    (old,) = release.of("media")
    with tarfile.open(out / old.path) as tar:
        members = [(member.name, _content(tar, member)) for member in tar]
    with samples.writing(out / old.path) as new:
        for name, content in change(members):
            if of:
                info = tarfile.TarInfo(name)
                info.size, info.mtime = len(content), of["mtime"]
                new._tar.addfile(info, _bytes(content))
            else:
                new.add(name, len(content), _bytes(content))
    file: ReleaseFile = resealed(out, old, old.rows)
    return with_files(release, [*release.of("data"), file])


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    content = tar.extractfile(member)
    assert content is not None
    return content.read()


def _bytes(content: bytes) -> Any:
    return BytesIO(content)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds of numbered frames with the melody."""
    path = tmp_path_factory.mktemp("film") / "film.mkv"
    return numbered.make(path, ["-c:v", "libx264", "-g", "100", "-c:a", "flac"])


def _spans(path: Path) -> list[made.Clip]:
    cut = rows(path, max_seconds=2)
    assert len(cut) == 3 and not any(row["whole"] for row in cut)
    return [of_clip(number, row) for number, row in enumerate(cut)]


@pytest.mark.run
def test_a_span_is_coded_with_exactly_its_own_clock(film: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    clips = _spans(film)
    release = _release(out, clips)
    assert check_release(out, release).problems == []
    (file,) = release.of("media")
    with tarfile.open(out / file.path) as tar:
        for number, clip in enumerate(clips):
            media = tmp_path / "clip.mp4"
            media.write_bytes(_content(tar, tar.getmember(f"{clip.data['clip_id']}.mp4")))
            told = json.loads(_content(tar, tar.getmember(f"{clip.data['clip_id']}.json")))
            assert told["media"] == "coded" and told["file_ms"] == told["since_ms"] == 0
            with av.open(str(media)) as container:
                frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
            assert [numbered.number_of(frame) for frame in frames] == list(
                range(50 * number, 50 * number + 50)
            )
            with av.open(str(media)) as container:
                heard = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])
            own = numbered.melody(6)[2 * numbered.RATE * number :][: 2 * numbered.RATE]
            assert abs(numbered.lag_ms(heard, own, numbered.RATE)) < 1
            assert abs(len(heard) - len(own)) <= 1024


@pytest.mark.run
def test_spans_give_the_same_bytes_again(film: Path, tmp_path: Path) -> None:
    clips = _spans(film)
    assert packed(tmp_path / "one", clips) == packed(tmp_path / "two" / "out", clips)


@pytest.mark.run
def test_a_span_of_sound_alone_is_flac(tmp_path: Path) -> None:
    path = numbered.make(tmp_path / "sound.wav", ["-vn", "-c:a", "pcm_s16le"])
    clips = _spans(path)
    file = packed(tmp_path / "out", clips)
    with tarfile.open(tmp_path / "out" / file.path) as tar:
        media = tmp_path / "clip.flac"
        media.write_bytes(_content(tar, tar.getmember(f"{clips[1].data['clip_id']}.flac")))
    with av.open(str(media)) as container:
        heard = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)]) / 32768
    own = numbered.melody(6)[2 * numbered.RATE : 4 * numbered.RATE]
    assert np.abs(heard - own).max() < 2 / 32768


@pytest.mark.run
def test_spans_of_a_source_that_was_changed_are_refused(film: Path, tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    path.write_bytes(film.read_bytes())
    clips = _spans(path)
    content = bytearray(path.read_bytes())
    content[5000] ^= 1
    path.write_bytes(content)
    with pytest.raises(SourceError, match="is not the file that was captioned"):
        packed(tmp_path / "out", clips)
    assert list((tmp_path / "out" / "media").rglob("*.tar*")) == []


@pytest.mark.run
def test_a_span_that_is_too_long_or_can_not_be_decoded_is_told(film: Path, tmp_path: Path) -> None:
    (first, *_) = _spans(film)
    long = made.Clip("train", first.data | {"end_ms": 200_000, "duration_ms": 200_000}, [], [])
    with pytest.raises(SourceError, match=r"has up to 120 s; set keep\.max_ms"):
        packed(tmp_path / "one", [long])
    other = made.Clip("train", first.data | {"end_byte": 100}, [], [])
    with pytest.raises(SourceError, match=f"its clip {first.data['clip_id']} can't be coded"):
        packed(tmp_path / "two", [other])
