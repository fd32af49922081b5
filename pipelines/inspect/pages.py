"""What the pages show, as values of their templates."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from manifests.captions import CAPTIONS, CaptionName, possible
from pipelines.inspect.facets import Facet
from pipelines.inspect.lookup import Page
from pipelines.inspect.meaning import MOST
from pipelines.inspect.reading import Row
from pipelines.inspect.reviewing import own
from pipelines.inspect.sets import Version
from pipelines.inspect.sorting import RANDOM, Order
from pipelines.inspect.terms import Query
from pipelines.preview.events import timeline
from pipelines.preview.source import LONGEST_MS
from pipelines.report.cards import WHOLE, Card, captioned, events_of
from pipelines.report.galleries import Shown
from pipelines.report.shown import visible
from pipelines.reviews.review import REASONS
from pipelines.show import TITLES
from pipelines.spans import Localized

_TEXT = 400
"""Characters of a text in a list."""
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_TEXTS = {"audio_caption": "heard", "visual_caption": "seen", "audio_visual_caption": "together"}


@dataclass(frozen=True, slots=True)
class Link:
    """The state of a list, which stands in the address of its pages."""

    query: str
    order: Order

    def to(self, path: str = "/", **more: Any) -> str:
        """The address of a page with this state."""
        values = {"q": self.query, "sort": "" if self.order == Order() else self.order.text, **more}
        text = urlencode({name: value for name, value in values.items() if value not in ("", None)})
        return f"{path}?{text}" if text else path


@dataclass(frozen=True, slots=True)
class Said:
    """A caption in a list: which one, and its text."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Something to notice of a clip: a word, and whether it is "good", "care" or "bad"."""

    text: str
    level: str


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The state of a review. others: what other reviewers say, in words."""

    verdict: str = ""
    reasons: tuple[str, ...] = ()
    edits: Mapping[str, str] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """A clip in a list."""

    clip_id: str
    number: int
    link: str
    name: str
    folder: str
    span: str
    captions: tuple[Said, ...]
    why: str
    by: str
    support: str
    confidence: str
    marks: tuple[Mark, ...]
    review: Reviewed
    still: bool
    near: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a facet. link: with or without it."""

    text: str
    clips: int
    link: str
    chosen: bool


def listed(
    page: Page,
    link: Link,
    reviews: Mapping[int, Sequence[Row]],
    reviewer: str,
    near: Mapping[int, tuple[float, str]] | None = None,
) -> tuple[Listed, ...]:
    """The clips of a page. near: to what is meant, by number, and by whose vector."""
    found = near or {}
    return tuple(
        _listed(
            row, link, reviews.get(row["number"], ()), reviewer, _near(found.get(row["number"]))
        )
        for row in page.rows
    )


def _near(found: tuple[float, str] | None) -> str:
    return "" if found is None else f"{found[0]:.2f} by {_MEDIA[found[1]]}"


_MEDIA = {"audio": "sound", "video": "picture"}


def meant(query: Query, encoder: str, embedded: int) -> str:
    """What a list by meaning is, of how many clips, and how good; empty for another list."""
    if query.meaning is None:
        return ""
    told = (
        "The clips nearest to what is meant, by the embeddings of their sound or picture: the nearest "
        f"first, at most {MOST:,}, of {embedded:,} that have such embeddings. Everything else that is "
        "asked for chooses among them. The number of a clip is the cosine of its vector and that of the "
        "text: it orders the clips of one search, and can't be compared with those of another."
    )
    return f"{told} {_HOW_GOOD if encoder == 'small' else _UNKNOWN}"


_HOW_GOOD = (
    "The small encoder finds kinds of sounds and things, in English: on a bench of 500 clips the first "
    "one was right for 26% of what can be heard and 13% of what can be seen."
)
_UNKNOWN = "How good this encoder is was not measured."


def _listed(row: Row, link: Link, reviews: Sequence[Row], reviewer: str, near: str = "") -> Listed:
    path = visible(row["path"], 400)
    folder, slash, name = path.rpartition("/")
    said = (
        Said(TITLES[caption], visible(row[_TEXTS[caption]], _TEXT))
        for caption in CAPTIONS
        if row[_TEXTS[caption]] is not None
    )
    return Listed(
        clip_id=row["clip_id"],
        number=row["number"],
        link=link.to(f"/clip/{row['clip_id']}"),
        name=name,
        folder=folder + slash,
        span=_span(row),
        captions=tuple(said),
        why=visible(_why_none(row), 200),
        by=visible(row["author"], 20) if row["author"] != "none" else "",
        support=_share(row["support"]),
        confidence="" if row["confidence"] is None else f"{row['confidence']:.2f}",
        marks=tuple(_marks(row)),
        review=reviewed(reviews, reviewer, row),
        still=row["kind"] == "image",
        near=near,
    )


def _span(row: Row) -> str:
    """Where a clip is in its source; empty where that is not known, as of what is no media."""
    start, seconds = row["start"] or 0.0, row["seconds"] or 0.0
    if seconds:
        return f"{start:g} to {start + seconds:g} s"
    return "still" if row["kind"] == "image" else ""


def _why_none(row: Row) -> str:
    if row.get("outcome", "captioned") == "captioned":
        return "no caption: nothing sure was heard or seen"
    return f"{row['outcome']}: {row['reason']}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"


