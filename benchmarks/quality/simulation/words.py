"""What simulated captioners say: readings become claims, scores and words."""

import hashlib
import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np

from benchmarks.quality.simulation.clips import Clip, says_words
from benchmarks.quality.simulation.model import Captioner, Model, chance_of, rng_of
from benchmarks.quality.simulation.oracle import Readings
from manifests.evidence import Claim, Modality, WeakCaption
from recipes.world.concepts import Side

Wording = Literal["own", "shared"]

NUMBER_RIGHT = 0.8
"""A captioner that counts gives the right number with this chance, else one more or one less."""
_NUMBER_INVENTED = 0.15
"""And of what is not there two, with this chance."""
_OVERCONFIDENT, _BIAS = 1.8, (0.2, 1.4)
"""Dishonest scores: factor of the logit, and bounds of each captioner's bias."""
_SAID_WITH_WORDS = 0.8
_LOST_WORDS = 0.06
_JITTER_MS = 300
_SPOKEN = Path(__file__).parent / "spoken.toml"
_WORD = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}
_MODALITY: dict[Side, Modality] = {"heard": "audio", "seen": "video"}
_SIGNALS: tuple[tuple[Side, str, str], ...] = (
    ("heard", "silence", "gate: silence"),
    ("seen", "black_picture", "gate: black"),
)
_BY_KEY = frozenset({"sim-tagger", "sim-detector", "sim-words"})
"""Captioners whose labels are short names; with others the label is the phrase."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one claim says: a concept, and how many where it gives a number. leaf: what the captioner
    took it for, which a broader word hides."""

    key: str
    count: int | None = None
    leaf: str = ""


@lru_cache(maxsize=1)
def _sentences() -> dict[str, list[str]]:
    return tomllib.loads(_SPOKEN.read_text("utf-8"))


def spoken_of(made: Clip, rng: np.random.Generator) -> str | None:
    """The words said in a clip, where somebody speaks."""
    chance, which = rng.random(), int(rng.integers(len(_sentences()["spoken"])))
    words = _sentences()["spoken"][which]
    return words if says_words(made) and chance < _SAID_WITH_WORDS else None


def weak_of(
    model: Model,
    made: Clip,
    readings: Readings,
    rng: np.random.Generator,
    clip_id: str,
    spoken: str | None,
    honest: bool,
    wording: Wording,
) -> tuple[tuple[WeakCaption, ...], tuple[tuple[Said, ...], ...]]:
    """Everybody's weak captions, and of each claim what it says."""
    content = hashlib.sha256(clip_id.encode()).hexdigest()
    speaker = _Speaker(model, made, readings, rng, honest, wording, rng_of("words", clip_id))
    weak, said = [], []
    for captioner in model.captioners:
        why = _skipped(made, captioner.side)
        rows = [] if why else speaker.claims(captioner)
        claims = tuple(claim for claim, _ in rows)
        heard = speaker.transcript(captioner, bool(claims), spoken)
        text = " ".join(f"{c.text[0].upper()}{c.text[1:]}." for c in claims)
        language = "en" if heard else None
        weak.append(
            WeakCaption(clip_id, content, captioner.name, text, claims, heard, language, why)
        )
        said.append(tuple(one for _, one in rows))
    signals = [(side, key) for side, key, gate in _SIGNALS if _skipped(made, side) == gate]
    claims = tuple(
        Claim(key.split("_")[0], speaker.phrase("sim-measures", key), "signal", _MODALITY[side], 1)
        for side, key in signals
    )
    weak.append(WeakCaption(clip_id, content, "sim-measures", claims=claims))
    said.append(tuple(Said(key, leaf=key) for _, key in signals))
    return tuple(weak), tuple(said)


def _skipped(made: Clip, side: Side) -> str | None:
    if not (made.has_audio if side == "heard" else made.has_video):
        return f"no {_MODALITY[side]}"
    gate = next(gate for at, _, gate in _SIGNALS if at == side)
    return None if side in made.perceived else gate


def dishonest(score: float, captioner: str) -> float:
    """The score of a captioner that is surer of itself than it is right."""
    low, high = _BIAS
    bias = low + (high - low) * chance_of(captioner, "bias")[0]
    logit = math.log(score / (1 - score)) * _OVERCONFIDENT + bias
    return 1 / (1 + math.exp(-logit))


