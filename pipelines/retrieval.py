"""PE-AV's published retrieval figure, measured on a captioned set of sounds of the user's.

Text to sound, R@1: the share of captions whose highest-scoring sound is their own. The authors of PE-AV
report 45.8 for the large model on AudioCaps' test split (arXiv 2512.19687); users bring that set, and it
was never run for captionmill. Scores are the plain products of the model's vectors: for one text a scale
and a bias change no order, and no score depends on what else is in the set.
"""

from dataclasses import dataclass
from pathlib import Path

from captioners.encoder.inputs import HZ
from captioners.scorers.pe_av import PeAudioScores
from captioners.weights.models import Models
from engine.media.decode import DecodePlan, decode
from engine.media.open import MediaError
from engine.media.probe import probe
from manifests.errors import UserError
from manifests.media import Media
from manifests.sources import cells
from manifests.sources.list import ListError, read

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
    """R@1 of a set: a list (`manifests.sources.list`) with the columns `file` (from its folder, or
    absolute) and `caption`, one row a caption. model: of PE-AV. Raises SetError, ListError,
    PackMissing."""
    captioner = PeAudioScores("pe-audio", Models(), {"model": model})
    captioner.load()
    clips: list[Media] = []
    own: list[int] = []
    texts: list[str] = []
    unreadable = 0
    for path, captions_of_sound in _captions(listed).items():
        try:
            clip = _clip(path)
        except (MediaError, OSError):
            unreadable += 1
            continue
        own += [len(clips)] * len(captions_of_sound)
        texts += captions_of_sound
        clips.append(clip)
    if not clips:
        raise SetError(f"no sound in {listed} could be read")
    sounds, captions = captioner.vectors(clips, texts)
    first = (captions @ sounds.T).argmax(dim=1).tolist()
    hits = sum(a == b for a, b in zip(first, own, strict=True))
    return Retrieval(len(clips), len(texts), unreadable, hits / len(texts))


def _captions(listed: Path) -> dict[Path, list[str]]:
    captions: dict[Path, list[str]] = {}
    for number, row in enumerate(read(listed, ["file", "caption"]), 1):
        try:
            texts = cells.texts(row["caption"])
        except ValueError as error:
            raise ListError(f"{listed}, row {number}: {error}") from error
        if texts and not isinstance(row["file"], str):
            raise ListError(f"{listed}, row {number}: it names no file")
        if texts:
            captions.setdefault(listed.parent / row["file"], []).extend(texts)
    return captions


def _clip(path: Path) -> Media:
    probed = probe(bytes(path))
    end = min(probed.duration_ms, _MOST_MS)
    plan, track = DecodePlan((HZ,), 0, 0), probed.audio_track
    return decode(
        bytes(path), "c", "h", 0, end, plan, probed.has_audio, False, audio_track=track
    ).media


def line(measured: Retrieval) -> str:
    """The figure for people, beside the published one."""
    left = f" (unreadable sounds: {measured.unreadable})" if measured.unreadable else ""
    return (
        f"text to sound R@1 {measured.r_at_1:.1%} over {measured.captions} captions of "
        f"{measured.sounds} sounds{left}; published for PE-AV large on AudioCaps: {EXPECTED:.1%}"
    )
