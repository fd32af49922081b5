"""Statistics are counts of what the parts of a release hold."""

import json
from pathlib import Path

import pytest

from manifests.errors import UserError
from manifests.release.statistics import NONE, OTHERS, Statistics, statistics
from tests.manifests.release import made


def test_each_class_and_split_is_counted(tmp_path: Path) -> None:
    release = made.small(tmp_path)
    counted = statistics(tmp_path, release.of("data"))
    groups = {(group.licence_class, group.split): group for group in counted.groups}
    assert {key: group.rows for key, group in groups.items()} == {
        ("permissive", "train"): 28,
        ("permissive", "test"): 4,
        ("no-training", "train"): 4,
        ("no-training", "test"): 4,
    }
    assert counted.rows == 40
    assert counted.hours == pytest.approx(40 * 10 / 3600)
    train = groups["permissive", "train"]
    assert train.sources == 28
    assert train.captions["audio_caption"] == {"llm": 28}
    assert train.captions["visual_caption"] == {"template": 18}
    assert train.words["audio_caption"] == {"0": 28}
    assert sum(train.words["audio_visual_caption"].values()) == 28
    assert train.values["kinds"] == {"video": 28}
    assert sum(train.values["domains"].values()) == 28
    assert train.values["languages"] == {"en": 16, NONE: 12}
    assert train.values["licences"] == {"Apache-2.0 AND MIT": 28}
    assert train.values["seconds"] == {"10": 28}
    assert train.values["support"] == {"0.9": 28}
    assert train.values["confidence"] == {"0.7": 28}
    assert train.values["origins"] == {"synthetic": 28}


def test_totals_are_over_all_groups(tmp_path: Path) -> None:
    counted = statistics(tmp_path, made.small(tmp_path).of("data"))
    assert counted.total("domains") == {"speech": 14, "general": 13, "music": 13}
    assert counted.authors()["visual_caption"] == {"template": 26}


def test_the_file_is_json_and_always_the_same(tmp_path: Path) -> None:
    files = made.small(tmp_path).of("data")
    first, second = statistics(tmp_path, files), statistics(tmp_path, files[::-1])
    assert first.to_json() == second.to_json()
    assert Statistics.from_json(first.to_json()) == first
    told = json.loads(first.to_json())
    assert told["rows"] == 40 and len(told["groups"]) == 4


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b'{"rows": 1, "hours": 1, "groups": [1]}', b"[" * 10**5, b"\xff"],
)
def test_what_is_no_file_of_statistics_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError):
        Statistics.from_json(content)


def test_statistics_that_lack_counts_are_refused(tmp_path: Path) -> None:
    counted = statistics(tmp_path, made.small(tmp_path).of("data"))
    del counted.groups[0].values["domains"]
    with pytest.raises(ValueError, match="counts of this version"):
        Statistics.from_json(counted.to_json())


def test_rare_values_are_one(tmp_path: Path) -> None:
    clips = [made.clip(5 * n, language=f"x{n:02d}") for n in range(60)]
    release = made.write(tmp_path, clips)
    languages = statistics(tmp_path, release.of("data")).groups[0].values["languages"]
    assert len(languages) == 51
    assert languages[OTHERS] == 10 and list(languages)[-1] == OTHERS


def test_an_empty_release_has_no_groups(tmp_path: Path) -> None:
    counted = statistics(tmp_path, [])
    assert counted.rows == 0 and json.loads(counted.to_json())["groups"] == []


def test_a_file_that_can_not_be_read_is_told(tmp_path: Path) -> None:
    release = made.small(tmp_path)
    (tmp_path / release.of("data")[0].path).write_bytes(b"x")
    with pytest.raises(UserError, match="can't be read"):
        statistics(tmp_path, release.of("data"))
