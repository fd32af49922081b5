"""Clips as cards of a page: player and pictures, the three captions with their claims, the evidence."""

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from manifests.captions import CAPTIONS, CaptionName, possible
from manifests.faults import MEANINGS
from manifests.languages import language_name
from pipelines.preview import Preview
from pipelines.preview.events import Event, Standing, timeline
from pipelines.report.galleries import Gallery, Row, Shown
from pipelines.report.shown import LONGEST, place, visible
from pipelines.reviews.review import NEEDED
from pipelines.show import TITLES
from pipelines.spans import Localized, key, timed


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a clip a card has. captioners: weak captions, and claims of a caption; claims: of a
    weak caption, and supporters of a claim; refused: faults; text, claim: characters. What is left out
    is counted."""

    captioners: int
    claims: int
    refused: int
    text: int
    claim: int


REPORT = Limits(captioners=40, claims=12, refused=12, text=LONGEST, claim=300)
"""A card of a report, which holds a hundred of them."""
WHOLE = Limits(10**9, 10**9, 10**9, 10**9, 10**9)
"""All of a clip. What is beyond the first claims of a captioner is folded."""
_KINDS = {"video": "video", "audio": "audio", "image": "image"}


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim of a caption. standing: high, medium or low where it is supported, "none" where nobody
    measured how sure it is, else "unsupported". told: the same in words, with who says it."""

    text: str
    standing: str
    told: str


