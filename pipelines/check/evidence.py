"""Evidence out of what somebody else's captioners say: the same claims as captions are written from.

Text becomes claims sentence by sentence, as a chat model's answer does (`captioners.replies`,
`captioners.sentences`). Tags with the names of AudioSet, COCO and ImageNet become the clauses and noun
phrases of our own captioners; others stay as they are. A transcript also says that a person speaks.

Confidences: the score of a tag or transcript by a captioner of a name and kind that is calibrated here
("yamnet", "nanodet") is read as in a run. Of all others nobody knows how often they are right: they are
"medium" without a number, as what is given as evidence has to count, and never "high". A score under 0.1
is "low": such a tag counts where a surer one says the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files

from captioners.audio.audioset import classes, sound_class
from captioners.confidence.calibration import FUSION, Calibrations, load
from captioners.phrases.phrases import coco, group_phrase, imagenet
from captioners.replies import cleaned
from captioners.sentences import clauses
from manifests.evidence import Claim, Confidence, Evidence, Kind, Modality, WeakCaption
from pipelines.check.given import Given, Item
from prompts.support import supports

MOST_CLAIMS = 500
"""Claims of a clip: each is compared with each."""
LEAST_SCORE = 0.1
"""Under this a score that nobody calibrated is "low"; YAMNet's own tags begin there."""
_BY = "given"
# What needs no score because somebody said so.
_SAID = 1.0


def evidence(given: Given) -> Evidence:
    """The judged evidence of a clip. Raises ValueError for more claims than can be compared."""
    weak = [_weak(given.id, item) for item in given.evidence]
    number = sum(len(caption.claims) for caption in weak)
    if number > MOST_CLAIMS:
        raise ValueError(
            f'"evidence" makes {number} statements, at most {MOST_CLAIMS} are read: give the surest tags'
        )
    judged = [
        replace(after, claims=tuple(map(_confident, before.claims, after.claims)))
        for before, after in zip(weak, calibrations().judge(weak), strict=True)
    ]
    return Evidence(
        clip_id=given.id,
        has_audio=any(item.modality == "audio" for item in given.evidence),
        has_video=any(item.modality == "video" for item in given.evidence),
        duration_ms=0,
        captions=calibrations().fuse(judged, supports(judged)),
    )


def _confident(before: Claim, after: Claim) -> Claim:
    return replace(after, confidence=before.confidence or after.confidence)


@cache
def calibrations() -> Calibrations:
    """Those of captioners that score what they hear or see; facts and stand-ins aside."""
    folder = files("captioners.confidence") / "calibrations"
    names = sorted(file.name.removesuffix(".json") for file in folder.iterdir())
    every = load(name for name in names if name != FUSION and "." not in name)
    scored = {
        name: calibration
        for name, calibration in every.by_captioner.items()
        if all(fit.method not in ("fact", "score") for fit in calibration.kinds.values())
    }
    return replace(every, by_captioner=scored)


def _weak(clip_id: str, item: Item) -> WeakCaption:
    """What one captioner says, its claims with a confidence where no calibration gives one."""
    return WeakCaption(
        clip_id=clip_id,
        content_hash="",
        captioner=item.captioner,
        text=item.texts[0] if item.told == "text" else "",
        claims=tuple(_claims(item)),
        transcript=item.texts[0] if item.told == "transcript" else None,
        language=item.language,
    )


def _claims(item: Item) -> Iterator[Claim]:
    made: set[str] = set()
    for text, score in zip(item.texts, item.scores, strict=True):
        for label, phrase, kind in _statements(item, text):
            if phrase.casefold() not in made:
                made.add(phrase.casefold())
                known = score is not None and _is_calibrated(item.captioner, kind)
                yield Claim(
                    label,
                    phrase,
                    kind,
                    item.modality,
                    _SAID if score is None else score,
                    confidence=None if known else _unknown(score),
                )


def _is_calibrated(captioner: str, kind: Kind) -> bool:
    calibration = calibrations().by_captioner.get(captioner)
    return calibration is not None and kind in calibration.kinds


def _unknown(score: float | None) -> Confidence:
    low = score is not None and score < LEAST_SCORE
    return Confidence(None, "low" if low else "medium", _BY)


def _statements(item: Item, text: str) -> Sequence[tuple[str, str, Kind]]:
    """Label, phrase and kind of each claim of a text, a tag or a transcript."""
    if item.told == "text":
        return [(clause, clause, "caption") for clause in clauses(cleaned(text))]
    if item.told == "transcript":
        return [_heard("Speech")] if text.strip() else []
    label = " ".join(text.split())
    named = _named(item.modality).get(label.replace("_", " ").casefold())
    if named is not None:
        return [named]
    phrase = label.replace("_", " ").strip()
    return [(label, phrase, "sound" if item.modality == "audio" else "object")] if phrase else []


def _heard(label: str) -> tuple[str, str, Kind]:
    sound = sound_class(label)
    return sound.label, sound.clause, sound.kind


@cache
def _named(modality: Modality) -> dict[str, tuple[str, str, Kind]]:
    """The labels of our own taggers, in small letters."""
    named: dict[str, tuple[str, str, Kind]] = {}
    if modality == "audio":
        return {label.casefold(): _heard(label) for label in classes()}
    for thing in coco():
        named[thing.label.casefold()] = (thing.label, thing.one, "object")
    for label, phrase, kind, _ in imagenet():
        named.setdefault(label.replace("_", " ").casefold(), (label, phrase, kind))
    for group in dict.fromkeys(thing.group for thing in imagenet() if thing.group):
        named.setdefault(group.casefold(), (group, group_phrase(group), "object"))
    return named
