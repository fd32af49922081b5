"""Scripted servers know a case by what a request carries, and by nothing else."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from benchmarks.quality.rich.scripted import finding, marks, profile
from benchmarks.quality.rich.scripted.captioners import HeardRanks, Sounds, Things, Words
from benchmarks.quality.rich.scripted.clips import CHATS, Clip, by_mark, by_name, clips
from benchmarks.quality.rich.scripted.rows import Rows, faults_of_sentences
from benchmarks.quality.rich.scripted.scripts import Chat, Writer
from captioners.replies import cleaned
from captioners.served import AudioChat, VideoChat
from captioners.weights.models import Models
from engine.profile.profile import load
from manifests.captions import CAPTIONS
from manifests.media import Media
from prompts.judge import believed, question, sentences
from prompts.schema import json_schema

_HZ = 16_000
_MARKS = (1, 2, 85, 127, 128, marks.MOST)


def media(mark: int) -> Media:
    frames = np.stack([marks.picture(mark, number) for number in range(16)])
    audio = {_HZ: marks.tone(mark)}
    return Media("c" * 32, "h" * 64, 1600, audio=audio, frames=frames, frame_times_ms=(*range(16),))


@pytest.mark.parametrize("mark", _MARKS)
def test_a_mark_survives_codecs_scaling_and_jpeg(mark: int, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    marks.write(path, mark)
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    with av.open(str(path)) as container:
        sound = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    assert marks.heard(np.concatenate(sound), _HZ) == mark
    small = Image.fromarray(frames[0])
    small.thumbnail((64, 64))
    small.save(file := io.BytesIO(), "JPEG", quality=80)
    assert {marks.seen(frame) for frame in frames} == {mark}
    assert marks.seen(np.asarray(Image.open(file).convert("RGB"))) == mark


def test_no_two_marks_are_alike() -> None:
    every = range(1, marks.MOST + 1)
    assert [marks.heard(marks.tone(mark), _HZ) for mark in every] == list(every)
    assert [marks.seen(marks.picture(mark)) for mark in every] == list(every)


def _unreadable() -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    random = np.random.default_rng(0)
    yield "silence", np.zeros(_HZ)
    yield "noise", random.normal(size=_HZ)
    yield "two tones", marks.tone(3) + marks.tone(90)
    yield "between two marks", np.sin(np.arange(_HZ) * 2 * np.pi * 337 / _HZ)
    yield "a moment", marks.tone(3)[:100]
    yield "black", np.zeros((112, 96, 3), np.uint8)
    yield "white", np.full((112, 96, 3), 255, np.uint8)
    yield "grey", np.full((112, 96, 3), 128, np.uint8)
    yield "a blend", marks.picture(3) // 2 + marks.picture(90) // 2
    yield "noise in colours", random.integers(0, 255, (112, 96, 3), dtype=np.uint8)


@pytest.mark.parametrize("what", [what for what, _ in _unreadable()])
def test_what_is_unclear_has_no_mark(what: str) -> None:
    values = dict(_unreadable())[what]
    assert (marks.heard(values, _HZ) if values.ndim == 1 else marks.seen(values)) is None


def test_a_chat_server_answers_for_the_media_of_the_request() -> None:
    chat = Chat()
    ears, eyes = AudioChat("qwen2-audio", Models()), VideoChat("qwen2.5-vl", Models())
    for clip in clips()[:3]:
        for captioner in (ears, eyes):
            request = {"model": captioner.name, **captioner.request(media(clip.mark))}
            content = chat(request, 0)["choices"][0]["message"]["content"]
            assert content == clip.said[captioner.name]
    assert sorted(mark for _, mark in chat.asked if mark) == [1, 1, 2, 2, 3, 3]


def test_frames_of_two_clips_in_one_request_are_of_no_clip() -> None:
    chat, eyes = Chat(), VideoChat("qwen2.5-vl", Models())
    body, other = (eyes.request(media(mark)) for mark in (1, 2))
    body["messages"][0]["content"][3] = other["messages"][0]["content"][3]
    chat({"model": "qwen2.5-vl", **body}, 0)
    assert chat.asked == {("qwen2.5-vl", None): 1}


def test_stand_ins_say_what_the_case_of_their_media_has() -> None:
    clip = by_name("hand-2-paella_patio")
    (heard,) = Words("whisper-large", Models()).caption([media(clip.mark)])
    (sounds,) = Sounds("yamnet", Models()).caption([media(clip.mark)])
    (things,) = Things("siglip", Models()).caption([media(clip.mark)])
    assert (heard.transcript, heard.language) == (clip.transcript, "es")
    assert {c.label for c in sounds.claims} <= {tag for tag, _ in clip.tags["yamnet"]}
    assert [(c.text, c.score) for c in things.claims] == [("an apron", 0.48)]


def test_a_scorer_ranks_each_claim_that_it_is_shown() -> None:
    (weak,) = Sounds("yamnet", Models()).caption([media(1)])
    shown = Media("c" * 32, "h" * 64, 1600, said={"yamnet": weak})
    (ranks,) = HeardRanks("clap", Models()).caption([shown])
    assert [c.label for c in ranks.claims] == [f"yamnet/{c.label}" for c in weak.claims]
    assert all(claim.rank and claim.rank > 0.95 for claim in ranks.claims)


def prompt(clip: Clip) -> list[dict[str, str]]:
    evidence = "\n".join(f"{name}: <<<{text}>>>" for name, text in clip.said.items())
    return [{"role": "user", "content": evidence}]


def asked(clip: Clip, **more: Any) -> dict[str, Any]:
    named = {"name": "captions", "schema": json_schema(list(CAPTIONS), 450)}
    form = {"type": "json_schema", "json_schema": named}
    return {"model": "w", "messages": prompt(clip), "response_format": form, **more}


def told(reply: dict[str, Any], at: int = 0) -> Any:
    return json.loads(reply["choices"][at]["message"]["content"])


def both_sides() -> list[Clip]:
    return [clip for clip in clips() if clip.has_audio and clip.has_video]


def test_the_writer_answers_for_the_evidence_of_the_prompt() -> None:
    writer = Writer(clips())
    for clip in both_sides():
        reply = told(writer(asked(clip), 0))
        scripted = clip.bad if clip.misled else clip.natural
        assert all(text in (*scripted.get(n, ()), *clip.natural[n]) for n, text in reply.items())
    assert writer.unknown == 0


def test_evidence_of_no_case_gets_no_captions() -> None:
    writer = Writer(clips())
    nobody = {"model": "w", "messages": [{"role": "user", "content": "A dog barks on a street."}]}
    mixed = [
        {"role": "user", "content": " ".join(m["content"] for c in clips()[:2] for m in prompt(c))}
    ]
    for request in (nobody, {"model": "w", "messages": mixed}):
        assert "No case" in writer(request, 0)["choices"][0]["message"]["content"]
    assert writer.unknown == 2 and not writer.replies


def test_one_clip_in_ten_is_first_answered_badly_and_then_well() -> None:
    misled = [clip for clip in clips() if clip.misled]
    assert len(misled) == len(clips()) // 10
    for clip in (clip for clip in misled if clip.has_audio and clip.has_video):
        writer = Writer(clips())
        first, second = (told(writer(asked(clip), number)) for number in range(2))
        assert any(first[name] in clip.bad[name] for name in clip.bad)
        assert all(second[name] in clip.natural[name] for name in CAPTIONS)
        assert set(writer.misled) == {(clip.name, name) for name in clip.bad}


def test_each_of_several_candidates_is_a_reply() -> None:
    clip = both_sides()[0]
    reply = Writer(clips())(asked(clip, n=4), 0)
    assert len(reply["choices"]) == 4
    assert all(told(reply, at)["audio_caption"] in clip.natural["audio_caption"] for at in range(4))


def test_the_judge_believes_sentences_of_good_captions_alone() -> None:
    writer = Writer(clips())
    clip = next(clip for clip in both_sides() if clip.bad)
    bad = next(iter(clip.bad.values()))[0]
    for text, truth in (
        (clip.natural["audio_caption"][0], True),
        (bad, False),
        ("It snows.", False),
    ):
        for sentence in sentences(text):
            reply = writer({"model": "w", **question(prompt(clip), "{}", sentence)}, 0)
            assert (believed(reply) > 0.9) is truth and (believed(reply) < 0.1) is not truth
    assert set(writer.judged) == {"yes", "no", "not scripted"}


def test_a_prompt_shows_a_transcript_only_where_its_words_are_fenced() -> None:
    clip = next(clip for clip in both_sides() if clip.transcript)
    fenced = f"Spoken: <<<{clip.transcript}>>>"
    for more, shown in (("", False), (f"Spoken: {clip.transcript}", False), (fenced, True)):
        writer = Writer(clips())
        writer(asked(clip) | {"messages": [*prompt(clip), {"role": "user", "content": more}]}, 0)
        assert writer.transcripts == {clip.name: shown}


def test_every_caption_that_a_clip_can_have_is_scripted() -> None:
    for clip in clips():
        names = [
            n for n, there in zip(CAPTIONS, (clip.has_audio, clip.has_video), strict=False) if there
        ]
        names += [CAPTIONS[2]] if len(names) == 2 else []
        assert all(clip.reply(name, attempt) for name in names for attempt in range(4))
        assert set(clip.said) <= set(CHATS)
        assert by_mark(clip.mark) is clip and by_name(clip.name) is clip
    assert by_mark(0) is by_mark(len(clips()) + 1) is None


def test_the_profile_keeps_what_gpu_says_but_for_weights(tmp_path: Path) -> None:
    urls = dict.fromkeys((*CHATS, profile.WRITER), "http://127.0.0.1:9/v1")
    profile.write(tmp_path / "p.toml", urls)
    made, gpu = load(str(tmp_path / "p.toml")), load("gpu")
    assert made.writer and gpu.writer
    assert made.writer.ladder == gpu.writer.ladder
    assert made.writer.caption_chars == gpu.writer.caption_chars
    assert made.filters == gpu.filters
    assert [c.name for c in made.captioners if c.name != "qwen2.5-omni-seen"] == [
        c.name for c in gpu.captioners
    ]
    gates = {c.name: c.when for c in gpu.captioners}
    assert all(
        c.when == gates[c.name] for c in made.captioners if c.name in CHATS and c.name in gates
    )
    assert not any(server.model or server.num_gpus for server in made.servers)


def row(clip: Clip, **changes: Any) -> dict[str, Any]:
    evidence = [{"captioner": name, "text": cleaned(text)} for name, text in clip.said.items()]
    captions = {name: clip.natural[name][0] for name in CAPTIONS}
    by = {f"{name.removesuffix('_caption')}_by": "llm" for name in CAPTIONS}
    by |= {f"{name.removesuffix('_caption')}_judged": None for name in CAPTIONS}
    spoken = {"transcript": clip.transcript, "language": clip.language, "lints": []}
    spoken["rungs"] = ["first"] * 3
    uri = f"file:///media/{clip.name}.mp4"
    return {"uri": uri, "evidence": evidence, **captions, **by, **spoken, **changes}


def test_what_lies_on_another_clip_is_told() -> None:
    first, second = both_sides()[:2]
    assert not Rows([row(first), row(second)], {}).misplaced()
    wrong: dict[str, dict[str, Any]] = {
        "caption": {"audio_caption": second.natural["audio_caption"][0]},
        "template": {"visual_caption": second.said["qwen2.5-vl"], "visual_by": "template"},
        "transcript": {"transcript": "Good evening."},
        "language": {"language": "fi"},
        "evidence": {"evidence": row(second)["evidence"]},
    }
    for changes in wrong.values():
        assert Rows([row(first, **changes)], {}).misplaced()


def test_a_bad_caption_in_a_row_is_told() -> None:
    clip = next(c for c in both_sides() if "visual_caption" in c.bad)
    (bad,) = Rows([row(clip, visual_caption=clip.bad["visual_caption"][0])], {}).accepted_bad()
    assert (bad.clip, bad.name) == (clip, "visual_caption")


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("A man says “Go.”", True),
        ("“Go”, a man says.", True),
        ("12 men walk!", True),
        ("a man walks.", False),
        ("A man walks", False),
        ("A man , a dog.", False),
        ("A man walks..", False),
        ("Behind him there is a wall.", False),
        ("She turns once.", False),
        ("A dog follows him.", True),
    ],
)
def test_marks_and_pronouns_tell_a_broken_sentence(text: str, whole: bool) -> None:
    assert (not faults_of_sentences(text)) is whole


def test_words_alone_decide_which_text_is_which() -> None:
    assert finding.same("A man says: “Go”.", "a man says go") and not finding.same("A man", "A men")