@dataclass(frozen=True, slots=True)
class Caption:
    """One caption, or why there is none. by: who wrote it, in words. more: claims left out. variants:
    style and text of further captions."""

    title: str
    text: str | None
    why: str
    by: str
    claims: tuple[Claim, ...] = ()
    more: int = 0
    before: str | None = None
    variants: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Weak:
    """What one captioner said. claims: text, tier, what is known of it; folded: further ones; more:
    claims left out."""

    captioner: str
    text: str
    claims: tuple[tuple[str, str, str], ...]
    folded: tuple[tuple[str, str, str], ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """A fault of a reply that was refused: the rung that asked, the guard, and what it refuses."""

    rung: str
    guard: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Media:
    """What a browser shows, as data URLs. drawing: SVG of events. why: what is missing, and why."""

    tag: str = ""
    url: str = ""
    strip: str = ""
    waveform: str = ""
    drawing: str = ""
    why: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Card:
    """A clip of a gallery. again: it has a card in an earlier gallery, which holds the media."""

    clip_id: str
    folder: str
    name: str
    span: str
    why: str
    captions: tuple[Caption, ...] = ()
    has_before: bool = False
    transcript: str | None = None
    language: str | None = None
    evidence: tuple[Weak, ...] = ()
    more_evidence: int = 0
    refused: tuple[Refused, ...] = ()
    more_refused: int = 0
    origin: tuple[tuple[str, str], ...] = ()
    message: str | None = None
    reproduce: str | None = None
    media: Media = field(default_factory=Media)
    again: bool = False


@dataclass(frozen=True, slots=True)
class Cards:
    """A gallery with its cards."""

    gallery: Gallery
    cards: tuple[Card, ...]


def cards(
    galleries: Sequence[Gallery],
    previews: Mapping[str, Preview],
    localized: Mapping[tuple[str, str], Localized],
) -> list[Cards]:
    """Cards of all galleries. previews: by clip id; a clip without one has no player. localized: claims
    by the `pipelines.spans.key` of their captions."""
    seen: set[str] = set()
    made = []
    for gallery in galleries:
        of_gallery = []
        for shown in gallery.clips:
            clip = shown.row["clip_id"]
            if gallery.quarantined:
                of_gallery.append(_quarantined(shown, clip in seen))
            else:
                found = localized.get(key(shown.row))
                of_gallery.append(captioned(shown, previews.get(clip), clip in seen, found))
            seen.add(clip)
        made.append(Cards(gallery, tuple(of_gallery)))
    return made


def _quarantined(shown: Shown, again: bool) -> Card:
    row = shown.row
    folder, name = place(row["uri"])
    return Card(
        clip_id=row["clip_id"],
        folder=folder,
        name=name,
        span=_span(row),
        why=visible(shown.why),
        message=visible(row["message"]),
        reproduce=visible(row["reproduce"]),
        again=again,
    )


def captioned(
    shown: Shown,
    preview: Preview | None = None,
    again: bool = False,
    localized: Localized | None = None,
    limits: Limits = REPORT,
) -> Card:
    """The card of a clip with captions. preview: without one it has no player. again: see `Card`.
    localized: its claims."""
    row = shown.row
    folder, name = place(row["uri"])
    evidence, lints = row["evidence"] or [], row["lints"] or []
    return Card(
        clip_id=row["clip_id"],
        folder=folder,
        name=name,
        span=_span(row),
        why=visible(shown.why),
        captions=tuple(_caption(row, caption, shown.before, limits) for caption in CAPTIONS),
        has_before=shown.before is not None,
        transcript=visible(row["transcript"], limits.text) if row["transcript"] else None,
        language=language_name(row["language"]) or visible(row["language"] or "", 20) or None,
        evidence=tuple(_weak(weak, limits) for weak in evidence[: limits.captioners]),
        more_evidence=max(0, len(evidence) - limits.captioners),
        refused=tuple(map(_refused, lints[: limits.refused])),
        more_refused=max(0, len(lints) - limits.refused),
        origin=tuple(_origin(row)),
        media=Media() if again else _media(row, preview, localized),
        again=again,
    )


def _span(row: Row) -> str:
    if row.get("kind") == "image":
        return "still"
    return f"{row['start_ms'] / 1000:g} to {row['end_ms'] / 1000:g} s"


def _refused(fault: str) -> Refused:
    rung, _, guard = fault.rpartition(":")
    return Refused(visible(rung, 100), visible(guard, 100), MEANINGS.get(guard, ""))


def _caption(row: Row, name: CaptionName, before: Row | None, limits: Limits) -> Caption:
    short = name.removesuffix("_caption")
    text, by, judged = row[name], row[f"{short}_by"], row[f"{short}_judged"]
    told = {"llm": "by the LLM", "template": "by the template", "human": "by a person"}.get(
        by or "", ""
    )
    if judged is not None:
        told += f"; it was in doubt, and the judge gave {judged:.2f}"
    claims = [claim for claim in row["claims"] if claim["caption"] == name]
    why = row[f"{short}_why"]
    if why is None and name not in possible(row["has_audio"], row["has_video"]):
        why = f"the clip lacks {NEEDED[name]}"
    return Caption(
        title=TITLES[name].capitalize(),
        text=visible(text, limits.text) if text is not None else None,
        why=visible(why or "", 300),
        by=told,
        claims=tuple(_claim(claim, limits) for claim in claims[: limits.captioners]),
        more=max(0, len(claims) - limits.captioners),
        before=visible(before[name]) if before is not None and before[name] is not None else None,
        variants=tuple(
            (visible(each["style"], 60), visible(each["text"], limits.text))
            for each in row.get("variants") or ()
            if each["caption"] == name
        ),
    )


def _claim(claim: Row, limits: Limits) -> Claim:
    text = visible(claim["text"], limits.claim)
    if not claim["supported"]:
        return Claim(text, "unsupported", "not supported")
    sure = claim["confidence"] or {}
    number = f" {sure['probability']:.2f}" if sure.get("probability") is not None else ""
    tier = sure.get("tier") if sure.get("tier") in ("high", "medium", "low") else "none"
    names = claim["captioners"] or []
    who = ", ".join(visible(name, 60) for name in names[: limits.claims])
    who += f" and {len(names) - limits.claims} more" if len(names) > limits.claims else ""
    word = "supported" if tier == "none" else tier
    return Claim(text, str(tier), f"{word}{number}" + (f" by {who}" if who else ""))


def _weak(weak: Row, limits: Limits) -> Weak:
    name = visible(weak["captioner"], 60)
    if weak["skipped"]:
        return Weak(name, f"did not run: {visible(weak['skipped'], 200)}", ())
    claims = [_said(claim, limits) for claim in (weak["claims"] or [])[: limits.claims]]
    return Weak(
        name,
        visible(weak["text"], limits.text) if weak["text"] else "",
        tuple(claims[: REPORT.claims]),
        tuple(claims[REPORT.claims :]),
        max(0, len(weak["claims"] or []) - limits.claims),
    )


def _said(claim: Row, limits: Limits) -> tuple[str, str, str]:
    """A claim of a captioner: text, tier, what is known of it."""
    text = visible(claim["text"] or claim["label"] or "", limits.claim)
    own, fused = claim["confidence"], claim["fused"]
    score = "" if claim["score"] is None else f"score {claim['score']:.3g}"
    sure = fused or own
    if not sure:
        return text, "none", score
    number = "" if sure["probability"] is None else f" {sure['probability']:.2f}"
    told = f"{sure['tier']}{number}"
    if fused and own and own["probability"] is not None and fused != own:
        told += f", alone {own['probability']:.2f}"
    return text, sure["tier"] or "none", f"{told}; {score}"


def _origin(row: Row) -> Iterator[tuple[str, str]]:
    yield "clip", row["clip_id"]
    yield "writer", visible(row["writer"] or "none", 200)
    for name in ("evidence_digest", "prompt_digest", "config_digest", "licence"):
        if row[name]:
            yield name.replace("_", " "), visible(row[name], 300)


def _media(row: Row, preview: Preview | None, localized: Localized | None) -> Media:
    if preview is None:
        return Media()
    why = None if preview.why is None else visible(preview.why, 400)
    if preview.media is None:
        return Media(why=why or "there is nothing to show")
    kind = preview.media_type.partition("/")[0]
    return Media(
        tag=_KINDS.get(kind, ""),
        url=_url(preview.media_type, preview.media),
        strip=_url("image/webp", preview.strip),
        waveform=_url("image/png", preview.waveform),
        drawing=_drawing(row, preview, localized),
        why=why,
        seconds=preview.seconds,
    )


def _drawing(row: Row, preview: Preview, localized: Localized | None) -> str:
    """The claims of the captions over the spectrogram, at their times."""
    events = events_of(row, localized)
    if not preview.seconds or not (events or preview.spectrogram):
        return ""
    return timeline(events, preview.seconds, preview.spectrogram)


def events_of(row: Row, localized: Localized | None = None) -> list[Event]:
    """The claims of the captions that have times, once each: those of `captionmill localize` where it
    heard the claim, else the captioners'. What it heard nowhere, and nobody else has a time for, is there
    without spans."""
    events: dict[str, Event] = {}
    for claim in row["claims"]:
        times = timed(claim, localized)
        found = (localized or {}).get((claim["caption"], claim["text"]), {})
        spans = [(span["start_ms"], span["end_ms"]) for span in times["spans"] or []]
        if not spans and found.get("spans") is None:
            continue
        who = ", ".join(claim["captioners"] or []) if times is claim and spans else found["by"]
        standing: Standing = "supported" if claim["supported"] else "unsupported"
        event = Event(claim["text"], spans, standing, who)
        if spans and not events.get(event.text, event).spans:
            events[event.text] = event
        events.setdefault(event.text, event)
    return list(events.values())


def _url(kind: str, content: bytes | None) -> str:
    return f"data:{kind};base64,{b64encode(content).decode()}" if content else ""


def with_media(galleries: Sequence[Gallery]) -> list[Row]:
    """Rows of clips that have media to show, once each."""
    rows = (s.row for gallery in galleries if not gallery.quarantined for s in gallery.clips)
    return list({row["clip_id"]: row for row in rows}.values())


def as_json(galleries: Sequence[Gallery]) -> list[dict[str, Any]]:
    """The galleries for `--json`: which clips, and why."""
    return [
        {
            "gallery": gallery.key,
            "clips": [{"clip_id": s.row["clip_id"], "why": s.why} for s in gallery.clips],
        }
        for gallery in galleries
    ]
