"""Every reply of the LLM is kept as it came, with what guards and judge said of it; a real HTTP server
answers with a script."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.profile.writer import Rung
from manifests import commits, schemas, tables
from manifests.captions import CAPTIONS, REPLY_CHARS, replies_from_rows, replies_to_rows
from manifests.ids import digest
from manifests.workspace import Workspace
from tests.manifests.made import make
from tests.pipelines.caption.scripted import GOOD, REFUSED_TWICE, SPEC, rewritten, write

pytestmark = pytest.mark.run


def test_replies_are_kept_as_they_came_in_order() -> None:
    written, asked = write(REFUSED_TWICE)
    assert [reply.text for reply in written.replies] == list(REFUSED_TWICE)
    assert [reply.rung for reply in written.replies] == ["first", "repair", "fresh"]
    assert [reply.request_digest for reply in written.replies] == [digest(body) for body in asked]
    assert all(reply.characters == len(reply.text or "") for reply in written.replies)


def test_each_reply_has_what_was_refused_in_it_and_what_was_taken() -> None:
    written, _ = write(REFUSED_TWICE)
    first, second, third = written.replies
    assert [(r.fault, r.caption) for r in first.refusals] == [("not_json", None)]
    assert first.taken == [] and third.refusals == []
    leak = next(refusal for refusal in second.refusals if refusal.fault == "leak")
    assert leak.caption == "audio_caption" and leak.detail == "(87%)" and not leak.doubt
    assert "cat meow" in next(r for r in second.refusals if r.fault == "unsupported").detail
    assert second.taken == ["visual_caption", "audio_visual_caption"]
    assert third.taken == ["audio_caption"]


def test_the_faults_of_captions_are_those_of_their_replies() -> None:
    written, _ = write(REFUSED_TWICE)
    for name, how in written.how.items():
        of_replies = [
            f"{reply.rung}:{refusal.fault}"
            for reply in written.replies
            for refusal in reply.refusals
            if refusal.caption in (None, name)
        ]
        assert list(how.faults) == of_replies


def test_every_candidate_is_kept() -> None:
    loud = GOOD | {"audio_caption": "A lion roars."}
    choices = [{"message": {"content": json.dumps(each)}} for each in (loud, GOOD, GOOD)]
    rung = Rung(name="first", prompt="tiers", temperature=0.7, candidates=3)
    reply: dict[str, Any] = {"choices": choices}
    written, _ = write([reply], SPEC.model_copy(update={"ladder": (rung,)}))
    assert [reply.candidate for reply in written.replies] == [0, 1, 2]
    assert len({reply.request_digest for reply in written.replies}) == 1
    bad, taken, spare = written.replies
    assert {refusal.caption for refusal in bad.refusals} == {"audio_caption"}
    assert bad.taken == ["visual_caption", "audio_visual_caption"]
    assert taken.taken == ["audio_caption"] and spare.taken == []


def test_replies_to_requests_for_variants_are_kept() -> None:
    spec = SPEC.model_copy(update={"variants": ("plain", "brief")})
    brief = GOOD | {"audio_caption": "Barking.", "visual_caption": "A wolf."}
    written, _ = write([json.dumps(GOOD), json.dumps(GOOD), json.dumps(brief)], spec)
    first, same, other = written.replies
    assert [r.rung for r in (same, other)] == ["variant 0 plain", "variant 1 brief"]
    assert len(first.taken) == 3 and same.taken == [] and same.refusals == []
    assert "audio_caption" in other.taken and "visual_caption" not in other.taken
    assert {refusal.caption for refusal in other.refusals} == {"visual_caption"}


def test_a_request_that_the_server_would_not_read_is_kept() -> None:
    written, asked = write(lambda r, n: 400 if n == 0 else json.dumps(GOOD))
    refused, taken = written.replies
    assert (refused.text, refused.characters) == (None, 0)
    assert [refusal.fault for refusal in refused.refusals] == ["request_refused"]
    assert refused.request_digest == digest(asked[0]) and len(taken.taken) == 3


def test_a_reply_that_ended_at_the_token_limit_says_so() -> None:
    written, _ = write(lambda r, n: '{"audio_caption": "A dog', finish_reason="length")
    assert all(reply.at_limit for reply in written.replies) and len(written.replies) == 3
    assert {each.fault for reply in written.replies for each in reply.refusals} == {"truncated"}


def test_of_an_absurdly_long_reply_the_beginning_is_kept_and_its_length() -> None:
    text = "x" * (REPLY_CHARS + 5)
    written, _ = write(lambda r, n: text)
    assert {reply.text for reply in written.replies} == {"x" * REPLY_CHARS}
    assert {reply.characters for reply in written.replies} == {len(text)}


def test_a_reply_without_text_is_an_empty_one() -> None:
    reply: dict[str, Any] = {"choices": [{"message": {"content": None}}]}
    written, _ = write(lambda r, n: reply)
    assert {reply.text for reply in written.replies} == {""}


def test_replies_come_back_from_the_table_as_they_were(tmp_path: Path) -> None:
    place = make(tmp_path / "set")
    odd = 'half \ud83d {"\u0000": "é\r\n"}'
    row = rewritten(place, [odd, *REFUSED_TWICE[1:]])
    file = tables.write(tmp_path, "x.parquet", "captions", [row], schemas.CAPTIONS)
    (back,) = tables.read(tmp_path, file.path)
    replies = replies_from_rows(back["replies"])
    assert replies[0].text == odd.replace("\ud83d", "\ufffd")
    assert [reply.text for reply in replies[1:]] == list(REFUSED_TWICE[1:])
    assert replies_to_rows(replies) == back["replies"]
    told = {f"{r.rung}:{refusal.fault}" for r in replies for refusal in r.refusals}
    assert back["lints"] == sorted(told)


def test_a_run_keeps_the_replies_about_every_clip(workspace: Path) -> None:
    place = Workspace.open(workspace)
    rows = tables.read_all(place.root, commits.load(place).files("captions"))
    captioned = [dict(row) for row in rows]
    for row in captioned:
        replies = replies_from_rows(row["replies"])
        by = {name: row[f"{name.removesuffix('_caption')}_by"] for name in CAPTIONS}
        written = {name for name in CAPTIONS if by[name] == "llm"}
        assert {name for reply in replies for name in reply.taken} == written
        assert bool(replies) == (row["writer"] is not None)
        texts = {text for reply in replies for text in json.loads(reply.text or "").values()}
        assert {row[name] for name in written} <= texts
    assert any(row["replies"] for row in captioned)
