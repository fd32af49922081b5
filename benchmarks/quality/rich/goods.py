"""Good captions: the clauses of a clip's evidence, joined, trimmed and put in another order.

A plan makes a caption from a scene. A bad caption is the same plan's, with one detail changed.
"""

from dataclasses import dataclass
from random import Random

from benchmarks.quality.rich.evidence import Told
from benchmarks.quality.rich.grammars.base import counted, pronoun
from benchmarks.quality.rich.plans import PLANS, Teller
from benchmarks.quality.rich.truth import Scene
from benchmarks.quality.rich.words import article, ing, sentence, third

LONGEST = 330
_EACH = 2
"""Captions of each of the three kinds for a clip."""
_LACKING = {
    "audio_caption": ("seen",),
    "visual_caption": ("heard",),
    "audio_visual_caption": ("heard", "seen"),
}
"""Which clips do not have a caption."""
_SENTENCES = ("scene", "all", "order_sound")
"""Plans of several sentences: what is added becomes another one."""
KINDS = ("audio_caption", "visual_caption", "audio_visual_caption")


@dataclass(frozen=True, slots=True)
class Made:
    """How a caption is made: a plan in one of its ways."""

    caption: str
    plan: str
    way: int


def compose(told: Told, made: Made, scene: Scene) -> str | None:
    """The caption of a scene, or none where the plan has nothing to tell or is too long."""
    if scene.sides in _LACKING[made.caption]:
        return None
    voices = sum(
        i["captioner"].startswith("qwen2") and i["modality"] == "audio" for i in told.evidence
    )
    teller = Teller(told.grammar, scene, made.way, max(1, voices))
    text = PLANS[made.caption][made.plan](teller)
    if text is None:
        return None
    text = _with_extra(teller, made, text)
    done = sentence(text) if text else None
    return done if done and len(done) <= LONGEST else None


def ways() -> list[Made]:
    """All plans in all their ways."""
    return [Made(c, p, way) for c in KINDS for p in PLANS[c] for way in range(6)]


def goods(told: Told) -> list[tuple[Made, str]]:
    """Good captions of a clip: a few of each kind, of different plans."""
    rng = Random(f"good {told.truth.id}")
    found = []
    for kind in KINDS:
        plans = rng.sample(list(PLANS[kind]), len(PLANS[kind]))
        texts = []
        for plan in plans:
            made = Made(kind, plan, rng.randrange(6))
            text = compose(told, made, told.scene)
            if text:
                texts.append((made, text))
        found += texts[:_EACH]
    return found


def _with_extra(teller: Teller, made: Made, text: str) -> str | None:
    extra = teller.scene.extra
    if extra is None:
        return text
    scene = teller.scene
    audio = made.caption == "audio_caption"
    text = text.removesuffix('."') + '"' if text.endswith('."') else text.rstrip(".")
    apart = made.plan in _SENTENCES
    if extra.place == "heard" and made.caption != "visual_caption":
        source, _, verb = extra.words.partition(": ")
        told = f"{article(source)} {third(verb)}"
        return f"{sentence(text)} {sentence(told)}" if apart else f"{text}, while {told}"
    if extra.place == "seen" and not audio:
        there = f"There is {extra.words} nearby."
        return f"{sentence(text)} {there}" if apart else f"{text}, with {extra.words} nearby"
    if extra.place == "act" and not audio and scene.agent.kind == "person":
        verb, _, rest = extra.words.partition(" ")
        done = f"is {ing(verb)}" if teller.grammar.progressive else third(verb)
        told = f"{_she(teller, made)} {done} {rest}"
        return f"{sentence(text)} Then {told}" if apart else f"{text}, and then {told}"
    if extra.place == "told" and audio and not apart:
        if extra.words == "agent":
            near = teller.grammar.dressed(scene.agent)
            return f"{text}, near {near}" if scene.agent.garment else None
        thing = scene.props[0].entity if scene.props else None
        return f"{text}, next to {counted(thing)}" if thing else None
    return None


def _she(teller: Teller, made: Made) -> str:
    """A pronoun where only the agent was named, else the noun."""
    alone = made.plan in ("order", "camera", "props", "text", "order_sound")
    return pronoun(teller.scene.agent) if alone else f"the {teller.scene.agent.head}"
