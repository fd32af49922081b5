"""Signatures of captions."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from manifests.captions import CAPTIONS
from manifests.release import minhash
from manifests.release.minhash import LONGEST, SLOTS, SignatureError, signatures, write
from tests.manifests.release.signed import captions, changed, drawn, jaccard


def _signed(*texts: str) -> np.ndarray:
    return signatures(minhash.joined([pa.array(texts, pa.string())]))[1]


def _agree(some: str, other: str) -> float:
    one, two = _signed(some, other)
    return float((one == two).mean())


@pytest.mark.parametrize(
    "other",
    [
        "A dog barks, and music plays!",
        "a DOG  barks\tand\nmusic plays",
        "“A dog barks” … and music—plays",
        "_a dog barks and, music plays_",
        "ａ dog barks and music plays",
    ],
)
def test_case_spaces_and_punctuation_do_not_count(other: str) -> None:
    assert _agree("a dog barks and music plays", other) == 1


@pytest.mark.parametrize(
    ("some", "other"),
    [
        ("a dog chases a cat", "a cat chases a dog"),
        ("dog", "cat"),
        ("dog", "dog barks"),
        ("3 dogs bark", "4 dogs bark"),
        ("ein Hund bellt", "ein Hünd bellt"),
        ("listen", "silent"),
        ("एक लड़का पार्क में दौड़ता है।", "एक लड़की पार्क में दौड़ती है।"),
        ("একটি ছেলে দৌড়ায়", "একটি ছোলা দৌড়ায়"),
        ("ஒரு பையன் ஓடுகிறான்", "ஒரு பொயன் ஓடுகிறான்"),
        ("ที่นี่มีเสือ", "ที่นี่มีเสื่อ"),
        ("\U00011103\U00011127\U00011103", "\U00011103\U00011128\U00011103"),
    ],
)
def test_other_words_and_another_order_do(some: str, other: str) -> None:
    assert _agree(some, other) < 0.75


def test_scripts_without_spaces_have_a_word_for_each_sign() -> None:
    assert 0.3 < _agree("一只狗在音乐中大声叫", "一只猫在音乐中大声叫") < 0.95
    assert _agree("犬が吠えて音楽が流れる", "猫") < 0.1


@pytest.mark.parametrize(
    ("some", "other"),
    [
        ("می\u200cرود", "میرود"),
        ("क\u094d\u200dष", "क\u094dष"),
        ("एक लड़का, पार्क में!", "एक लड़का पार्क में"),
        ("\U00011103\U00011127\U00011141", "\U00011103\U00011127"),
        ("Cafe\u0301 noir", "Café noir"),
        ("it\u00b4s", "it's"),
        ("a \u2764\ufe0f dog", "a dog"),
        ("a 👩\u200d👩\u200d👧 dog", "a dog"),
    ],
)
def test_joiners_and_marks_on_no_letter_do_not_count(some: str, other: str) -> None:
    assert _agree(some, other) == 1


def test_slots_agree_as_often_as_the_captions_are_similar() -> None:
    texts = drawn(1, 400, 40)
    others = [changed(text, seed) for seed, text in enumerate(texts)]
    others = [changed(text, seed) if seed % 2 else text for seed, text in enumerate(others)]
    agree = (_signed(*texts) == _signed(*others)).mean(axis=1)
    off = agree - [jaccard(*pair) for pair in zip(texts, others, strict=True)]
    assert abs(off.mean()) < 0.01
    assert off.std() < 0.04


def test_unlike_captions_agree_by_chance_only() -> None:
    made = _signed(*drawn(2, 200))
    assert (made[1:] == made[:-1]).mean() == pytest.approx(1 / 256, abs=0.01)


def test_a_caption_has_the_same_signature_whatever_is_signed_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = [t[: 7 * n % 200] for n, t in enumerate(drawn(3, 300))] + ["", "été", "x" * 300, "?"]
    alone = np.concatenate([_signed(text) for text in texts])
    assert (_signed(*texts) == alone).all()
    for name, value in (("_CHUNK", 100), ("_AREA", 64), ("_WIDEST", 3)):
        monkeypatch.setattr(minhash, name, value)
        assert (_signed(*texts) == alone).all()


def test_signatures_are_the_same_with_every_version_of_every_library() -> None:
    made = _signed("A dog barks while music plays.", "Ein Hörspiel läuft.", "word")
    assert made[:, :8].tobytes().hex() == "57b3a6156434c4c199716cb130d038f815754d425146afd7"
    assert minhash.ids(made)[0].tobytes().hex() == "4b8217f900f116ef29a5353e859764b2"


def test_of_a_long_caption_what_is_behind_64_kib_does_not_count() -> None:
    long = " ".join(drawn(4, 1, LONGEST // 4))
    assert len(long) > LONGEST - 1000
    long += " " * (LONGEST - len(long))
    assert (_signed(long + " one ending") == _signed(long + " other ending " * 1000)).all()
    assert _signed("é " * (1 << 20)).any()
    assert _signed("x" * (1 << 20)).any()


def test_bytes_that_are_no_text_are_signed_too() -> None:
    raw = pa.array([b"a dog \xff\xfe barks", b"\xed\xa0\x80", b"\x00\x01"], pa.binary())
    texts = pa.Array.from_buffers(pa.string(), 3, raw.buffers())
    has_words, _ = signatures(minhash.joined([texts]))
    assert has_words.tolist() == [True, False, False]


def test_slices_of_columns_are_read_where_they_begin() -> None:
    column = pa.array(["first one", "a dog barks", "last one"])
    made = signatures(minhash.joined([column.slice(1, 1)]))[1]
    assert (made == _signed("a dog barks")).all()


def test_a_file_has_the_rows_with_words_by_their_number_in_the_shard(tmp_path: Path) -> None:
    files = [
        captions(tmp_path / "0.parquet", [None, "a dog barks", "...", "a cat"], group=2),
        captions(tmp_path / "1.parquet", ["", "a bird sings"]),
    ]
    assert write(files, tmp_path / "signed.parquet", 3, 7) == 3
    table = pq.read_table(tmp_path / "signed.parquet")
    assert table.schema.equals(minhash.SCHEMA)
    assert table["row"].to_pylist() == [1, 3, 5]
    assert {*table["input"].to_pylist()} == {3} and {*table["shard"].to_pylist()} == {7}
    assert table["signature"][0].as_py() == _signed("a dog barks").tobytes()
    assert table["id"][1].as_py().bytes == minhash.ids(_signed("a cat")).tobytes()


def test_the_captions_of_a_row_are_signed_together(tmp_path: Path) -> None:
    texts = ("A dog barks.", None, "A dog barks in a yard.")
    table = pa.table({n: pa.array([t], pa.string()) for n, t in zip(CAPTIONS, texts, strict=True)})
    pq.write_table(table, tmp_path / "c.parquet")
    write([tmp_path / "c.parquet"], tmp_path / "s.parquet", 0, 0)
    made = pq.read_table(tmp_path / "s.parquet")["signature"][0].as_py()
    assert made == _signed("a dog barks a dog barks in a yard").tobytes()


def test_a_shard_without_captions_has_an_empty_file(tmp_path: Path) -> None:
    assert write([captions(tmp_path / "c.parquet", [])], tmp_path / "s.parquet", 0, 0) == 0
    assert pq.read_table(tmp_path / "s.parquet").num_rows == 0


def test_a_file_that_is_none_of_captions_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"audio_caption": ["a"]}), tmp_path / "c.parquet")
    with pytest.raises(SignatureError, match=r"c\.parquet has no column audio_visual_caption"):
        write([tmp_path / "c.parquet"], tmp_path / "s.parquet", 0, 0)
    (tmp_path / "d.parquet").write_bytes(b"PAR1")
    with pytest.raises(SignatureError, match=r"d\.parquet can't be read"):
        write([tmp_path / "d.parquet"], tmp_path / "s.parquet", 0, 0)
    assert not (tmp_path / "s.parquet").exists()


def test_signatures_are_of_bytes() -> None:
    assert _signed("a dog barks").shape == (1, SLOTS)
