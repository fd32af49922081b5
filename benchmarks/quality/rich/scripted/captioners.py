"""Stand-ins for captioners of the profile `gpu` that need weights: each reads the mark in its media and
says what the case of that mark has of it.

Scorers rank every claim above 98 % of the decoys: "medium", the surest word that a scorer without a
calibration gives. The scores of tags are those of the case, judged as the profile `gpu` does: by the
calibrations that captionmill ships, where there is one.
"""

from abc import abstractmethod
from collections.abc import Sequence
from functools import cache

from benchmarks.quality.rich.scripted import marks
from benchmarks.quality.rich.scripted.clips import Clip, by_mark
from captioners.audio.audioset import classes, sound_class
from captioners.contract import Captioner
from captioners.phrases.phrases import coco, group_phrase, imagenet
from captioners.sentences import sentence
from captioners.video._vision import chosen
from manifests.evidence import Claim, WeakCaption
from manifests.media import Media, Needs

_HZ = 16_000
_SPOKEN = 0.9
"""Raw score of a transcript, and probability of its language: the cases have none."""
_RANK = 0.98
_UNREAD = "its media carry no mark"


class _StandIn(Captioner):
    """What they have in common. Nothing is loaded."""

    def load(self) -> None:
        """Nothing to load."""

    def caption(self, batch: Sequence[Media]) -> list[WeakCaption]:
        """What the case of each clip's mark has."""
        return [self._weak(media, by_mark(self._mark(media))) for media in batch]

    def _mark(self, media: Media) -> int | None:
        if self.modality == "audio":
            return marks.heard(media.audio[_HZ], _HZ)
        frames, _ = chosen(media, self.needs.frames)
        read = {marks.seen(frame) for frame in frames}
        return read.pop() if len(read) == 1 else None

    def _weak(self, media: Media, clip: Clip | None) -> WeakCaption:
        if clip is None:
            return self.weak(media, skipped=_UNREAD)
        claims = self._claims(clip)
        text = sentence(claims, self.modality) if claims else ""
        return self.weak(media, text=text, claims=claims)

    @abstractmethod
    def _claims(self, clip: Clip) -> tuple[Claim, ...]:
        """What is said of a clip."""


class Sounds(_StandIn):
    """Tags of AudioSet; a class without a clause of ours is left out, as real taggers do."""

    modality = "audio"
    needs = Needs(audio_hz=_HZ)

    def _claims(self, clip: Clip) -> tuple[Claim, ...]:
        tags = [(tag, score) for tag, score in clip.tags.get(self.name, ()) if tag in classes()]
        sounds = [(sound_class(tag), score) for tag, score in tags]
        return tuple(Claim(s.label, s.clause, s.kind, "audio", score) for s, score in sounds)


class Things(_StandIn):
    """Tags of things seen: those with an article, and those that the real tagger has a phrase for. It
    could say no other ("rock concert")."""

    modality = "video"
    needs = Needs(frames=4, frame_px=96)

    def _claims(self, clip: Clip) -> tuple[Claim, ...]:
        tags = [(_phrase(tag), score) for tag, score in clip.tags.get(self.name, ())]
        return tuple(Claim(tag, tag, "object", "video", score) for tag, score in tags if tag)


class Words(_StandIn):
    """A speech recogniser: transcript and language."""

    modality = "audio"
    needs = Needs(audio_hz=_HZ)

    def _claims(self, clip: Clip) -> tuple[Claim, ...]:
        spoken = Claim("Speech", "a person speaks", "speech", "audio", _SPOKEN)
        return (spoken,) if clip.transcript else ()

    def _weak(self, media: Media, clip: Clip | None) -> WeakCaption:
        if clip is None or not clip.transcript:
            return super()._weak(media, clip)
        claims = self._claims(clip)
        return self.weak(
            media,
            text=sentence(claims, "audio"),
            claims=claims,
            transcript=clip.transcript,
            language=clip.language,
            language_probability=_SPOKEN if clip.language else None,
        )


class _Ranks(Captioner):
    """A scorer: what captioners said fits the clip better than nearly all decoys."""

    needs = Needs()

    def load(self) -> None:
        """Nothing to load."""

    def caption(self, batch: Sequence[Media]) -> list[WeakCaption]:
        """A score for each claim that it is shown."""
        return [self.weak(media, claims=self._claims(media)) for media in batch]

    def _claims(self, media: Media) -> tuple[Claim, ...]:
        return tuple(
            Claim(f"{name}/{claim.label}", "", "score", self.modality, _RANK, rank=_RANK)
            for name, weak in media.said.items()
            for claim in weak.claims
        )


class HeardRanks(_Ranks):
    """Of what is heard."""

    modality = "audio"


class SeenRanks(_Ranks):
    """Of what is seen."""

    modality = "video"


def _phrase(tag: str) -> str | None:
    return tag if tag.startswith(("a ", "an ", "the ")) else _phrases().get(tag)


@cache
def _phrases() -> dict[str, str]:
    """Phrases that the real tagger looks for, by what follows their article."""
    listed = [thing.one for thing in coco()]
    listed += [group_phrase(group) if group else phrase for _, phrase, _, group in imagenet()]
    return {phrase.partition(" ")[2]: phrase for phrase in listed}
