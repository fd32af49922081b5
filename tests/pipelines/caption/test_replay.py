"""What was asked, and what guards said, is made again of the replies that were stored."""

import json
from dataclasses import replace
from typing import Any

import pytest

from engine.profile.writer import Rung, WriterSpec
from pipelines.caption.installed import Installed
from pipelines.caption.replay import replay, requests
from pipelines.caption.writer import SHORT
from tests.engine.fake_openai import Reply
from tests.pipelines.caption.scripted import GOOD, REFUSED_TWICE, SPEC, clip, write

pytestmark = pytest.mark.run

_CANDIDATES = Rung(name="many", prompt="tiers", temperature=0.7, candidates=2)


def _choices(*texts: str) -> dict[str, Any]:
    return {"choices": [{"message": {"content": text}} for text in texts]}


@pytest.mark.parametrize(
    ("replies", "spec"),
    [
        (REFUSED_TWICE, SPEC),
        (["no", "no", "no"], SPEC),
        ([400, json.dumps(GOOD), json.dumps(GOOD)], SPEC),
        (
            [_choices("no", json.dumps(GOOD | {"visual_caption": "Two cows."})), "no"],
            SPEC.model_copy(update={"ladder": (_CANDIDATES, SPEC.ladder[1])}),
        ),
        (
            [json.dumps(GOOD), json.dumps(GOOD | {"visual_caption": "A wolf."})],
            SPEC.model_copy(update={"variants": ("brief",)}),
        ),
    ],
    ids=["refused twice", "template", "not read", "candidates", "variants"],
)
def test_requests_and_verdicts_are_made_again_as_they_were(
    replies: list[Reply], spec: WriterSpec
) -> None:
    written, asked = write(replies, spec)
    sent = [body for body in asked if body["messages"] != SHORT]
    made, names = replay(Installed.of(spec), clip(), written.replies)
    assert [each.body for each in made] == sent
    assert [each.replies for each in made] == requests(written.replies)
    assert all(each.is_checked for each in made)
    assert {"leak", "unsupported", "lost"} <= set(names)


def test_a_repair_names_the_faults_of_the_stored_reply() -> None:
    written, _ = write(REFUSED_TWICE)
    made, _ = replay(Installed.of(SPEC), clip(), written.replies)
    assert made[2].body is not None
    assert "leak: (87%)" in made[2].body["messages"][-1]["content"]


def test_what_was_asked_otherwise_is_not_made_again() -> None:
    written, _ = write(REFUSED_TWICE)
    first, *rest = written.replies
    made, _ = replay(Installed.of(SPEC), clip(), [replace(first, request_digest="0" * 16), *rest])
    assert made[0].body is None and not made[0].is_checked
    assert all(each.body is not None and each.is_checked for each in made[1:])


def test_verdicts_that_are_not_the_stored_ones_are_not_believed() -> None:
    written, _ = write(REFUSED_TWICE)
    first, second, third = written.replies
    made, _ = replay(Installed.of(SPEC), clip(), [first, replace(second, refusals=[]), third])
    assert [each.is_checked for each in made] == [True, False, True]


def test_replies_that_are_missing_leave_the_rest_as_it_is() -> None:
    written, _ = write(REFUSED_TWICE)
    made, _ = replay(Installed.of(SPEC), clip(), written.replies[:2])
    assert len(made) == 2 and all(each.body is not None for each in made)
    assert not any(each.is_checked for each in made)
