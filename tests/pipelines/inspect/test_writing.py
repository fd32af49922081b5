"""The page tells how captions were written: requests, replies as they came, and each guard's verdict. A
real HTTP server gave the replies."""

import json
import re
from collections.abc import Iterator, Sequence
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine.profile.writer import WriterSpec
from manifests import schemas, tables
from manifests.faults import MEANINGS
from manifests.record import Record
from manifests.release.layout import load
from pipelines.inspect.sets import WorkspaceSet
from pipelines.inspect.writing import Looked, Writing, writing
from tests.engine.fake_openai import Reply
from tests.manifests.made import CUT, JOB, Made, make
from tests.manifests.release.made import small
from tests.pipelines.caption.scripted import GOOD, REFUSED_TWICE, SPEC, rewritten
from tests.pipelines.inspect.made import client
from tests.pipelines.report.hostile import TEXTS
from tests.pipelines.report.made import made, rows
from tests.pipelines.search.embedded import settings

pytestmark = pytest.mark.run


def _told(root: Path, replies: Sequence[Reply], spec: WriterSpec = SPEC) -> tuple[Made, Writing]:
    place = make(root / "set")
    row = rewritten(place, replies, spec)
    return place, writing(WorkspaceSet(place.root), row)


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> Writing:
    """A clip that was refused twice and then written."""
    return _told(tmp_path_factory.mktemp("twice"), REFUSED_TWICE)[1]


def _looked(told: Writing, request: int) -> dict[str, Looked]:
    return {looked.title: looked for looked in told.requests[request].answers[0].looked}


def test_each_request_stands_there_as_it_was_sent(twice: Writing) -> None:
    assert [request.rung for request in twice.requests] == ["first", "repair", "fresh"]
    assert all(request.messages and not request.why for request in twice.requests)
    assert "Heard: a dog barks (high confidence)" in twice.requests[0].messages[-1][1]
    assert "An earlier reply was refused (not_json" in twice.requests[1].messages[-1][1]
    assert "leak: (87%)" in twice.requests[2].messages[-1][1]
    assert "temperature 0.5" in twice.requests[2].settings


def test_each_reply_stands_there_as_it_came(twice: Writing) -> None:
    first, second, third = (request.answers[0].text for request in twice.requests)
    assert first == "Sure! [U+202E][U+001B] Here it is:\n<b>A dog</b>"
    assert [second, third] == list(REFUSED_TWICE[1:])


def test_of_a_reply_that_is_none_no_guard_of_captions_is_asked(twice: Writing) -> None:
    (whole,) = _looked(twice, 0).values()
    assert (whole.title, whole.outcome) == ("Whole reply", "refused")
    assert [(guard.name, guard.meaning) for guard in whole.found] == [
        ("not_json", MEANINGS["not_json"])
    ]
    assert whole.passed == () and "No guard of captions was asked" in whole.unasked


def test_each_guard_of_each_caption_refused_or_passed(twice: Writing) -> None:
    looked = _looked(twice, 1)
    assert {title: each.outcome for title, each in looked.items()} == {
        "Heard": "refused",
        "Seen": "taken",
        "Together": "taken",
    }
    heard, seen = looked["Heard"], looked["Seen"]
    assert {guard.name for guard in heard.found} == {"leak", "unsupported", "lost"}
    assert "(87%)" in {guard.detail for guard in heard.found}
    assert heard.passed is not None and seen.passed is not None
    everything = {guard.name for guard in seen.passed}
    assert {"not_json", "leak", "copied_modality", "unsupported", "lost"} <= everything
    assert {guard.name for guard in (*heard.found, *heard.passed)} == everything
    assert all(guard.meaning for guard in (*heard.found, *heard.passed))


def test_captions_that_were_taken_earlier_are_not_looked_at_again(twice: Writing) -> None:
    assert list(_looked(twice, 2)) == ["Heard"]


def test_an_empty_caption_is_not_held_against_every_guard(tmp_path: Path) -> None:
    replies = [json.dumps(GOOD | {"audio_caption": "."})] * 3
    _, told = _told(tmp_path, replies)
    heard = _looked(told, 0)["Heard"]
    assert heard.passed is not None and "prompt_copied" in heard.unasked
    assert "prompt_copied" not in {guard.name for guard in heard.passed}


