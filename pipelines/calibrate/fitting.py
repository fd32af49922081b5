"""Calibrations out of clips of known content, and what they say of clips that they were not fitted with.

Origins are dealt into folds. A test fits everything (calibrations, what captioners are worth together,
the line of the fused probability) without the fold that it is made on; and what captioners are worth
together is itself learned from probabilities of calibrations that had not seen those clips, what
cooccurrence says from those of stacks that had not.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from captioners.confidence.calibration import Calibration, Calibrations, similarities
from captioners.confidence.cooccurrence import (
    ClaimIndex,
    Cooccurrence,
    LabelledStatement,
    Statement,
    fit_cooccurrence,
    statements,
)
from captioners.confidence.fit import TOGETHER, Label, fit_labels
from captioners.confidence.fusion import Fusion, made, votes_for
from captioners.confidence.stack import (
    LabelledVotes,
    Stack,
    Votes,
    fit_stack,
    stacks_without_fold,
)
from captioners.confidence.tiers import ENOUGH
from manifests.evidence import Claim, Confidence, Kind, Modality, Support, WeakCaption
from manifests.ids import digest
from prompts.support import meaning, supports

FOLDS = 10
_MODALITIES: tuple[Modality, Modality] = ("audio", "video")


@dataclass(frozen=True)
class LabelledClip:
    """A clip of known content.

    file: its content hash. captions: what captioners said of it, in the profile's order. truths: which of
    their claims, by index of caption and claim, are true or false; facts and what can't be said are in
    neither.
    """

    file: str
    origin: str
    captions: tuple[WeakCaption, ...]
    truths: Mapping[ClaimIndex, bool]


@dataclass(frozen=True)
class HeldOutClaim:
    """A claim of a clip that nothing was fitted with.

    own: its captioner's confidence, without a number where no other origin taught anything of its kind.
    alone: that of the surest claim that implies it. fused: that of all captioners together.
    """

    clip: LabelledClip
    support: Support
    claim: Claim
    own: Confidence
    alone: Confidence
    fused: Confidence

    @property
    def true(self) -> bool:
        """Whether it is true."""
        return self.clip.truths[self.support.claim]

    @property
    def captioner(self) -> str:
        """The captioner that made it."""
        return self.clip.captions[self.support.claim[0]].captioner

    @property
    def raw(self) -> float:
        """Its raw score as if it were a probability."""
        return min(max(self.claim.score, 0.0), 1.0)


@dataclass(frozen=True)
class Fitter:
    """Fits the captioners of a job.

    given: of each its calibration with what is not fitted (facts) and the table it was read from. source:
    where the labels came from.
    """

    given: Mapping[str, Calibration]
    source: str

    def fit(self, clips: Sequence[LabelledClip]) -> Calibrations:
        """The calibrations of these clips, and what their captioners are worth together."""
        return replace(self._alone(clips), fusion=self._together(clips))

    def test(self, clips: Sequence[LabelledClip]) -> Iterator[HeldOutClaim]:
        """Every claim of them that is true or false, judged by what clips of other origins taught."""
        for rest, held_out in _folds(clips):
            calibrations = self.fit(rest)
            for clip in held_out:
                yield from _judged_claims(calibrations, clip)

    def _labels(
        self, clips: Sequence[LabelledClip]
    ) -> dict[str, dict[tuple[Kind, ...], list[Label]]]:
        """The true and false claims of each captioner, by the kinds that share a fit."""
        labels: dict[str, dict[tuple[Kind, ...], list[Label]]] = {}
        for clip in clips:
            similar = similarities(clip.captions)
            for (at, number), true in clip.truths.items():
                name, claim = clip.captions[at].captioner, clip.captions[at].claims[number]
                scores = similar.get((name, claim.label), {})
                label = Label(clip.file, clip.origin, claim.label, claim.score, true, scores)
                labels.setdefault(name, {}).setdefault(kinds_of(claim), []).append(label)
        return labels

    def _alone(self, clips: Sequence[LabelledClip]) -> Calibrations:
        """The calibrations, without what captioners are worth together."""
        labels = self._labels(clips)
        calibrations = {}
        for name, given in self.given.items():
            kinds = dict(given.kinds)
            for together, of_kinds in sorted(labels.get(name, {}).items()):
                kinds |= dict.fromkeys(together, fit_labels(of_kinds))
            calibrations[name] = given.model_copy(update={"source": self.source, "kinds": kinds})
        return Calibrations(calibrations, ())

    def _together(self, clips: Sequence[LabelledClip]) -> Fusion:
        words = self._words(clips)
        judged: list[_JudgedClip] = []
        for fold, (rest, held_out) in enumerate(_folds(clips)):
            calibrations = self._alone(rest)
            judged += [_JudgedClip.by(calibrations, clip, fold, words) for clip in held_out]
        stacks = {modality: _stack(modality, judged, words[modality]) for modality in _MODALITIES}
        audio, video = (
            stacks[modality].stack.model_copy(
                update={"cooccurrence": _cooccurrence(modality, judged, stacks)}
            )
            for modality in _MODALITIES
        )
        return Fusion(source=self.source, audio=audio, video=video)

    def _words(self, clips: Sequence[LabelledClip]) -> dict[Modality, dict[str, frozenset[str]]]:
        """All that each captioner named in these clips, with what that implies; facts aside."""
        words: dict[Modality, dict[str, frozenset[str]]] = {"audio": {}, "video": {}}
        for clip in clips:
            for weak in clip.captions:
                for claim in weak.claims:
                    fact = claim.kind in self.given[weak.captioner].kinds
                    if claim.text.strip() and not fact:
                        by_captioner = words[claim.modality]
                        before = by_captioner.get(weak.captioner, frozenset())
                        by_captioner[weak.captioner] = before | meaning(claim).reach
        return words


@dataclass(frozen=True)
class _JudgedClip:
    """A clip judged by calibrations that had not seen it.

    votes: of each claim. to_learn: of the claims of each modality that are true or false, and say the
    same, the first.
    """

    clip: LabelledClip
    fold: int
    captions: tuple[WeakCaption, ...]
    supports: Sequence[Support]
    votes: Mapping[ClaimIndex, Votes]
    to_learn: Mapping[Modality, Sequence[Support]]

    @classmethod
    def by(
        cls,
        calibrations: Calibrations,
        clip: LabelledClip,
        fold: int,
        words: Mapping[Modality, Mapping[str, frozenset[str]]],
    ) -> "_JudgedClip":
        """Judged by these calibrations. A claim for which nobody has a vote teaches nothing of itself."""
        captions = calibrations.judge(clip.captions)
        supported = supports(captions)
        votes, with_votes = {}, []
        for support in supported:
            of_modality = words[_claim(captions, support.claim).modality]
            votes_of = votes_for(captions, support, of_modality)
            votes[support.claim] = made(captions[support.claim[0]].captioner, votes_of)
            if votes_of.named:
                with_votes.append(support)
        to_learn: dict[Modality, list[Support]] = {modality: [] for modality in _MODALITIES}
        for support in _once(clip, with_votes):
            to_learn[_claim(captions, support.claim).modality].append(support)
        return cls(clip, fold, captions, supported, votes, to_learn)

    def statements(self, stacks: Mapping[Modality, "_CrossFitted"]) -> list[Statement]:
        """What is said of it, each statement by itself, by stacks that had not seen it."""
        alone = {
            index: stacks[_claim(self.captions, index).modality].alone(votes, self.fold)
            for index, votes in self.votes.items()
            if (own := _claim(self.captions, index).confidence) and own.by != "fact"
        }
        return statements(self.captions, self.supports, alone)


@dataclass(frozen=True)
class _CrossFitted:
    """A stack, and by fold the stack that the other folds give."""

    stack: Stack
    others: Mapping[int, Stack]

    def alone(self, votes: Votes, fold: int) -> float:
        """The fused probability of a claim of a clip of this fold."""
        return self.stack.line.probability(self.others.get(fold, self.stack).log_odds(votes))


def _stack(
    modality: Modality, clips: Sequence[_JudgedClip], words: Mapping[str, frozenset[str]]
) -> _CrossFitted:
    labelled = [
        LabelledVotes(judged.votes[support.claim], judged.clip.truths[support.claim], judged.fold)
        for judged in clips
        for support in judged.to_learn[modality]
    ]
    sources = [judged.clip for judged in clips if judged.to_learn[modality]]
    files, origins = {clip.file for clip in sources}, {clip.origin for clip in sources}
    others = stacks_without_fold(labelled)
    return _CrossFitted(fit_stack(labelled, words, len(files), len(origins), others), others)


def _cooccurrence(
    modality: Modality, clips: Sequence[_JudgedClip], stacks: Mapping[Modality, _CrossFitted]
) -> Cooccurrence:
    """What is learned of the cooccurrence of one modality's claims; nothing from few origins."""
    if stacks[modality].stack.behind < ENOUGH:
        return Cooccurrence()
    labelled = []
    for judged in clips:
        every = judged.statements(stacks)
        by_claim = {index: statement for statement in every for index in statement.claims}
        for support in judged.to_learn[modality]:
            true, origin = judged.clip.truths[support.claim], judged.clip.origin
            statement = by_claim[support.claim]
            labelled.append(LabelledStatement(statement, every, true, origin, judged.fold))
    return fit_cooccurrence(labelled)


