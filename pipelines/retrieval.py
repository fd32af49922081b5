"""PE-AV's own retrieval figure on a captioned set of sounds: does it do here what its authors say?

Text to sound, R@1: the share of captions whose highest-scoring sound is their own. The authors report
45.8 for PE-AV large on AudioCaps' test split (arXiv 2512.19687); the set is the user's to bring, and we
have not run it. Scores are the plain products of the model's vectors: for one text a scale and a bias
change no order, and no score is changed by what else is in the set.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

from captioners.scorers.pe_av import HZ, PeAudioScores
from captioners.weights.models import Models
from engine.media.decode import DecodePlan, decode
from engine.media.open import MediaError
from engine.media.probe import probe
from manifests.errors import UserError
from manifests.media import Media

EXPECTED = 0.458
"""R@1 of PE-AV large on AudioCaps, text to sound, by its authors."""

_MOST_MS = 30_000


class SetError(UserError):
    """A captioned set that can't be used; says why."""


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Sounds and captions that were compared, those left out, and the share of captions that find
    their own sound first."""

    sounds: int
    captions: int
    unreadable: int
    r_at_1: float


def audio_retrieval(listed: Path, model: str) -> Retrieval:
    """R@1 of a set: a CSV with the columns `file` (from its folder, or absolute) and `caption`, one line
    a caption. model: of PE-AV. Raises SetError, PackMissing."""
    captioner = PeAudioScores("pe-audio", Models(), {"model": model})
    captioner.load()
    clips: list[Media] = []
    own: list[int] = []
    texts: list[str] = []
    unreadable = 0
    for path, said in _captions(listed).items():
        try:
            clip = _clip(path)
        except (MediaError, OSError):
            unreadable += 1
            continue
        own += [len(clips)] * len(said)
        texts += said
        clips.append(clip)
    if not clips:
        raise SetError(f"no sound of {listed} could be read")
    sounds, captions = captioner.vectors(clips, texts)
    first = (captions @ sounds.T).argmax(dim=1).tolist()
    found = sum(a == b for a, b in zip(first, own, strict=True))
    return Retrieval(len(clips), len(texts), unreadable, found / len(texts))


def _captions(listed: Path) -> dict[Path, list[str]]:
    found: dict[Path, list[str]] = {}
    with listed.open(newline="", encoding="utf-8-sig") as lines:
        rows = csv.DictReader(lines)
        if not {"file", "caption"} <= set(rows.fieldnames or ()):
            raise SetError(f"{listed} needs the columns file and caption")
        for row in rows:
            found.setdefault(listed.parent / row["file"], []).append(row["caption"])
    return found


def _clip(path: Path) -> Media:
    found = probe(bytes(path))
    end = min(found.duration_ms, _MOST_MS)
    return decode(
        bytes(path), "c", "h", 0, end, DecodePlan((HZ,), 0, 0), found.has_audio, False
    ).media


def line(found: Retrieval) -> str:
    """The figure for people, beside the authors'."""
    left = f", {found.unreadable} sounds could not be read" if found.unreadable else ""
    return (
        f"text to sound R@1 {found.r_at_1:.1%} over {found.captions} captions of {found.sounds} sounds"
        f"{left}; PE-AV large on AudioCaps by its authors: {EXPECTED:.1%} (not yet run by us)"
    )