def test_where_guards_have_changed_only_recorded_faults_are_known(tmp_path: Path) -> None:
    place = make(tmp_path / "set")
    row = rewritten(place, REFUSED_TWICE)
    path = place.workspace.config(JOB)
    kept = json.loads(path.read_text())
    kept["settings"]["writer"]["guards"][0] = "of another version"
    path.write_text(json.dumps(kept))
    told = writing(WorkspaceSet(place.root), row)
    assert "Prompts or guards have changed since" in told.note
    assert not any(request.messages for request in told.requests)
    assert [request.answers[0].text for request in told.requests][1] == REFUSED_TWICE[1]
    heard = _looked(told, 1)["Heard"]
    assert {guard.name for guard in heard.found} == {"leak", "unsupported", "lost"}
    assert heard.passed is None


def test_a_request_whose_digest_is_another_is_not_shown(tmp_path: Path) -> None:
    place = make(tmp_path / "set")
    row = rewritten(place, REFUSED_TWICE)
    row["replies"][1]["request_digest"] = "0" * 16
    told = writing(WorkspaceSet(place.root), row)
    assert [bool(request.messages) for request in told.requests] == [True, False, True]
    assert _looked(told, 1)["Seen"].passed is None


def test_the_template_was_asked_nothing(tmp_path: Path) -> None:
    place = made(tmp_path / "set")
    assert writing(WorkspaceSet(place.root), rows(place)[0]) == Writing(
        "No language model was asked about this clip."
    )


def test_a_release_has_no_replies(tmp_path: Path) -> None:
    small(tmp_path / "release", 10)
    assert load(tmp_path / "release")
    with client(tmp_path / "release") as browser:
        clip = re.findall(r'data-clip="([0-9a-f]{32})"', browser.get("/").text)[0]
        page = browser.get(f"/clip/{clip}/writing").text
    assert "A release does not say how its captions were asked for" in page


def test_what_a_run_asked_is_made_again(workspace: Path) -> None:
    shown = WorkspaceSet(workspace)
    for file in shown.captioned.captions:
        for row in tables.read(shown.root, file.path):
            for request in writing(shown, row).requests:
                assert request.messages
                looked = [each for answer in request.answers for each in answer.looked]
                assert looked and all(each.passed is not None for each in looked)


def test_another_job_tells_how_it_wrote(tmp_path: Path) -> None:
    place = made(tmp_path / "set")
    row = rewritten(place, REFUSED_TWICE)
    other = "fedcba9876543210"
    path = place.workspace.path("captions", other, 0, 0, 1)
    now = [each | {"replies": []} for each in place.rows("captions")]
    file = tables.write(place.root, path, "captions", now, schemas.CAPTIONS)
    place.append(Record(stage="caption", epoch=1, cut=CUT, job=other, shard=0, files=(file,)))
    settings(place, other, "caption", {})
    clip = f"/clip/{row['clip_id']}"
    with client(place.root) as opened:
        (address,) = re.findall(rf'data-writing="({clip}/writing\?job=\w+)"', opened.get(clip).text)
        assert "No language model was asked" in opened.get(f"{clip}/writing").text
        assert "3. <bdi>fresh</bdi>" in opened.get(address).text
        assert opened.get(f"{clip}/writing?job=../x").status_code == 404


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, str]]:
    place = made(tmp_path_factory.mktemp("hostile") / "set")
    row = rewritten(
        place, [TEXTS[0], "\n".join(TEXTS), json.dumps(GOOD | {"audio_caption": TEXTS[7]})]
    )
    with client(place.root) as opened:
        yield opened, row["clip_id"]


def test_hostile_replies_are_data_on_the_page(browser: tuple[TestClient, str]) -> None:
    opened, clip = browser
    page = opened.get(f"/clip/{clip}/writing").text
    assert "<script" not in page and "<img" not in page and "<iframe" not in page
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f]", page
    )
    assert "x" * 10_000 in page and "[U+202E]txet desrever" in page
    assert "[497 more marks]" in page
    assert TEXTS[0] in unescape(page)


def test_all_evidence_is_on_the_page(tmp_path: Path) -> None:
    def much(row: dict[str, Any]) -> dict[str, Any]:
        weak = row["evidence"][0]
        claims = [weak["claims"][0] | {"text": f"claim {at} of many"} for at in range(30)]
        return row | {"evidence": [weak | {"claims": claims}] * 50}

    place = made(tmp_path / "set", change=much)
    clip = rows(place)[0]["clip_id"]
    with client(place.root) as opened:
        page = opened.get(f"/clip/{clip}").text
    assert "Evidence of 50 captioners" in page and page.count("18 more claims") == 50
    assert all(page.count(f"claim {at} of many<") == 50 for at in range(30))
    assert "not shown here" not in page


def test_faults_of_refused_replies_are_told_in_words(browser: tuple[TestClient, str]) -> None:
    opened, clip = browser
    page = unescape(opened.get(f"/clip/{clip}").text)
    assert f"<code><bdi>not_json</bdi></code> ({MEANINGS['not_json']})" in page
