"""Rules of a release: what they mean, and that every wrong one is told with its key."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from manifests.release.rules import GLOBAL, LOCAL, Rules, RulesError, load, parse

_INPUT = {"workspace": ".", "name": "run"}


def rules(tmp_path: Path, **sections: Any) -> Rules:
    return parse({"input": [_INPUT], **sections}, "R.toml", tmp_path)


def test_a_file_is_read_with_its_paths_relative_to_it(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "gone.txt").write_text("x\n")
    file = tmp_path / "R.toml"
    file.write_bytes(
        b'\xef\xbb\xbf[[input]]\r\nworkspace = "work"\r\nname = "run"\r\n'
        b'[takedown]\r\nlists = ["gone.txt"]\r\n[duplicates]\r\nmedia = "off"\r\ncaptions = true\r\n'
    )
    read = load(file)
    assert read.path(read.input[0].workspace) == tmp_path / "work"
    assert (read.takedown.lists, read.duplicates.media) == (("gone.txt",), None)
    assert read.active == ("takedown", "reviews", "captions", "winner", "duplicate_captions")


def test_equal_rules_have_one_digest_wherever_they_lie(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    plain = rules(tmp_path)
    spelled = rules(tmp_path / "other", split={"train": 1}, keep={"captions": "any"})
    assert plain.digest == spelled.digest
    assert plain.digest != rules(tmp_path, shuffle={"seed": 1}).digest


def test_active_rules_come_in_the_order_in_which_they_are_applied(tmp_path: Path) -> None:
    (tmp_path / "list.csv").touch()
    every = parse(
        {
            "input": [_INPUT, {**_INPUT, "name": "people", "real": True}],
            "takedown": {"lists": ["list.csv"]},
            "decontaminate": {"lists": ["list.csv"], "workspaces": ["."], "near_media": 0.9},
            "keep": {
                "writer": "llm",
                "min_confidence": 0.5,
                "min_support": 0.5,
                "lints": ["loop"],
                "min_similarity": {"audio_caption": 0.1},
                "flags": ["phone"],
                "min_ms": 1,
                "licences": ["MIT"],
                "languages": ["en"],
            },
            "duplicates": {"media": 0.95, "captions": True, "near_captions": 0.8},
            "caps": {"source": 10, "caption": 5},
            "shares": {"speech": 0.5},
            "mix": {"real": 1, "synthetic": 10},
        },
        "R.toml",
        tmp_path,
    )
    assert every.active == (*LOCAL, *GLOBAL)
    assert every.mix is not None and every.mix.share == pytest.approx(1 / 11)
    needs = every.needs()
    assert needs.similarity and needs.embeddings
    assert {"claims", "transcript", "domain", "lints", "uri"} <= needs.captions


def test_only_what_the_rules_need_is_read(tmp_path: Path) -> None:
    needs = rules(tmp_path).needs()
    assert not (needs.similarity or needs.embeddings)
    assert not needs.captions & {"claims", "evidence", "transcript", "audio_caption", "uri"}
    assert not needs.keys & {"stage", "age", "source", "captions", "caption", "domain"}
    caps = rules(tmp_path, caps={"source": 2}, winner={"order": ["similarity", "newest"]}).needs()
    assert {"source", "similarity", "age"} <= caps.keys and caps.similarity


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no input": ({"input": []}, "input: "),
    "no name": ({"input": [{"workspace": "."}]}, r"input\.0\.name: is missing: add it"),
    "a name twice": ({"input": [_INPUT, _INPUT]}, "input: run is there twice"),
    "a job": ({"input": [{**_INPUT, "job": "xyz"}]}, r"input\.0\.job: "),
    "no such workspace": (
        {"input": [{**_INPUT, "workspace": "no"}]},
        r"input\.0\.workspace: .*no is",
    ),
    "a section": ({"keeps": {}}, "keeps: no such rule: there are input, winner, keep,"),
    "a key": (
        {"keep": {"min_confidenc": 1}},
        r"keep\.min_confidenc: no such rule: there are captions",
    ),
    "a key of an input": ({"input": [{**_INPUT, "jobs": "1"}]}, r"input\.0\.jobs: no such rule"),
    "a rank": ({"winner": {"order": ["best"]}}, r"winner\.order\.0: 'best' can't be used"),
    "a rank twice": (
        {"winner": {"order": ["stage", "stage"]}},
        r"winner\.order: stage is there twice",
    ),
    "a caption": ({"keep": {"captions": ["sound"]}}, r"keep\.captions\.0: 'sound'"),
    "a text for a number": ({"keep": {"min_support": "0.5"}}, r"keep\.min_support: '0.5' can't"),
    "a number for a switch": ({"duplicates": {"captions": 1}}, r"duplicates\.captions: 1 can't"),
    "a share above 1": ({"keep": {"min_confidence": 1.5}}, r"keep\.min_confidence: "),
    "not a number": ({"keep": {"min_confidence": float("nan")}}, r"keep\.min_confidence: "),
    "a pair": ({"keep": {"min_similarity": {"text": 0.1}}}, r"keep\.min_similarity\.text"),
    "a lint": (
        {"keep": {"lints": ["loop", "lop"]}},
        r"keep\.lints: 'lop' is no lint: .*hedge, .*loop",
    ),
    "a step for a lint": ({"keep": {"lints": ["first"]}}, r"keep\.lints: 'first' is no lint"),
    "a flag": (
        {"keep": {"flags": ["mail"]}},
        r"keep\.flags\.0: 'mail' can't be used: .*'email', 'phone', 'card' or 'profanity'",
    ),
    "bounds": ({"keep": {"min_ms": 2, "max_ms": 1}}, "keep: min_ms is more than max_ms"),
    "a language": ({"keep": {"languages": ["English"]}}, r"keep\.languages\.0: "),
    "a domain": ({"shares": {"sport": 0.1}}, r"shares\.sport: "),
    "too large shares": (
        {"shares": {"speech": 0.7, "music": 0.6}},
        "shares: the shares sum to 1.3",
    ),
    "all shares below 1": (
        {"shares": {"speech": 0.1, "music": 0.1, "general": 0.1}},
        "shares: the shares of all domains sum to 0.3",
    ),
    "splits": ({"split": {"train": 0.9, "test": 0.2}}, "split: the splits sum to 1.1: make it 1"),
    "a split's name": ({"split": {"../train": 1.0}}, r"split\.\.\./train"),
    "a split that means all": ({"split": {"all": 1.0}}, "split: .*'all'.*: give it another"),
    "a mix of one kind": ({"mix": {"real": 1, "synthetic": 10}}, "none is real: add one"),
    "a cap of none": ({"caps": {"source": 0}}, r"caps\.source: 0 can't be used"),
    "a list that is not there": (
        {"takedown": {"lists": ["a.txt"]}},
        r"takedown\.lists: .*a\.txt is no",
    ),
    "a folder for a list": ({"takedown": {"lists": ["."]}}, r"takedown\.lists: .* is no file"),
    "near media of nothing": (
        {"decontaminate": {"near_media": 0.9}},
        "decontaminate: near_media comp",
    ),
    "two sizes": ({"output": {"part_rows": 1, "part_mb": 1}}, "output: part_rows and part_mb both"),
    "links with media": (
        {"output": {"links_only": True, "media": "webdataset"}},
        "leave media out",
    ),
    "links with evidence": (
        {"output": {"links_only": True, "evidence": True}},
        "leave evidence out",
    ),
    "a date": ({"shuffle": {"seed": date(2026, 1, 1)}}, r"shuffle\.seed: "),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_rule_is_told_with_file_key_and_what_to_do(what: str, tmp_path: Path) -> None:
    sections, told = WRONG[what]
    with pytest.raises(RulesError, match=r"R\.toml: " + f".*{told}|R\\.toml: {told}"):
        rules(tmp_path, **sections)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"[[input]\n", "is no TOML in UTF-8"),
        (b"\xff\xfe", "is no TOML in UTF-8"),
        (b"a = 1\na = 2\n", "is no TOML in UTF-8"),
        (b"#" * ((1 << 20) + 1), "larger than 1 MiB"),
        (b"a = " + b"[" * 100_000, "is no TOML in UTF-8"),
    ],
)
def test_a_file_that_is_no_toml_is_told(content: bytes, told: str, tmp_path: Path) -> None:
    file = tmp_path / "R.toml"
    file.write_bytes(content)
    with pytest.raises(RulesError, match=told):
        load(file)
    with pytest.raises(RulesError, match="can't be read"):
        load(tmp_path / "no.toml")


def test_links_only_leaves_the_side_files_out(tmp_path: Path) -> None:
    output = rules(tmp_path, output={"links_only": True}).output
    assert not (output.evidence or output.claims or output.embeddings)
