"""Bad captions: a good one's plan, told of a scene with exactly one detail changed."""

import re
from dataclasses import dataclass
from random import Random

from benchmarks.quality.rich.alter import Change, changes
from benchmarks.quality.rich.evidence import Told
from benchmarks.quality.rich.goods import Made, compose, ways

FAULTS = (
    "quotation",
    "language",
    "negation",
    "opposite",
    "invented",
    "attribute",
    "count",
    "role",
    "direction",
    "cross-modal",
    "order",
)
_ONE_OF_A_KIND = {"attribute", "language", "invented"}
"""What is new in these must not be told anywhere in the evidence (but where two things swap)."""
_ROLE_PLANS = {"contact", "beside", "contact_music", "contact_sound"}


@dataclass(frozen=True, slots=True)
class Bad:
    """A bad caption. of: the good caption it differs from. path: in which detail."""

    caption: str
    fault: str
    text: str
    of: str
    path: str


def swaps(told: Told) -> list[Bad]:
    """One bad caption of each fault that this clip allows."""
    rng = Random(f"bad {told.truth.id}")
    able: dict[str, list[Change]] = {fault: [] for fault in FAULTS}
    for change in changes(told.scene, rng):
        if _false(told, change):
            able[change.fault].append(change)
    found = []
    for fault in FAULTS:
        bad = _first(told, rng.sample(able[fault], len(able[fault])), rng)
        if bad:
            found.append(bad)
    return found


def _first(told: Told, options: list[Change], rng: Random) -> Bad | None:
    for change in options:
        able = [m for m in ways() if _fits(change, m)]
        for made in rng.sample(able, len(able)):
            good = compose(told, made, told.scene)
            bad = compose(told, made, change.scene) if good else None
            if good and bad and good != bad and _both(change, good):
                return Bad(made.caption, change.fault, bad, good, change.path)
    return None


def _both(change: Change, good: str) -> bool:
    """Where two things swap what they have, a caption has to tell of both."""
    return "+" not in change.path or all(f" {w} " in good for w in (change.old, change.words))


def _false(told: Told, change: Change) -> bool:
    """Whether the change is false, whatever captioner one believes. What the picture's captioner got
    wrong is not in the scene that captions are made from, so no change touches it."""
    wrong = {w.path for w in told.wrong if w.path.startswith(("sounds", "speech", "music"))}
    if wrong & set(change.path.split("+")):
        return False
    if change.fault == "cross-modal" and change.path.startswith("props"):
        prop = told.scene.props[int(change.path.split(".")[1])]
        if any(prop.noise in (*s.verbs, s.source.head) for s in told.scene.sounds):
            return False
    if change.fault in _ONE_OF_A_KIND and "+" not in change.path and change.path != "speech.voice":
        return not _holds(told.text(), change.words)
    return True


def _holds(text: str, words: str) -> bool:
    """Whether the longest of these words is in a text."""
    longest = max(re.findall(r"\w+", words.lower()), key=len, default="")
    return re.search(rf"\b{re.escape(longest)}", text) is not None


def _fits(change: Change, made: Made) -> bool:
    if change.fault == "role":
        return made.plan in _ROLE_PLANS and made.plan.startswith(change.path)
    if change.fault == "cross-modal":
        seen_only = change.path.startswith("told")
        return made.caption == ("audio_caption" if seen_only else "audio_visual_caption")
    return True
