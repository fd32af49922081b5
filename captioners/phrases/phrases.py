"""The phrases of `coco.csv` and `imagenet.csv`, in the order of the networks' outputs."""

import csv
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple


class CocoClass(NamedTuple):
    """One of the 80 classes of COCO: its label, "a car" and "cars"."""

    label: str
    one: str
    many: str


class ImageNetClass(NamedTuple):
    """One of the 1,000 classes of ImageNet.

    phrase: a noun phrase with its article. group: the wider name that it may fall under, "" for none.
    """

    label: str
    phrase: str
    kind: Literal["object", "scene"]
    group: str


@cache
def coco() -> tuple[CocoClass, ...]:
    """The classes of COCO."""
    return tuple(CocoClass(row["label"], row["one"], row["many"]) for row in _rows("coco.csv"))


@cache
def imagenet() -> tuple[ImageNetClass, ...]:
    """The classes of ImageNet."""
    return tuple(
        ImageNetClass(
            row["label"],
            row["phrase"],
            "scene" if row["kind"] == "scene" else "object",
            row["group"],
        )
        for row in _rows("imagenet.csv")
    )


def group_phrase(group: str) -> str:
    """A group with its article: "a dog", "an insect"."""
    return f"{'an' if group[0] in 'aeiou' else 'a'} {group}"


def _rows(name: str) -> list[dict[str, str]]:
    text = (files("captioners.phrases") / name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))
