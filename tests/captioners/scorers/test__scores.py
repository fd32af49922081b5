"""What scorers say of claims, with vectors made by hand."""

from collections.abc import Sequence
from typing import Any

import pytest

from captioners.scorers import _scores
from captioners.scorers._decoys import decoys
from captioners.scorers._scores import Scorer
from captioners.weights.models import Models
from manifests.evidence import Claim, Modality, WeakCaption
from manifests.media import Media, Needs


class _Lengths(Scorer):
    """A text's vector is its length, and the longer it is the better it fits."""

    modality = "video"
    needs = Needs()

    def __init__(self) -> None:
        super().__init__("lengths", Models())
        self.read: list[str] = []
        self.looked = 0

    def caption(self, batch: Sequence[Media]) -> list[WeakCaption]:
        return [self.scored(media) for media in batch]

    def texts(self, texts: Sequence[str]) -> Any:
        self.read += texts
        return [float(len(text)) for text in texts]

    def fits(self, media: Media) -> Any:
        self.looked += 1
        return list


def _media(*texts: tuple[str, Modality]) -> Media:
    claims = tuple(
        Claim(f"#{n}", text, "caption", side, 1.0) for n, (text, side) in enumerate(texts)
    )
    said = {"writer": WeakCaption("c", "h", "writer", claims=claims)}
    return Media("c", "h", 4000, said=said)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {"audio": tuple("a" * n for n in (1, 2, 3, 4)), "video": ("v" * 9, "v" * 10)}
    monkeypatch.setattr(_scores, "decoys", table.__getitem__)


def test_a_claim_is_ranked_among_decoys_of_its_own_modality(few: None) -> None:
    (weak,) = _Lengths().caption([_media(("aaa", "audio"), ("vvv", "video"), ("v" * 11, "video"))])
    assert [(c.label, c.score, c.rank) for c in weak.claims] == [
        ("writer/#0", 3.0, 0.5),
        ("writer/#1", 3.0, 0.0),
        ("writer/#2", 11.0, 1.0),
    ]
    assert {(c.text, c.kind, c.modality) for c in weak.claims} == {("", "score", "video")}


def test_a_rank_hangs_on_no_neighbour(few: None) -> None:
    clips = [_media(("a" * n, "audio")) for n in range(1, 6)]
    together = _Lengths().caption(clips)
    assert together == [_Lengths().caption([clip])[0] for clip in clips]


def test_decoys_are_read_once_and_a_clip_looked_at_once(few: None) -> None:
    scorer = _Lengths()
    scorer.caption([_media(("aa", "audio"))] * 3)
    assert scorer.read == ["aa", "a", "aa", "aaa", "aaaa", "aa", "aa"]
    assert scorer.looked == 3


def test_where_nobody_said_anything_nothing_is_looked_at() -> None:
    scorer = _Lengths()
    assert scorer.caption([_media((" ", "audio")), Media("c", "h", 4000)]) == [
        WeakCaption("c", "h", "lengths"),
        WeakCaption("c", "h", "lengths"),
    ]
    assert (scorer.read, scorer.looked) == ([], 0)


def test_there_are_decoys_of_both_modalities() -> None:
    (weak,) = _Lengths().caption([_media(("x" * 200, "audio"), ("", "audio"), ("x", "video"))])
    assert [claim.rank for claim in weak.claims] == [1.0, 0.0]
    assert min(len(text) for side in ("audio", "video") for text in decoys(side)) > 1
