"""What guards say of captions that somebody else wrote: those by words, and the real ones."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from manifests.captions import CaptionName
from pipelines.check.check import MOST_CHARS, Checked, Clip, check, installed, judge
from pipelines.check.given import given
from pipelines.check.lines import Line
from pipelines.check.report import Totals, lines, to_json
from prompts.guards import Guards

WORDS = Guards(MOST_CHARS)
BARKS = {"captioner": "tagger", "modality": "audio", "tags": ["Bark"]}
STREET = {"captioner": "eyes", "modality": "video", "tags": ["dog", "car"]}
RICH = {"captioner": "chat", "modality": "audio", "text": "A man speaks loudly in a large hall."}
CASES = Path("benchmarks/quality/rich/texts")


def row(*evidence: dict[str, Any], **captions: str | None) -> str:
    return json.dumps({"id": "a", "evidence": list(evidence), "captions": captions})


def judged(
    *evidence: dict[str, Any], guards: Guards = WORDS, **captions: str | None
) -> dict[CaptionName, Checked]:
    return judge(given(row(*evidence, **captions)), guards)


def outcome(*evidence: dict[str, Any], guards: Guards = WORDS, **captions: str) -> str:
    ((_, checked),) = judged(*evidence, guards=guards, **captions).items()
    return checked.outcome


def checked(*texts: str) -> Iterator[Clip]:
    return check((Line(n, text) for n, text in enumerate(texts, 1)), lambda: WORDS)


def test_each_caption_has_its_outcome_and_claims_with_supporters() -> None:
    found = judged(
        BARKS,
        STREET,
        audio_caption="A dog barks.",
        visual_caption="A dog and a bicycle are visible.",
        audio_visual_caption=None,
    )
    heard, seen = found["audio_caption"], found["visual_caption"]
    assert found.keys() == {"audio_caption", "visual_caption"}
    assert (heard.outcome, heard.faults) == ("accepted", ())
    assert [(c.text, c.captioners, c.supported) for c in heard.claims] == [
        ("a dog barks", ("tagger",), True)
    ]
    assert seen.outcome == "refused"
    assert "unsupported" in [fault.name for fault in seen.faults]
    assert ("bicycle", False) in [(claim.text, claim.supported) for claim in seen.claims]


@pytest.mark.parametrize(
    ("caption", "guard"),
    [
        ("Possibly a dog barks.", "hedge"),
        ("A dog barks and", "truncated"),
        ("", "empty"),
        ("A dog barks. <b>", "markup"),
        ("A dog barks with high confidence.", "leak"),
        ("Un perro ladra en la calle y la gente habla.", "language"),
        ("A dog barks " * 4, "loop"),
        ("A dog barks " * 100_000, "too_long"),
    ],
)
def test_lints_and_limits_hold_for_anybody(caption: str, guard: str) -> None:
    checked = judged(BARKS, audio_caption=caption)["audio_caption"]
    assert checked.outcome == "refused"
    assert guard in [fault.name for fault in checked.faults]
    assert len(checked.text) <= MOST_CHARS + 3


def test_a_caption_with_the_words_of_a_prompt_is_no_leak() -> None:
    caption = "A dog barks, a dog barks loudly and again it barks."
    assert "prompt_copied" not in [
        f.name for f in judged(BARKS, audio_caption=caption)["audio_caption"].faults
    ]


@pytest.mark.parametrize(
    ("evidence", "name", "why"),
    [
        ([], "audio_caption", "nothing was heard"),
        ([BARKS], "visual_caption", "nothing was seen"),
        ([], "audio_visual_caption", "nothing was heard; nothing was seen"),
        ([{**BARKS, "tags": [["Bark", 0.01]]}], "audio_caption", "nothing confident was heard"),
        ([{**BARKS, "tags": ["Silence"]}], "audio_caption", "silence"),
    ],
)
def test_a_caption_of_a_side_without_evidence_is_refused(
    evidence: list[dict[str, Any]], name: str, why: str
) -> None:
    ((_, checked),) = judge(given(row(*evidence, **{name: "A dog barks."})), WORDS).items()
    assert checked.outcome == "refused"
    assert ("no_evidence", why) in [(fault.name, fault.detail) for fault in checked.faults]


@pytest.mark.parametrize(
    ("evidence", "caption"), [(BARKS, "A dog barks."), (STREET, "A dog, a car.")]
)
def test_a_caption_of_both_sides_may_tell_of_one(evidence: dict[str, Any], caption: str) -> None:
    assert outcome(evidence, audio_visual_caption=caption) == "accepted"


def test_the_same_text_twice_is_a_copy() -> None:
    found = judged(BARKS, STREET, audio_caption="A dog barks.", audio_visual_caption="a dog barks")
    faults = [fault.name for fault in found["audio_visual_caption"].faults]
    assert "copied_modality" in faults


def test_a_bad_line_spoils_no_other_one() -> None:
    good = row(BARKS, audio_caption="A dog barks.")
    crowd = row({**BARKS, "tags": [str(n) for n in range(501)]}, audio_caption="A dog barks.")
    found = list(checked(good, "nonsense", crowd, good))
    assert [clip.fault is None for clip in found] == [True, False, False, True]
    assert [clip.line for clip in found] == [1, 2, 3, 4]


def test_ids_may_come_again_and_each_line_stands_for_itself() -> None:
    right, wrong = row(BARKS, audio_caption="A dog barks."), row(audio_caption="A dog barks.")
    outcomes = [clip.captions["audio_caption"].outcome for clip in checked(right, wrong, right)]
    assert outcomes == ["accepted", "refused", "accepted"]


@pytest.mark.parametrize("text", ["nonsense", row(BARKS), row(BARKS, audio_caption=None)])
def test_guards_are_not_loaded_where_no_caption_can_be_read(text: str) -> None:
    def never() -> Guards:
        raise AssertionError

    (clip,) = check(iter([Line(1, text)]), never)
    assert clip.captions == {}


def test_lines_are_judged_one_after_another() -> None:
    asked = []

    def endless() -> Iterator[Line]:
        while True:
            asked.append(1)
            yield Line(1, row(BARKS, audio_caption="A dog barks."))

    assert next(check(endless(), lambda: WORDS)).fault is None
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("texts", "status", "told"),
    [
        ([], 0, "0 captions: 0 accepted, 0 refused, 0 in doubt"),
        (["good"], 0, "1 caption: 1 accepted, 0 refused, 0 in doubt"),
        (["good", "bad"], 1, "2 captions: 1 accepted, 1 refused, 0 in doubt"),
        (
            ["bad", "x", "y"],
            2,
            "1 caption: 0 accepted, 1 refused, 0 in doubt; 2 lines can't be read",
        ),
    ],
)
def test_the_status_is_that_of_the_worst(texts: list[str], status: int, told: str) -> None:
    rows = {
        "good": row(BARKS, audio_caption="A dog barks."),
        "bad": row(BARKS, audio_caption="A cat meows."),
    }
    totals = Totals()
    for clip in checked(*(rows.get(text, text) for text in texts)):
        totals.add(clip)
    assert (totals.status, totals.text()) == (status, told)


def test_only_clips_with_something_to_say_are_shown() -> None:
    good, bad = checked(
        row(BARKS, audio_caption="A dog barks."), row(BARKS, audio_caption="A cat meows.")
    )
    assert list(lines(good)) == []
    assert list(lines(bad))[:2] == ["a  (line 2)", '  heard    refused: "A cat meows."']


def test_a_line_as_json_has_all_three_captions() -> None:
    (clip,) = checked(row(BARKS, audio_caption="A dog barks."))
    told = json.loads(json.dumps(to_json(clip)))
    assert (told["line"], told["id"]) == (1, "a")
    assert told["captions"]["visual_caption"] is None
    assert told["captions"]["audio_caption"]["outcome"] == "accepted"
    (claim,) = told["captions"]["audio_caption"]["claims"]
    assert (claim["captioners"], claim["confidence"]["tier"]) == (["tagger"], "medium")


@pytest.mark.parametrize(
    "text", ["\x1b[31mA dog", "A dog\u202e barks\x07", "A dog \x9b2J \u2028 barks"]
)
def test_what_is_shown_cannot_steer_a_terminal(text: str) -> None:
    caption = f"{text} and a cat"
    clip = json.loads(row({**BARKS, "captioner": text, "tags": [text]}, audio_caption=caption))
    (found,) = checked(json.dumps({**clip, "id": text}))
    shown = "".join(lines(found))
    assert found.captions["audio_caption"].outcome == "refused"
    assert all(char.isprintable() or char == "\N{REPLACEMENT CHARACTER}" for char in shown)


@pytest.mark.models
@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("A man is speaking loudly in a hall.", "accepted"),
        ("A man is not speaking.", "refused"),
        ("A man whispers softly in a large hall.", "refused"),
        ("A man speaks in a large hall beside a fountain.", "in doubt"),
    ],
)
def test_sentences_are_compared_by_meaning(caption: str, expected: str) -> None:
    assert outcome(RICH, guards=installed(), audio_caption=caption) == expected


@pytest.mark.models
@pytest.mark.parametrize("case", ["given", "natural", "hand-2"])
def test_the_cases_of_the_bench_can_be_checked(case: str) -> None:
    for text in (CASES / f"{case}.jsonl").read_text().splitlines()[:1]:
        clip = json.loads(text)
        for caption in clip["good"]:
            clip["captions"] = {caption["caption"]: caption["text"]}
            (found,) = check(iter([Line(1, json.dumps(clip))]), installed)
            assert (found.fault, len(found.captions)) == (None, 1)


SPOKEN_OF = pytest.mark.parametrize(
    ("spoken", "caption"),
    [
        ("They say that a lion roars at night.", "A lion roars."),
        ("Then a glass breaks and a baby cries.", "A glass breaks."),
        ("I heard that the church bells ring.", "Church bells ring."),
    ],
)


@SPOKEN_OF
def test_what_somebody_speaks_of_is_not_heard_beside_tags(spoken: str, caption: str) -> None:
    whisper = {"captioner": "whisper", "modality": "audio", "transcript": spoken, "language": "en"}
    assert outcome(BARKS, whisper, audio_caption=caption) == "refused"


@pytest.mark.models
@SPOKEN_OF
def test_what_somebody_speaks_of_is_not_heard_beside_sentences(spoken: str, caption: str) -> None:
    whisper = {"captioner": "whisper", "modality": "audio", "transcript": spoken, "language": "en"}
    assert outcome(RICH, whisper, guards=installed(), audio_caption=caption) != "accepted"
