"""Which of two caption sets people prefer, from their comparisons."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from pipelines.reviews.intervals import Rate, rate, sign_test
from pipelines.reviews.stored import counting_comparisons

_SCORES = {"win": 1, "tie": 0, "loss": -1}


class Clips(BaseModel):
    """Clips with captions in two sets, or in one of them. differ: both have some, and not the same; same:
    both have the same; only_own, only_other: one of them has some."""

    model_config = ConfigDict(frozen=True)

    differ: int
    same: int
    only_own: int
    only_other: int

    @property
    def only_one(self) -> int:
        """Where only one set has a caption."""
        return self.only_own + self.only_other


class Preference(BaseModel):
    """One set against another, as people see it.

    clips: whose captions differ, which people compare; same: with equal captions. only_own, only_other:
    where only one set has a caption. The last three are not compared, and the win rate does not count
    them. judged: clips that somebody compared; of several reviewers' choices the sum decides.
    score: (wins + ties / 2) / judged, the win rate. sign: probability of wins and losses at least as
    unequal if both sets were as good (exact sign test, two-sided, without ties). alike: of clips that
    several compared, those on which they all say the same. others: comparisons of other captions.
    """

    model_config = ConfigDict(frozen=True)

    own: str
    other: str
    clips: int
    same: int
    only_own: int
    only_other: int
    judged: int
    win: Rate
    tie: Rate
    loss: Rate
    score: Rate
    sign: float | None
    reviewers: tuple[str, ...]
    alike: Rate
    others: int


def preference(
    own: str,
    other: str,
    said: pa.Table,
    pairs: Mapping[str, tuple[str, str]],
    clips: Clips,
) -> Preference:
    """The preference of two sets. said: comparisons, all of them. pairs: digests of both captions by
    clip, of those clips at least that were compared. clips: of the sets."""
    words: dict[str, dict[str, int]] = {}
    others = 0
    for row in counting_comparisons(said).to_pylist():
        score = _score(row, pairs.get(row["clip_id"]))
        if score is None:
            others += 1
        else:
            words.setdefault(row["clip_id"], {})[row["reviewer"]] = score
    sums = [sum(each.values()) for each in words.values()]
    win, loss, judged = sum(s > 0 for s in sums), sum(s < 0 for s in sums), len(sums)
    tie = judged - win - loss
    several = [set(each.values()) for each in words.values() if len(each) > 1]
    return Preference(
        own=own,
        other=other,
        clips=clips.differ,
        same=clips.same,
        only_own=clips.only_own,
        only_other=clips.only_other,
        judged=judged,
        win=rate(win, judged),
        tie=rate(tie, judged),
        loss=rate(loss, judged),
        # With ties a score varies less than a share of as many draws: the interval is rather too wide.
        score=rate(win + tie / 2, judged),
        sign=sign_test(win, loss) if judged else None,
        reviewers=tuple(sorted({name for each in words.values() for name in each})),
        alike=rate(sum(len(each) == 1 for each in several), len(several)),
        others=others,
    )


def counts(a: str, b: str, differ: str) -> str:
    """SQL of the values of `Clips`, in their order. a, b: whether a set has a caption, in SQL; differ:
    whether they are not the same."""
    return ", ".join(
        f"count_if({each})"
        for each in (
            f"({a}) AND ({b}) AND ({differ})",
            f"({a}) AND ({b}) AND NOT ({differ})",
            f"({a}) AND NOT ({b})",
            f"({b}) AND NOT ({a})",
        )
    )


def counted(row: Sequence[int]) -> Clips:
    """The clips by what `counts` found."""
    return Clips(**dict(zip(Clips.model_fields, row, strict=True)))


def clips_of(said: pa.Table) -> Sequence[str]:
    """Clips that were compared."""
    ids: list[str] = sorted(set(said["clip_id"].to_pylist()))
    return ids


def _score(row: Mapping[str, Any], pair: tuple[str, str] | None) -> int | None:
    """A word on a pair as seen from the first of it; None where it is of other captions."""
    told = (row["caption_digest"], row["other_digest"])
    if told == pair:
        return _SCORES[row["outcome"]]
    return -_SCORES[row["outcome"]] if told[::-1] == pair else None
