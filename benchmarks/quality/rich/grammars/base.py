"""What the grammars share: how a thing is named, and a clause in the forms that captions need."""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from random import Random

from benchmarks.quality.rich.truth import (
    Action,
    Camera,
    Entity,
    Garment,
    Music,
    Prop,
    Scene,
    Sound,
    Speech,
)
from benchmarks.quality.rich.words import article, fillers, ing, join, number, plural, third

_ADJECTIVES = {"steadily": "steady", "frantically": "frantic"}
ONCE = "only once"
"""The one manner that has no adjective."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause: "a woman", "chops carrots", "chopping carrots". noun: the same as a noun phrase."""

    subject: str
    finite: str
    ing: str
    many: bool = False
    noun: str = ""

    def present(self) -> str:
        """She chops."""
        return join(self.subject, self.finite)

    def progressive(self) -> str:
        """She is chopping."""
        return join(self.subject, "are" if self.many else "is", self.ing)

    def phrase(self) -> str:
        """Her chopping."""
        return self.noun or join(self.subject, self.ing)


def many(entity: Entity) -> bool:
    """Whether verbs after it are plural."""
    return entity.count != 1 and not entity.mass


def pronoun(entity: Entity) -> str:
    """She, he or it."""
    return {"female": "she", "male": "he"}.get(entity.gender or "", "it")


def person(entity: Entity) -> str:
    """Her, him or it."""
    return {"female": "her", "male": "him"}.get(entity.gender or "", "it")


def adjective(adverb: str) -> str:
    """Loud, of loudly."""
    return _ADJECTIVES.get(adverb, adverb.removesuffix("ly"))


def bare(entity: Entity) -> str:
    """Adjectives and noun, without article and count."""
    head = plural(entity.head) if many(entity) else entity.head
    return join(entity.size, entity.age, entity.colour, entity.material, head)


def counted(entity: Entity) -> str:
    """With its article or count: "three red cups"."""
    said = bare(entity)
    if entity.mass or entity.count is None:
        return said
    return article(said) if entity.count == 1 else f"{number(entity.count)} {said}"


def none_of(said: str) -> str:
    """Without its article, behind "no"."""
    return "no " + re.sub(r"^(an?|two|three|four|five|six|seven) ", "", said)


def worn(garment: Garment) -> str:
    """A red apron, blue overalls."""
    said = join(garment.colour, garment.noun)
    return said if garment.many else article(said)


class Grammar(ABC):
    """A way of telling a scene. Captions take its clauses, so that they are worded as its evidence."""

    name: str
    progressive = False
    """Whether it tells what is seen as "is chopping"."""

    @abstractmethod
    def dressed(self, entity: Entity) -> str:
        """Somebody or something at its first mention, with what is worn."""

    @abstractmethod
    def act(self, scene: Scene, action: Action, subject: str = "") -> Clause:
        """An action. subject: in place of a first mention."""

    @abstractmethod
    def sound(self, sound: Sound, way: int) -> Clause:
        """A sound, in one of two ways."""

    @abstractmethod
    def speech(self, speech: Speech, subject: str = "") -> Clause:
        """Who speaks which language, and how."""

    @abstractmethod
    def quoted(self, speech: Speech) -> str:
        """What comes behind the clause of speech to tell its words."""

    @abstractmethod
    def music(self, music: Music) -> Clause:
        """The music."""

    @abstractmethod
    def prop(self, prop: Prop) -> Clause:
        """A thing and where it is."""

    @abstractmethod
    def camera(self, camera: Camera) -> Clause:
        """A move of the camera."""

    @abstractmethod
    def text(self, text: str) -> Clause:
        """Words on the screen."""

    @abstractmethod
    def picture(self, scene: Scene, rng: Random) -> str:
        """In the manner of Qwen2.5-VL."""

    @abstractmethod
    def heard(self, scene: Scene, rng: Random) -> str:
        """In the manner of Qwen2-Audio."""

    @abstractmethod
    def heard_again(self, scene: Scene, rng: Random) -> str:
        """In the manner of Qwen2.5-Omni."""

    def whom(self, scene: Scene, key: str) -> str:
        """Somebody at the first mention."""
        return self.dressed(scene.who(key))

    def objects(self, scene: Scene, action: Action) -> str:
        """What comes behind the verb: patient, rest, receiver, direction."""
        patient = action.patient
        if isinstance(patient, str):
            patient = self.whom(scene, patient)
        elif patient is not None:
            patient = counted(patient)
        receiver = self.whom(scene, action.receiver) if action.receiver else None
        return join(patient, action.rest, receiver, action.direction)

    def filler(self, kind: str, rng: Random) -> str:
        """A remark that tells nothing, or none."""
        said: dict[str, dict[str, list[str]]] = fillers()
        return rng.choice(said[self.name][kind])

    def verb(self, verbs: tuple[str, ...], at: int = 0) -> str:
        """Its word of those for the same."""
        return verbs[at if at < len(verbs) else -1]

    def parted(self, verb: str, plain: bool, negated: bool) -> tuple[str, str]:
        """A verb's finite form and its -ing form, perhaps with "not". plain: after a plural."""
        if negated:
            return join("do" if plain else "does", "not", verb), "not " + ing(verb)
        return verb if plain else third(verb), ing(verb)


def tone(word: str | None) -> str:
    """In a calm tone."""
    return f"in {article(word)} tone" if word else ""


def music_words(music: Music) -> str:
    """Upbeat, fast jazz."""
    said = ", ".join(w for w in (music.mood, music.tempo) if w)
    return join(said, music.genre)