def _marks(row: Row) -> Iterator[Mark]:
    if row.get("outcome", "captioned") != "captioned":
        yield Mark(row["outcome"], "bad")
    if row.get("unsupported"):
        yield Mark(f"{row['unsupported']:g} of {row['claims']:g} claims unsupported", "bad")
    elif row["support"] is not None and row["support"] < 1:
        yield Mark("claims unsupported", "bad")
    if row.get("refused"):
        yield Mark(f"{row['refused']:g} faults refused", "care")
    if row.get("doubt") == "was asked":
        yield Mark("was in doubt", "care")
    if row["author"] in ("template", "both"):
        yield Mark("template", "care")
    if row["same"] > 1:
        yield Mark(f"same as {row['same'] - 1:,.0f} others", "care")
    if row["trains"] == "no":
        yield Mark("may not train", "care")


def reviewed(reviews: Sequence[Row], reviewer: str, clip: Row) -> Reviewed:
    """What was said of a clip, by this reviewer and by others."""
    mine = own(reviews, reviewer)
    others = tuple(_told(review) for review in reviews if review["reviewer"] != reviewer)
    if mine is None:
        return Reviewed(others=others)
    return Reviewed(
        mine["verdict"] or "",
        tuple(mine["reasons"]),
        {name: mine[name] for name in CAPTIONS if mine[name] is not None},
        others,
        mine["caption_digest"] != clip["caption_digest"],
    )


def _told(review: Row) -> str:
    """A review in one line."""
    told = review["verdict"] or "no verdict"
    if review["reasons"]:
        told += f" ({', '.join(review['reasons'])})"
    edits = [TITLES[name] for name in CAPTIONS if review[name] is not None]
    told += f", edited {', '.join(edits)}" if edits else ""
    return f"{visible(review['reviewer'], 80)}: {told}"


def facets(
    counted: Sequence[Facet], query: Query, link: Link
) -> list[tuple[str, list[Value], int]]:
    """Facets with links: title, values, and how many more there are."""
    made = []
    for facet in counted:
        chosen = query.chosen(facet.column.name)
        values = [
            Value(
                visible(value, 80),
                clips,
                Link(query.toggled(facet.column, value).text, link.order).to(),
                value in chosen,
            )
            for value, clips in facet.values
        ]
        made.append((facet.column.title, values, facet.more))
    return made


@dataclass(frozen=True, slots=True)
class Edit:
    """A caption that can be edited, in its own characters: what a field holds is stored. text: as it is
    now, edited or not; was: as it was written."""

    name: CaptionName
    title: str
    text: str
    was: str


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip's page. drawing: SVG of its claims over the spectrogram. versions: by other jobs: what made
    them, the job, the card. seconds: that are shown, 0 for a still."""

    card: Card
    drawing: str
    edits: tuple[Edit, ...]
    versions: tuple[tuple[str, str, Card], ...]
    facts: tuple[tuple[str, str], ...]
    kind: str
    has_audio: bool
    has_video: bool
    seconds: float


def clip(
    row: Row,
    entry: Row,
    review: Reviewed,
    versions: Sequence[Version],
    localized: Localized | None,
) -> Clip:
    """The page of a clip with captions. row: all of them; entry: of the index; localized: its claims."""
    seconds = min(row["end_ms"] - row["start_ms"], LONGEST_MS) / 1000
    has_audio, has_video = bool(row["has_audio"]), bool(row["has_video"])
    events = events_of(row, localized)
    spectrogram = f"/clip/{row['clip_id']}/spectrogram" if has_audio else None
    drawing = timeline(events, seconds, spectrogram) if seconds and (events or has_audio) else ""
    edits = tuple(
        Edit(
            name,
            TITLES[name],
            _held(review.edits.get(name, row[name] or "")),
            _held(row[name] or ""),
        )
        for name in possible(has_audio, has_video)
    )
    return Clip(
        captioned(Shown("", row), limits=WHOLE),
        drawing,
        edits,
        tuple(
            (visible(v.made, 120), v.job, captioned(Shown("", v.row), limits=WHOLE))
            for v in versions
        ),
        tuple(_facts(entry)),
        row["kind"] or "",
        has_audio,
        has_video,
        seconds,
    )


def _held(text: str) -> str:
    """Text without what HTML can't hold."""
    return _CONTROLS.sub("", text)


def _facts(entry: Row) -> Iterator[tuple[str, str]]:
    """What the index says of a clip beside what the page shows anyway."""
    for name in ("outcome", "reason", "split", "terms", "input", "domain", "language"):
        if entry.get(name, "none") != "none":
            yield name, visible(str(entry[name]), 200)
    for name in ("near_heard", "near_seen", "near_together", "near_media"):
        if entry.get(name) is not None:
            yield name.replace("_", " "), f"{entry[name]:.3f}"
    if entry["support"] is not None:
        yield "support", _share(entry["support"])
    if entry["confidence"] is not None:
        yield "confidence", f"{entry['confidence']:.2f}"


def orders(
    columns: Sequence[Any], order: Order, by_meaning: bool = False
) -> list[tuple[str, str, bool]]:
    """All orders for a menu: value, title, whether it is this one."""
    first = "nearest to what is meant" if by_meaning else "as listed"
    made = [("", first, order == Order()), (RANDOM, "random", order.name == RANDOM)]
    for column in columns:
        for down in (False, True):
            way = Order(column.name, down)
            what = {"number": ("lowest", "highest")}.get(column.what, ("A to Z", "Z to A"))[down]
            made.append(
                (
                    way.text,
                    f"{column.title}, {what} first"
                    if column.what == "number"
                    else f"{column.title}, {what}",
                    order == way,
                )
            )
    return made


REASON_KEYS = tuple(enumerate(REASONS, start=1))