def kinds_of(claim: Claim) -> tuple[Kind, ...]:
    """The kinds that share a fit with that of a claim, itself included."""
    return next((kinds for kinds in TOGETHER if claim.kind in kinds), (claim.kind,))


def _folds(
    clips: Sequence[LabelledClip],
) -> Iterator[tuple[list[LabelledClip], list[LabelledClip]]]:
    """The clips without those of a fold, and those: origins are dealt by their digests."""
    origins = sorted({clip.origin for clip in clips}, key=digest)
    fold = {origin: at % FOLDS for at, origin in enumerate(origins)}
    for number in sorted(set(fold.values())):
        yield (
            [clip for clip in clips if fold[clip.origin] != number],
            [clip for clip in clips if fold[clip.origin] == number],
        )


def _judged_claims(calibrations: Calibrations, clip: LabelledClip) -> Iterator[HeldOutClaim]:
    judged = calibrations.judge(clip.captions)
    supported = supports(judged)
    fused = calibrations.fuse(judged, supported)
    for support in supported:
        if support.claim not in clip.truths:
            continue
        by = [_claim(judged, index).confidence for index in support.by]
        claim, together = _claim(judged, support.claim), _claim(fused, support.claim)
        assert claim.confidence is not None and together.fused is not None
        alone = max((own for own in by if own is not None), key=lambda own: own.weight)
        yield HeldOutClaim(clip, support, claim, claim.confidence, alone, together.fused)


def _once(clip: LabelledClip, supported: Sequence[Support]) -> list[Support]:
    """Of several claims that say the same of a clip the first; only such as are true or false."""
    first: dict[tuple[Modality, frozenset[str], bool], Support] = {}
    for support in supported:
        if support.claim in clip.truths:
            modality = _claim(clip.captions, support.claim).modality
            first.setdefault((modality, support.about, clip.truths[support.claim]), support)
    return list(first.values())


def _claim(captions: Sequence[WeakCaption], index: ClaimIndex) -> Claim:
    return captions[index[0]].claims[index[1]]
