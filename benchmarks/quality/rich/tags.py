"""Tags in the manner of YAMNet, AST and SigLIP, and who is heard by Whisper."""

from random import Random

from benchmarks.quality.rich.truth import Entity, Scene, Sound
from benchmarks.quality.rich.words import lists

_SPEECH = {
    "woman": "Female speech, woman speaking",
    "man": "Male speech, man speaking",
    "girl": "Child speech, kid speaking",
    "boy": "Child speech, kid speaking",
}
Tags = list[tuple[str, float]]


def heard(scene: Scene, rng: Random, fine: bool) -> Tags:
    """Labels of what is heard. fine: AST's, which names the voice and the instrument."""
    found: dict[str, float] = {}
    if scene.speech:
        found["Speech"] = _score(rng, 0.7, 0.98)
        if fine:
            found[_SPEECH[scene.speech.voice]] = _score(rng, 0.2, 0.7)
    if scene.music:
        found["Music"] = _score(rng, 0.5, 0.95)
        if fine:
            found["Musical instrument"] = _score(rng, 0.1, 0.5)
    for sound in scene.sounds:
        label = _label(sound)
        if label and rng.random() < 0.85:
            found.setdefault(label, _score(rng, 0.12, 0.8))
    if not found or rng.random() < 0.3:
        found["Inside, small room"] = _score(rng, 0.03, 0.2)
    return sorted(found.items(), key=lambda t: -t[1])[:6]


def seen(scene: Scene, rng: Random) -> Tags:
    """Names of what is seen, without numbers and colours."""
    things: list[Entity] = [scene.agent, scene.other, *(p.entity for p in scene.props)]
    things += [a.patient for a in (scene.first, scene.second) if isinstance(a.patient, Entity)]
    names = list(dict.fromkeys(t.head for t in things))
    kept = [n for n in names if rng.random() < 0.7] or names[:1]
    return sorted(((n, _score(rng, 0.1, 0.9)) for n in kept), key=lambda t: -t[1])[:6]


def _label(sound: Sound) -> str | None:
    labels: dict[str, str] = lists()["labels"]
    for word in (*sound.source.head.split(), *sound.verbs):
        if word in labels:
            return labels[word]
    return None


def _score(rng: Random, low: float, high: float) -> float:
    return round(rng.uniform(low, high), 2)
