"""Profiles load from TOML, and a wrong one says what to mend."""

import json
import os
from pathlib import Path

import pytest

from engine.profile.profile import Cutting, Profile, ProfileError, available, load
from engine.profile.writer import WriterSpec
from manifests.sources.cut import cut

_LEAST = """
name = "own"
captioners = [
    { name = "ears", use = "captioners.dummy:DummyAudio" },
    { name = "eyes", use = "captioners.dummy:DummyVideo", when = [
        { of = "ears", label = "Dog", above = 0.5 }, { of = "clip", label = "video", above = 0 },
    ] },
]
[[servers]]
name = "writer"
urls = ["http://127.0.0.1:8000/v1"]

[writer]
"""


def _load(tmp_path: Path, text: str) -> Profile:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    return load(str(path))


@pytest.mark.parametrize("name", available())
def test_every_built_in_profile_loads_and_bears_its_name(name: str) -> None:
    assert load(name).name == name


def test_cpu_and_dummy_are_built_in() -> None:
    assert {"cpu", "dummy"} <= set(available())


def test_captions_may_be_longer_where_captioners_speak_in_sentences() -> None:
    writers = {name: writer for name in available() if (writer := load(name).writer) is not None}
    chars = {name: writer.caption_chars for name, writer in writers.items()}
    assert chars == {"cpu": 240, "dummy": 240, "gpu": 450, "gpu-permissive": 450}
    rich = {name for name, writer in writers.items() if any(rung.rich for rung in writer.ladder)}
    assert rich == {"gpu", "gpu-permissive"}
    for name in rich:
        assert {"rich", "rich-speech", "rich-music"} <= set(writers[name].templates())


@pytest.mark.parametrize("name", ["cpu", "dummy", "gpu", "gpu-permissive"])
def test_a_stored_writer_has_the_settings_that_it_had(name: str) -> None:
    writer = load(name).writer
    assert writer is not None
    stored = json.dumps(writer.model_dump(mode="json"), sort_keys=True)  # as a workspace keeps it
    assert WriterSpec(**json.loads(stored)).settings() == writer.settings()


def test_a_file_of_ones_own_loads_with_defaults(tmp_path: Path) -> None:
    profile = _load(tmp_path, _LEAST)
    assert [c.name for c in profile.captioners] == ["ears", "eyes"]
    assert [str(c) for c in profile.captioners[1].when] == ["ears.Dog > 0.5", "clip.video > 0"]
    assert (profile.clips.max_seconds, profile.clips.min_tail_seconds) == (30.0, 1.0)
    assert (profile.sizes.shard, profile.filters, profile.calibration) == (1024, (), None)


def test_a_profile_comes_back_from_what_is_kept_of_it(tmp_path: Path) -> None:
    profile = _load(tmp_path, _LEAST)
    assert Profile(**profile.model_dump(mode="json")) == profile


def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    with pytest.raises(ProfileError, match=r'no profile "gqu"; use .*cpu, dummy'):
        load("gqu")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"missing\.toml: No such file"):
        load(str(tmp_path / "missing.toml"))


