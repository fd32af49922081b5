"""Subtitles, pages and pointers are told from captions, also by their looser spellings."""

import pytest

from captioners._formats import captions, from_json, is_subtitles, refused


@pytest.mark.parametrize(
    "text",
    [
        "1\n00:00:01,000 --> 00:00:04,000\nHello",
        "1\n00:00:01,000 -> 00:00:04,000\nHello",
        "1\n00:00:01,000 -- > 00:00:04,000\nHello",
        "1\n00: 00: 01, 000 -> 00: 00: 04, 000\nHello",
        "1\n00:00:01,000 → 00:00:04,000\nHello",
        "0:0:1.0 --> 0:0:2.50\nJohn\nHello",
        "1\n1,000 --> 4,000\nHello",
        "00:00:01.000 - 00:00:03.000\nHello",
        "00:00:01:00 , 00:00:03:00 , Hello",
        "0:00 hello everyone",
        "[00:00] hello",
        "0:00 hello everyone\n0:05 today we look at",
        "00:00:01 Welcome back\n00:00:04 to my channel",
        "(00:01) hello everyone\n(00:05) and welcome",
        "Episode 5 transcript\n\n00:00\nHello\n00:05\nBye",
        "[0][25]Hello there\n[26][50]Bye",
        "{0}{25}Hello",
        "[id: abc]\n[tool: LRC editor]\n[00:01.00]Hello\n[00:02.00]x",
        "Artist - Song\n[00:01.00]Hello\n[00:02.00]x",
        "[00:01.00]Hello",
        "[00:01] Hello\n[00:02] you",
        "0.000000\t2.500000\thello there\n2.500000\t4.000000\tbye",
        "0\t2\thello",
        "Scenarist_SCC V1.0\n\n00:00:01:00\t9420",
        'File type = "ooTextFile"\nObject class = "TextGrid"',
        "SPEAKER clip 1 0.00 2.5 <NA> <NA> spk0 <NA> <NA>",
    ],
)
def test_times_make_subtitles(text: str) -> None:
    assert is_subtitles(text)


@pytest.mark.parametrize(
    "text",
    [
        "[00:15] is shown on a scoreboard",
        "0:15 is shown on a scoreboard",
        "10:30\nis shown on a clock\n12:45\nis shown on another",
        "10:30 is on a clock.\n12:45 is on another.",
        "At 0:05 a dog barks",
        "A dog --> a cat",
        "10:30 - 12:00 is written on a door",
        "[0] and [25] are written on boxes",
        "5 dogs\t3 cats",
        "A man counts: 1 -> 2",
    ],
)
def test_a_sentence_with_a_time_is_a_caption(text: str) -> None:
    assert not is_subtitles(text)
    assert captions([text]) == [text]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<!-- saved from url=(0014)about:internet -->\n<html>", "web page"),
        ("<center><h1>404 Not Found</h1></center><hr>nginx", "web page"),
        ("<table><tr><td>x</td></tr></table>", "web page"),
        ("<?php echo 1; ?>", "web page"),
        ("Entry not found", "answer of a server"),
        ("404 page not found", "answer of a server"),
        ("HTTP 403: Forbidden.", "answer of a server"),
        ("\ufeffversion https://git-lfs.github.com/spec/v1\noid sha256:4d7a", "git lfs pull"),
        ("\nversion https://hawser.github.com/spec/v1\noid sha256:4d7a", "git lfs pull"),
    ],
)
def test_pages_answers_and_pointers_are_refused(text: str, told: str) -> None:
    assert told in (refused(text) or "")
    with pytest.raises(ValueError, match=told):
        captions(["A dog barks", text])


@pytest.mark.parametrize(
    "text",
    ["<b>A dog</b> barks", "A page is not found by a man", "Version 2 of https://git-lfs is shown"],
)
def test_other_texts_are_not_refused(text: str) -> None:
    assert refused(text) is None


@pytest.mark.parametrize("text", ["[Music]", "[a dog barks]", "[Music] [Applause]", " [wind]\n"])
def test_notes_in_brackets_are_no_captions(text: str) -> None:
    assert captions([text, "A dog"]) == ["A dog"]


def test_a_note_before_a_sentence_belongs_to_it() -> None:
    assert captions(["[loud] A dog barks [far]"]) == ["[loud] A dog barks [far]"]


def test_subtitles_among_captions_are_left_out() -> None:
    assert captions(["A dog", "1\n00:00:01,000 --> 00:00:02,000\nHello"]) == ["A dog"]


@pytest.mark.parametrize("text", ['{"caption": "A dog', '{"capti', '{"a": {"b": 1}'])
def test_half_an_object_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="looks like JSON"):
        from_json(text)


def test_a_sentence_that_begins_with_a_brace_is_no_json() -> None:
    assert from_json('{"hello"} is written on a wall') is None


@pytest.mark.parametrize(
    "piece", [" ", "\n", "[", "[00:01", "0:01\n", "[a:b]\n", "[m] ", "1\t", "- "]
)
def test_long_texts_take_linear_time(piece: str) -> None:
    is_subtitles(f"a\n{piece * 1_000_000}b")
    for text in (piece * 1_000_000, f"{piece * 1_000_000}x"):
        captions([text])
