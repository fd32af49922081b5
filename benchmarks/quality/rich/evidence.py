"""What the captioners of a clip say of it, with one detail or two told wrong by one of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from benchmarks.quality.rich import tags
from benchmarks.quality.rich.alter import Change, changes, put
from benchmarks.quality.rich.grammars.base import Grammar
from benchmarks.quality.rich.grammars.inspector import Inspector
from benchmarks.quality.rich.grammars.reporter import Reporter
from benchmarks.quality.rich.grammars.storyteller import Storyteller
from benchmarks.quality.rich.truth import Prop, Scene

GRAMMARS: tuple[Grammar, ...] = (Reporter(), Storyteller(), Inspector())
_WRONG = {"attribute", "count", "opposite", "direction", "language"}
_BOTH_WRONG = 0.4
_FORGOTTEN = 0.3
"""Details that Qwen2.5-Omni leaves out."""
_LATE = 0.8


@dataclass(frozen=True, slots=True)
class Wrong:
    """A detail that one captioner tells wrong."""

    captioner: str
    path: str
    true: str
    told: str


@dataclass(frozen=True, slots=True)
class Told:
    """A clip's evidence, and what of the scene captions may state: `scene` without what only the
    captioner that errs has told."""

    truth: Scene
    scene: Scene
    grammar: Grammar
    evidence: tuple[Mapping[str, Any], ...]
    wrong: tuple[Wrong, ...]

    def text(self) -> str:
        """All words of the evidence, in lower case."""
        words = []
        for item in self.evidence:
            words += [str(item.get("text", "")), str(item.get("transcript", ""))]
            words += [label for label, _ in item.get("tags", [])]
        return " ".join(words).lower()


def tell(scene: Scene, grammar: Grammar) -> Told:
    """The evidence of a scene."""
    rng = Random(f"{scene.id} {grammar.name}")
    picture, sound = _sides(scene, rng)
    seen, again, first = scene, _forget(scene, rng), scene
    kept = scene
    wrong = []
    if picture:
        seen = picture.scene
        kept = without(kept, picture.path)
        wrong.append(Wrong("qwen2.5-vl", picture.path, picture.old, picture.words))
    omni = bool(sound) or rng.random() < _LATE
    if sound:
        erring = rng.choice(["qwen2-audio", "qwen2.5-omni"])
        if erring == "qwen2-audio":
            first, again = sound.scene, scene
        else:
            again = sound.scene
        wrong.append(Wrong(erring, sound.path, sound.old, sound.words))
    items: list[Mapping[str, Any]] = []
    if scene.sides != "seen":
        items += [
            _item("yamnet", "audio", tags=tags.heard(scene, rng, fine=False)),
            _item("ast", "audio", tags=tags.heard(scene, rng, fine=True)),
        ]
        if scene.speech and scene.speech.code:
            words = _item("whisper", "audio", transcript=scene.speech.words)
            items.append({**words, "language": scene.speech.code})
        items.append(_item("qwen2-audio", "audio", text=grammar.heard(first, rng)))
        if omni:
            items.append(_item("qwen2.5-omni", "audio", text=grammar.heard_again(again, rng)))
    if scene.sides != "heard":
        items.append(_item("qwen2.5-vl", "video", text=grammar.picture(seen, rng)))
        if rng.random() < 0.7:
            items.append(_item("siglip", "video", tags=tags.seen(scene, rng)))
    return Told(scene, kept, grammar, tuple(items), tuple(wrong))


def _item(captioner: str, modality: str, **said: Any) -> dict[str, Any]:
    return {"captioner": captioner, "modality": modality, **said}


def _sides(scene: Scene, rng: Random) -> tuple[Change | None, Change | None]:
    """Which detail the picture's captioner gets wrong, and which one of sound."""
    able = [c for c in changes(scene, rng) if c.fault in _WRONG and "+" not in c.path]
    able = [c for c in able if not c.path.endswith((".verbs", ".garment.noun", ".lead"))]
    heard = [c for c in able if c.path.startswith(("sounds", "speech", "music"))]
    seen = [c for c in able if c not in heard and _can(scene, c)]
    picture = rng.choice(seen) if seen and scene.sides != "heard" else None
    sound = rng.choice(heard) if heard and scene.sides != "seen" else None
    if picture and sound and rng.random() > _BOTH_WRONG:
        return (picture, None) if rng.random() < 0.5 else (None, sound)
    return picture, sound


def _can(scene: Scene, change: Change) -> bool:
    """Whether the picture tells it, and captions can do without it: "a trough" cannot lose its count."""
    if change.path.startswith("mover"):
        return scene.motion is not None
    return not (change.path.endswith("patient.count") and change.old == "a")


def without(scene: Scene, path: str) -> Scene:
    """The scene without a detail of the picture: captions do not mention it at all."""
    if path.startswith("motion"):
        return replace(scene, motion=None)
    if path.startswith("camera"):
        return replace(scene, camera=None)
    if path.endswith(".side"):
        dropped: Prop = scene.props[int(path.split(".")[1])]
        return replace(scene, props=tuple(p for p in scene.props if p is not dropped))
    if path.endswith("entity.count"):
        at = int(path.split(".")[1])
        return replace(scene, props=tuple(p for n, p in enumerate(scene.props) if n != at))
    made: Scene = put(scene, path, None)
    return made


def _forget(scene: Scene, rng: Random) -> Scene:
    """Without some manners and moods."""
    for at, sound in enumerate(scene.sounds):
        if sound.manner and rng.random() < _FORGOTTEN:
            scene = put(scene, f"sounds.{at}.manner", None)
    if scene.speech and rng.random() < _FORGOTTEN:
        scene = put(scene, "speech.tone", None)
    if scene.music and scene.music.tempo and rng.random() < _FORGOTTEN:
        scene = put(scene, "music.tempo", None)
    return scene
