"""Calibrations out of clips of known content, and what they say of clips that they were not fitted with.

Origins are dealt into folds. A test fits everything (calibrations, what captioners are worth together,
the line of the fused probability) without the fold that it is made on; and what captioners are worth
together is itself learned from probabilities of calibrations that had not seen those clips.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from captioners.confidence import (
    TOGETHER,
    Calibration,
    Calibrations,
    Label,
    fitted,
    similarities,
)
from captioners.stacker import Heard, Stack, Stacker, stacked, voices
from manifests.evidence import Claim, Confidence, Kind, Modality, Support, WeakCaption
from manifests.ids import digest
from prompts.support import about, supports
from prompts.words import upward

FOLDS = 10


@dataclass(frozen=True)
class Shown:
    """A clip of known content: what was said of it in the profile's order, and which claims of that, by
    place, are true or false; facts and what can't be said are in neither. file: its content hash."""

    file: str
    origin: str
    captions: tuple[WeakCaption, ...]
    truths: Mapping[tuple[int, int], bool]


@dataclass(frozen=True)
class Found:
    """A claim of a clip that nothing was fitted with. own: its captioner's confidence; alone: that of
    the surest claim that implies it; fused: everybody's word."""

    shown: Shown
    support: Support
    claim: Claim
    own: Confidence
    alone: Confidence
    fused: Confidence

    @property
    def true(self) -> bool:
        """Whether it is true."""
        return self.shown.truths[self.support.claim]

    @property
    def captioner(self) -> str:
        """Who said it."""
        return self.shown.captions[self.support.claim[0]].captioner

    @property
    def raw(self) -> float:
        """Its raw score as if it were a probability."""
        return min(max(self.claim.score, 0.0), 1.0)


@dataclass(frozen=True)
class Fitter:
    """Fits the captioners of a job. given: of each its calibration with what is not fitted (facts,
    a scorer's cut-points) and the table it was read from. source: where the labels came from."""

    given: Mapping[str, Calibration]
    source: str

    def fit(self, shown: Sequence[Shown]) -> Calibrations:
        """The calibrations of these clips, and what their captioners are worth together."""
        return replace(self._alone(shown), stacker=self._together(shown))

    def test(self, shown: Sequence[Shown]) -> Iterator[Found]:
        """Every claim of them that is true or false, judged by what clips of other origins taught."""
        for rest, out in _folds(shown):
            known = self.fit(rest)
            for clip in out:
                yield from _found(known, clip)

    def _labels(self, shown: Sequence[Shown]) -> dict[str, dict[tuple[Kind, ...], list[Label]]]:
        """The true and false claims of each captioner, by the kinds that share a fit."""
        labels: dict[str, dict[tuple[Kind, ...], list[Label]]] = {}
        for clip in shown:
            similar = similarities(clip.captions)
            for (at, number), true in clip.truths.items():
                name, claim = clip.captions[at].captioner, clip.captions[at].claims[number]
                scores = similar.get((name, claim.label), {})
                label = Label(clip.file, clip.origin, claim.label, claim.score, true, scores)
                labels.setdefault(name, {}).setdefault(kinds_of(claim), []).append(label)
        return labels

    def _alone(self, shown: Sequence[Shown]) -> Calibrations:
        """The calibrations, without what captioners are worth together."""
        labels = self._labels(shown)
        known = {}
        for name, given in self.given.items():
            kinds = dict(given.kinds)
            for together, found in sorted(labels.get(name, {}).items()):
                kinds |= dict.fromkeys(together, fitted(found))
            known[name] = given.model_copy(update={"source": self.source, "kinds": kinds})
        return Calibrations(known, ())

    def _together(self, shown: Sequence[Shown]) -> Stacker:
        heard: dict[Modality, list[Heard]] = {"audio": [], "video": []}
        clips: dict[Modality, list[Shown]] = {"audio": [], "video": []}
        words = self._words(shown)
        for fold, (rest, out) in enumerate(_folds(shown)):
            known = self._alone(rest)
            for clip in out:
                judged = known.judge(clip.captions)
                for support in _once(clip, supports(judged)):
                    side = _claim(judged, support.claim).modality
                    who = voices(judged, support, words[side])
                    heard[side].append(Heard(who, clip.truths[support.claim], fold))
                    clips[side].append(clip)

        def stack(side: Modality) -> Stack:
            files, origins = {c.file for c in clips[side]}, {c.origin for c in clips[side]}
            return stacked(heard[side], words[side], len(files), len(origins))

        return Stacker(source=self.source, audio=stack("audio"), video=stack("video"))

    def _words(self, shown: Sequence[Shown]) -> dict[Modality, dict[str, frozenset[str]]]:
        """All that each captioner named in these clips, with what that implies; facts aside."""
        words: dict[Modality, dict[str, frozenset[str]]] = {"audio": {}, "video": {}}
        for clip in shown:
            for weak in clip.captions:
                for claim in weak.claims:
                    fact = claim.kind in self.given[weak.captioner].kinds
                    if claim.text.strip() and not fact:
                        known = words[claim.modality]
                        before = known.get(weak.captioner, frozenset())
                        known[weak.captioner] = before | upward(about(claim))
        return words


def kinds_of(claim: Claim) -> tuple[Kind, ...]:
    """The kinds that share a fit with that of a claim, itself included."""
    return next((kinds for kinds in TOGETHER if claim.kind in kinds), (claim.kind,))


def _folds(shown: Sequence[Shown]) -> Iterator[tuple[list[Shown], list[Shown]]]:
    """The clips without those of a fold, and those: origins are dealt by their digests."""
    origins = sorted({clip.origin for clip in shown}, key=digest)
    fold = {origin: at % FOLDS for at, origin in enumerate(origins)}
    for number in sorted(set(fold.values())):
        yield (
            [clip for clip in shown if fold[clip.origin] != number],
            [clip for clip in shown if fold[clip.origin] == number],
        )


def _found(known: Calibrations, clip: Shown) -> Iterator[Found]:
    judged = known.judge(clip.captions)
    found = supports(judged)
    fused = known.fuse(judged, found)
    for support in found:
        if support.claim not in clip.truths:
            continue
        by = [_claim(judged, place).confidence for place in support.by]
        own, everybody = _claim(judged, support.claim), _claim(fused, support.claim)
        assert own.confidence is not None and everybody.fused is not None
        alone = max((sure for sure in by if sure is not None), key=lambda sure: sure.probability)
        yield Found(clip, support, own, own.confidence, alone, everybody.fused)


def _once(clip: Shown, found: Sequence[Support]) -> list[Support]:
    """Of several claims that say the same of a clip the first; only such as are true or false."""
    told: dict[tuple[Modality, frozenset[str], bool], Support] = {}
    for support in found:
        if support.claim in clip.truths:
            side = _claim(clip.captions, support.claim).modality
            told.setdefault((side, support.about, clip.truths[support.claim]), support)
    return list(told.values())


def _claim(captions: Sequence[WeakCaption], place: tuple[int, int]) -> Claim:
    return captions[place[0]].claims[place[1]]