@pytest.mark.parametrize("content", [b"name = ", b"name = 'a' name = 'b'", b"\xff\xfe", b"\x00"])
def test_what_is_not_toml_is_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_bytes(content)
    with pytest.raises(ProfileError, match="is not TOML"):
        load(str(tmp_path / "own.toml"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "own"', "", "name: Field required"),
        ('name = "own"', 'nam = "own"', "nam: Extra inputs are not permitted"),
        ("[writer]", "[sizes]\nbatch = 0\n[writer]", "sizes.batch: .*greater than or equal to 1"),
        ("[writer]", "[sizes]\ndecode_seconds = inf\n[writer]", "decode_seconds: .*finite"),
        ("[writer]", "[clips]\nmax_seconds = 0\n[writer]", "clips.max_seconds"),
        ("[writer]", "[writer]\ncaption_chars = 79", "writer.caption_chars: .*equal to 80"),
        ("[writer]", "[writer]\ncaption_chars = 2001", "writer.caption_chars: .*equal to 2000"),
        ("[writer]", "[writer]\ncaption_chars = -1", "writer.caption_chars"),
        ("[writer]", "[writer]\ncaption_chars = 99.5", "writer.caption_chars: .*integer"),
        ("[writer]", '[writer]\ncaption_chars = "long"', "writer.caption_chars: .*integer"),
        ("[writer]", "[clips]\nmin_tail_seconds = 0\n[writer]", "clips.min_tail_seconds"),
        ("[writer]", "[clips]\nmax_seconds = 0.5\n[writer]", "min_tail_seconds is more than"),
        ("[writer]", '[clips]\naudio_track = "klingon"\n[writer]', 'audio_track "klingon" is no'),
        ("[writer]", "[clips]\naudio_track = -1\n[writer]", "clips.audio_track"),
        ("[writer]", "[clips]\naudio_track = true\n[writer]", "clips.audio_track"),
        ("captioners.dummy:DummyVideo", "a b:c", r"captioners.1.use: .*match pattern"),
        ('"eyes"', '"../eyes"', r"captioners.1.name: .*match pattern"),
        ('"eyes"', '"eyes "', r"captioners.1.name: .*match pattern"),
        ('"eyes"', '"eyes\\n"', r"captioners.1.name: .*match pattern"),
        ('"eyes"', '"Eyes"', r"captioners.1.name: .*match pattern"),
        ('"eyes"', '"ears"', "two captioners have the same name"),
        ('"eyes"', '"clip"', 'no captioner may be called "clip"'),
        ('of = "ears"', 'of = "eyes"', 'eyes asks "eyes", but no captioner'),
        ('of = "ears"', 'of = "nose"', 'eyes asks "nose", but no captioner'),
        ("above = 0.5", "above = nan", "captioners.1.when.0.above: .*finite"),
        ("above = 0.5", "above = 0.5, below = 1", "ears.Dog: give either above or below"),
        ('label = "video"', 'label = "width"', 'a clip has no label "width"; it has seconds'),
        ('"writer"', '"other"', r'the writer asks for the server "writer": add \[\[servers\]\]'),
        ('"eyes"', '"eyes", server = "big"', 'eyes asks for the server "big"'),
        (
            "[writer]",
            '[localizer]\nuse = "a:B"\nserver = "big"\n[writer]',
            'the localizer asks for the server "big"',
        ),
        ("[writer]", '[localizer]\nuse = "a b"\n[writer]', "localizer.use: .*match pattern"),
        (
            "[writer]",
            '[localizer]\nuse = "a:B"\nname = "../a"\n[writer]',
            "localizer.name: .*match",
        ),
        ('"eyes"', '"eyes", reads = ["nose"]', 'eyes asks "nose", but no captioner'),
        ("urls =", 'model = "m"\nurls =', "give either a model to start or urls to use"),
        ("urls =", "num_gpus = 1.5\nurls =", "a share of one GPU or whole GPUs"),
        ("urls =", "tensor_parallel = 2\nurls =", "needs num_gpus = 2"),
        ("urls =", 'prompt_embeds = true\nhost = "0.0.0.0"\nurls =', "only on a loopback"),
    ],
)
def test_a_wrong_profile_says_what_is_wrong(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    assert old in _LEAST
    with pytest.raises(ProfileError, match=message) as raised:
        _load(tmp_path, _LEAST.replace(old, new, 1))
    assert str(tmp_path / "own.toml") in str(raised.value)


def test_a_base_is_taken_with_what_is_changed(tmp_path: Path) -> None:
    (tmp_path / "least.toml").write_text(_LEAST)
    changed = f"""
    name = "changed"
    base = "{tmp_path / "least.toml"}"
    without = ["eyes"]
    [sizes]
    batch = 3
    [[captioners]]
    name = "ears"
    num_cpus = 2
    [[captioners]]
    name = "nose"
    use = "captioners.dummy:DummyVideo"
    """
    profile = _load(tmp_path, changed)
    assert [c.name for c in profile.captioners] == ["ears", "nose"]
    assert (profile.name, profile.captioners[0].num_cpus, profile.sizes.batch) == ("changed", 2, 3)
    assert profile.servers == _load(tmp_path, _LEAST).servers


def test_a_captioner_and_its_server_of_the_same_name_are_left_out_together(tmp_path: Path) -> None:
    named = '[[captioners]]\nname = "talker"\nuse = "captioners.dummy:DummyAudio"\n'
    named += '[[servers]]\nkind = "dummy"\nname = "talker"\n'
    (tmp_path / "with.toml").write_text('base = "dummy"\n' + named)
    both = load(str(tmp_path / "with.toml"))
    (tmp_path / "without.toml").write_text(f'base = "{tmp_path}/with.toml"\nwithout = ["talker"]')
    neither = load(str(tmp_path / "without.toml"))
    assert "talker" in {c.name for c in both.captioners} & {s.name for s in both.servers}
    assert "talker" not in {c.name for c in neither.captioners} | {s.name for s in neither.servers}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('base = "cpu"\nwithout = ["noses"]', "without names nothing of its base: noses"),
        ('base = "{own}"', "is its own base"),
        ('base = "none"', 'no profile "none"'),
    ],
)
def test_a_base_that_can_not_be_is_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ProfileError, match=told):
        _load(tmp_path, 'name = "own"\n' + text.replace("{own}", str(tmp_path / "own.toml")))


def test_a_filter_may_ask_every_captioner(tmp_path: Path) -> None:
    rule = '[[filters]]\nname = "no dog"\nwhen = [{ of = "eyes", label = "Dog", below = 0.1 }]\n'
    (found,) = _load(tmp_path, _LEAST + rule).filters
    assert (found.name, [str(c) for c in found.when]) == ("no dog", ["eyes.Dog < 0.1"])


@pytest.mark.parametrize(
    ("when", "message"),
    [
        (
            '[{ of = "nose", label = "Dog", below = 0.1 }]',
            'filter "x" asks "nose", which is no captioner',
        ),
        ("[]", "filters.0.when: .*at least 1"),
    ],
)
def test_a_filter_that_would_drop_nothing_or_everything_is_refused(
    when: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ProfileError, match=message):
        _load(tmp_path, f'{_LEAST}[[filters]]\nname = "x"\nwhen = {when}\n')


@pytest.mark.parametrize(("most", "tail"), [(0.001, 0.001), (30.0, 30.0), (0.0015, 0.0014)])
def test_every_cutting_that_loads_can_cut(most: float, tail: float) -> None:
    cutting = Cutting(max_seconds=most, min_tail_seconds=tail)
    spans = cut(
        100,
        max_ms=round(cutting.max_seconds * 1000),
        min_tail_ms=round(cutting.min_tail_seconds * 1000),
    )
    assert spans[0][0] == 0 and spans[-1][1] == 100


def test_a_profile_is_found_below_any_path(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff \n"))
    folder.mkdir()
    assert _load(folder, _LEAST).name == "own"