@dataclass(frozen=True)
class _Speaker:
    model: Model
    made: Clip
    readings: Readings
    rng: np.random.Generator
    honest: bool
    wording: Wording
    words: np.random.Generator

    def claims(self, captioner: Captioner) -> list[tuple[Claim, Said]]:
        """A captioner's claims, the surest first; what it says twice counts once."""
        best: dict[str, tuple[float, str]] = {}
        for leaf, key, score in self._meant(captioner):
            if score > best.get(key, (0.0, ""))[0]:
                best[key] = (score, leaf)
        rows = [self._claim(captioner, key, leaf, score) for key, (score, leaf) in best.items()]
        return sorted(rows, key=lambda row: -row[0].score)

    def _meant(self, captioner: Captioner) -> list[tuple[str, str, float]]:
        found = []
        for t, fields in enumerate(self.model.fields):
            x = self.readings.get((t, captioner.side))
            field = fields.get(captioner.side)
            if x is None or field is None:
                continue
            c = field.captioners.index(captioner)
            for j in np.flatnonzero(~np.isnan(x[c])):
                key = field.said(captioner, field.keys[j])
                score = field.score(c, int(j), float(x[c, j]), key)
                found.append((field.keys[j], key, score))
        return found

    def _claim(self, captioner: Captioner, key: str, leaf: str, score: float) -> tuple[Claim, Said]:
        score = score if self.honest else dishonest(score, captioner.name)
        score = round(min(max(score, 1e-4), 1 - 1e-4), 4)
        entry = self.model.world.entries[key]
        count = self._count(captioner, key)
        text = self.phrase(captioner.name, key, captioner.sentences)
        if count is not None:
            text = entry.many.format(n=_WORD[count])
        named = self.wording == "shared" or captioner.name in _BY_KEY
        label = key.removesuffix("_seen").replace("_", " ").capitalize() if named else text
        kind = entry.concept.kind
        if captioner.sentences:
            kind, label = "caption", text
        spans = self._spans(captioner, leaf)
        claim = Claim(label, text, kind, _MODALITY[captioner.side], score, spans)
        return claim, Said(key, count, leaf)

    def phrase(self, captioner: str, key: str, anew: bool = False) -> str:
        """How a captioner words a concept: always alike, unless it words it anew."""
        phrasings = self.model.world.entries[key].concept.phrasings
        drawn = int(self.words.integers(1 << 30))
        if self.wording == "shared":
            return phrasings[0]
        if anew:
            return phrasings[drawn % len(phrasings)]
        return phrasings[int(chance_of(captioner, "phrase", key)[0] * len(phrasings))]

    def _count(self, captioner: Captioner, key: str) -> int | None:
        """The number that it gives; one is not said."""
        right, other, invented = self.rng.random(3)
        if not captioner.counts or not self.model.world.entries[key].many:
            return None
        there = self.made.happening(captioner.side, key)
        if there is None:
            return 2 if invented < _NUMBER_INVENTED else None
        number = there.count or 1
        if right >= NUMBER_RIGHT:
            number = max(1, number + (1 if other < 0.5 else -1))
        return number if number > 1 else None

    def _spans(self, captioner: Captioner, leaf: str) -> tuple[tuple[int, int], ...]:
        """When it heard it: where what it is, or was taken for, is; anywhere for a false alarm."""
        first, second = self.rng.normal(0, _JITTER_MS, 2)
        anywhere = sorted(self.rng.integers(0, self.made.duration_ms, 2))
        if not captioner.times:
            return ()
        entries = self.model.world.entries
        there = self.made.happening(captioner.side, leaf) or next(
            (h for h in self.made.heard if entries[h.key].topic == entries[leaf].topic), None
        )
        start, end = anywhere
        if there is not None:
            start, end = there.start_ms or 0, there.end_ms or self.made.duration_ms
            start, end = int(start + first), int(end + second)
        start = min(max(start, 0), self.made.duration_ms - 100)
        return ((int(start), int(min(max(end, start + 100), self.made.duration_ms))),)

    def transcript(self, captioner: Captioner, claims: bool, spoken: str | None) -> str | None:
        """What the speech recogniser understands, or makes up where nobody speaks."""
        if not captioner.topic or not claims:
            return None
        if spoken is None:
            made_up: Sequence[str] = _sentences()["hallucinated"]
            none_said = says_words(self.made)
            return None if none_said else made_up[int(self.words.integers(len(made_up)))]
        kept = [word for word in spoken.split() if self.words.random() >= _LOST_WORDS]
        return " ".join(kept) or None
