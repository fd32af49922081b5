"""Calibrations out of clips of known content, and what they say of clips that they were not fitted with.

Origins are dealt into folds. A test fits everything (calibrations, what captioners are worth together,
the line of the fused probability) without the fold that it is made on; and what captioners are worth
together is itself learned from probabilities of calibrations that had not seen those clips, what
cooccurrence says from those of stacks that had not.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from captioners.confidence import cooccurrence
from captioners.confidence.calibration import (
    TOGETHER,
    Calibration,
    Calibrations,
    Label,
    fitted,
    similarities,
)
from captioners.confidence.cooccurrence import Cooccurrence, Known, Place, Told, told
from captioners.confidence.fusion import Fusion, Heard, Stack, Voices, stacked, voices, without
from captioners.confidence.tiers import ENOUGH
from manifests.evidence import Claim, Confidence, Kind, Modality, Support, WeakCaption
from manifests.ids import digest
from prompts.support import meaning, supports

FOLDS = 10
_SIDES: tuple[Modality, Modality] = ("audio", "video")


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
        return replace(self._alone(shown), fusion=self._together(shown))

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

    def _together(self, shown: Sequence[Shown]) -> Fusion:
        words = self._words(shown)
        clips: list[_Judged] = []
        for fold, (rest, out) in enumerate(_folds(shown)):
            known = self._alone(rest)
            clips += [_Judged.by(known, clip, fold, words) for clip in out]
        stacks = {side: _stack(side, clips, words[side]) for side in _SIDES}
        beside = {side: _cooccurrence(side, clips, stacks) for side in _SIDES}
        audio, video = (
            stacks[side].stack.model_copy(update={"cooccurrence": beside[side]}) for side in _SIDES
        )
        return Fusion(source=self.source, audio=audio, video=video)

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
                        known[weak.captioner] = before | meaning(claim).reach
        return words


@dataclass(frozen=True)
class _Judged:
    """A clip judged by calibrations that had not seen it. who: who speaks for each claim; to_learn: of
    the claims of each modality that are true or false, and say the same, the first."""

    shown: Shown
    fold: int
    captions: tuple[WeakCaption, ...]
    supports: Sequence[Support]
    who: Mapping[Place, Voices]
    to_learn: Mapping[Modality, Sequence[Support]]

    @classmethod
    def by(
        cls,
        known: Calibrations,
        shown: Shown,
        fold: int,
        words: Mapping[Modality, Mapping[str, frozenset[str]]],
    ) -> "_Judged":
        """Judged by these calibrations."""
        judged = known.judge(shown.captions)
        found = supports(judged)
        once: dict[Modality, list[Support]] = {side: [] for side in _SIDES}
        for support in _once(shown, found):
            once[_claim(judged, support.claim).modality].append(support)
        who = {s.claim: voices(judged, s, words[_claim(judged, s.claim).modality]) for s in found}
        return cls(shown, fold, judged, found, who, once)

    def told(self, stacks: Mapping[Modality, "_Stacked"]) -> list[Told]:
        """What is said of it, each by itself as stacks fuse it that had not seen it."""
        alone = {
            place: stacks[_claim(self.captions, place).modality].alone(who, self.fold)
            for place, who in self.who.items()
            if (sure := _claim(self.captions, place).confidence) and sure.by != "fact"
        }
        return told(self.captions, self.supports, alone)


@dataclass(frozen=True)
class _Stacked:
    """A stack, and by fold what the other folds teach."""

    stack: Stack
    others: Mapping[int, Stack]

    def alone(self, who: Voices, fold: int) -> float:
        """The fused probability of a claim of a clip of this fold."""
        return self.stack.line.probability(self.others.get(fold, self.stack).log_odds(who))


def _stack(
    side: Modality, clips: Sequence[_Judged], words: Mapping[str, frozenset[str]]
) -> _Stacked:
    heard = [
        Heard(clip.who[support.claim], clip.shown.truths[support.claim], clip.fold)
        for clip in clips
        for support in clip.to_learn[side]
    ]
    there = [clip.shown for clip in clips if clip.to_learn[side]]
    files, origins = {clip.file for clip in there}, {clip.origin for clip in there}
    others = without(heard)
    return _Stacked(stacked(heard, words, len(files), len(origins), others), others)


def _cooccurrence(
    side: Modality, clips: Sequence[_Judged], stacks: Mapping[Modality, _Stacked]
) -> Cooccurrence:
    """What is learned of the cooccurrence of one modality's claims; nothing from few files."""
    if stacks[side].stack.n < ENOUGH:
        return Cooccurrence()
    known = []
    for clip in clips:
        every = clip.told(stacks)
        of = {place: one for one in every for place in one.claims}
        for support in clip.to_learn[side]:
            true = clip.shown.truths[support.claim]
            known.append(Known(of[support.claim], every, true, clip.shown.origin, clip.fold))
    return cooccurrence.learned(known)


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
