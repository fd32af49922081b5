"""Decoys: sentences that are about something else, which a claim has to fit a clip better than.

A similarity by itself means little: where it lies hangs on the checkpoint, on the clip and on how texts
are worded. How many of a fixed list of captions fit the same clip worse is a number that means the same
for every scorer. The list (decoys.toml) is fixed, and not made of what is said of other clips, so that no
row hangs on another one.
"""

import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from manifests.evidence import Modality
from manifests.ids import digest


@cache
def decoys(modality: Modality) -> tuple[str, ...]:
    """Captions of what may be heard or seen anywhere, over 200 of each."""
    return tuple(_table()[modality])


def decoys_digest() -> str:
    """Of all decoys: it enters the digest of whatever is ranked among them."""
    return digest(_table())


def rank(score: float, of_decoys: Sequence[float]) -> float:
    """The share of the decoys that fit worse, in [0, 1]; of equals none is worse."""
    return sum(other < score for other in of_decoys) / len(of_decoys)


@cache
def _table() -> dict[Modality, list[str]]:
    text = (files("captioners.scorers") / "decoys.toml").read_text("utf-8")
    table = tomllib.loads(text)
    return {"audio": table["audio"], "video": table["video"]}
