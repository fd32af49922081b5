"""CLAP: what is heard, out of a list of phrases, and how well a sound fits what others say.

Weights: any checkpoint of transformers' `clap`, by default `hub:laion/larger_clap_general` (Apache-2.0).
Wu et al., arXiv 2211.06687. A sound and a text are one unit vector each. It hears 10 s at 48 kHz at a
time: a longer clip is cut into whole windows, so that nothing is drawn at random (the checkpoints' own
front end takes a random 10 s of a longer sound); a shorter clip is repeated, as in training.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from captioners._transformers import Options, TransformersCaptioner, runs
from captioners.audio._sound import merged, windows
from captioners.audio.audioset import classes, sound_class
from captioners.scorers._scores import Fits, Scorer
from captioners.sentences import sentence
from manifests.evidence import Claim, Kind, WeakCaption
from manifests.media import Audio, Media, Needs

if TYPE_CHECKING:
    from torch import Tensor

HZ = 48_000
# Texts of one run of the text tower: bounds its memory.
_RUN = 64
# Our choices.
_FLOOR = 0.05
_MOST_CLAIMS = 8
_TAGGED: tuple[Kind, ...] = ("sound", "music", "speech")


class _TagOptions(Options):
    """labels: clauses ("a dog barks") in place of AudioSet's."""

    labels: tuple[str, ...] | None = Field(default=None, min_length=2)


class _Clap(TransformersCaptioner):
    """The two towers of a checkpoint."""

    modality = "audio"
    needs = Needs(audio_hz=HZ)
    packs = ("hub:laion/larger_clap_general",)
    _class = "ClapModel"

    def caption(self, batch: Sequence[Media]) -> list[WeakCaption]:
        """One weak caption for each clip, in order; no clip depends on its neighbours."""
        for media in batch:
            if not len(media.audio[HZ]):
                raise ValueError(f"clip {media.clip_id} has no sound")
        return [self._weak(media) for media in batch]

    @abstractmethod
    def _weak(self, media: Media) -> WeakCaption:
        """What is said of one clip."""

    @property
    def window(self) -> int:
        """Samples that it hears at a time."""
        return int(self._processor.feature_extractor.nb_max_samples)

    def sounds(self, samples: Audio) -> "Tensor":
        """Unit vectors of the windows of 48 kHz sound: float32, (windows, width)."""
        import torch

        cut = [part for _, part in windows(samples, self.window)]
        inputs = self._processor.feature_extractor(cut, sampling_rate=HZ, return_tensors="pt")
        # For checkpoints of the "fused" kind the front end calls a random one of short sounds long.
        inputs["is_longer"] = torch.zeros(len(cut), 1, dtype=torch.bool)
        inputs = inputs.to(self._model.device, self._model.dtype)
        with torch.inference_mode():
            return _unit(self._model.get_audio_features(**inputs).pooler_output)

    def texts(self, texts: Sequence[str]) -> "Tensor":
        """Unit vectors of texts: float32, (n, width)."""
        import torch

        vectors = []
        for part in runs(texts, _RUN):
            tokens = self._processor.tokenizer(
                list(part), padding=True, truncation=True, return_tensors="pt"
            )
            with torch.inference_mode():
                features = self._model.get_text_features(**tokens.to(self._model.device))
                vectors.append(_unit(features.pooler_output))
        return torch.cat(vectors)


class ClapTags(_Clap):
    """Claims by clause, the surest first.

    Options: `model`; `labels`: clauses to listen for, of kind "sound"; by default those of AudioSet's
    sounds, music and speech.

    score: softmax of scale * cosine over all labels (transformers' zero-shot pipeline), in the window
    where it is highest, from 0.05 on; at most 8 claims. Labels compete: where two sounds are equally
    there each has half. spans: windows with at least half of the score.
    """

    _allowed = _TagOptions
    _chosen: _TagOptions

    def load(self) -> None:
        """Loads the towers and reads the labels. Raises PackMissing, ValueError."""
        super().load()
        self._labels = _labels() if self._chosen.labels is None else _named(self._chosen.labels)
        self._wanted = self.texts([clause for _, clause, _ in self._labels])
        self._scale = float(self._model.logit_scale_a.detach().exp())

    def _weak(self, media: Media) -> WeakCaption:
        logits = self.sounds(media.audio[HZ]) @ self._wanted.T * self._scale
        each = logits.softmax(dim=1).double().cpu().numpy()
        best = each.max(axis=0)
        in_ms = 1000 / HZ
        starts = [start for start, _ in windows(media.audio[HZ], self.window)]
        claims = []
        for at in (-best).argsort(kind="stable")[:_MOST_CLAIMS]:
            label, clause, kind = self._labels[at]
            if best[at] < _FLOOR:
                break
            heard = (each[:, at] >= best[at] / 2).nonzero()[0]
            times = ((starts[i] * in_ms, (starts[i] + self.window) * in_ms) for i in heard)
            spans = merged(times, media.duration_ms)
            claims.append(Claim(label, clause, kind, "audio", float(best[at]), spans))
        return self.weak(media, text=sentence(claims, "audio"), claims=tuple(claims))


class ClapScores(_Clap, Scorer):
    """How well the sound fits each statement of the captioners that it reads.

    Options: `model`. score: cosine of text and sound, in [-1, 1], in the window where it is highest: a
    short sound of a long clip is there in one of them. rank: see `captioners.scorers._scores`.
    """

    def fits(self, media: Media) -> Fits:
        """Cosines of texts and the window that each fits best."""
        sounds = self.sounds(media.audio[HZ])

        def cosines(texts: "Tensor") -> list[float]:
            best: list[float] = (sounds @ texts.T).max(dim=0).values.tolist()
            return best

        return cosines

    def _weak(self, media: Media) -> WeakCaption:
        return self.scored(media)


def _labels() -> list[tuple[str, str, Kind]]:
    """(label, clause, kind) of AudioSet's classes, one for each clause."""
    every = [sound_class(label) for label in classes()]
    by_clause = {sound.clause: sound for sound in reversed(every) if sound.kind in _TAGGED}
    return [(sound.label, sound.clause, sound.kind) for sound in reversed(by_clause.values())]


def _named(clauses: Sequence[str]) -> list[tuple[str, str, Kind]]:
    return [(clause, clause, "sound") for clause in clauses]


def _unit(vectors: "Tensor") -> "Tensor":
    unit: Tensor = vectors.float() / vectors.float().norm(dim=-1, keepdim=True)
    return unit
