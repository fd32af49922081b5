"""What is true of a clip of the rich bench: who does what, in which order, what sounds, what is said."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["person", "animal", "thing"]
Side = Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class Garment:
    """What somebody wears. many: a noun that is a plural ("overalls")."""

    noun: str
    colour: str | None
    many: bool = False


@dataclass(frozen=True, slots=True)
class Entity:
    """Somebody or something. count None: several, it is not told how many. mass: no article."""

    head: str
    kind: Kind = "thing"
    gender: Literal["female", "male"] | None = None
    age: str | None = None
    colour: str | None = None
    material: str | None = None
    size: str | None = None
    garment: Garment | None = None
    count: int | None = 1
    mass: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """Somebody ("agent" or "other", keys of the scene) does something.

    verbs: words for the same, the first one the plainest. patient: a thing, or the key of somebody.
    receiver: the key of who gets it. direction: of what moves. negated: only in bad captions.
    """

    agent: str
    verbs: tuple[str, ...]
    patient: Entity | str | None = None
    rest: str = ""
    receiver: str | None = None
    manner: str | None = None
    direction: str | None = None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Prop:
    """A thing in the scene. noise: the sound that it could make, and does not make here."""

    entity: Entity
    side: Side | None
    noise: str
    sounds: bool = False
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Sound:
    """Something sounds. maker: the key of who is seen making it, None where the source is not seen."""

    source: Entity
    verbs: tuple[str, ...]
    rest: str = ""
    manner: str | None = None
    far: str = ""
    maker: str | None = None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Speech:
    """Somebody speaks. voice: the word for the speaker. seen: the speaker is the agent in the picture.
    changed: false words, for bad captions. code: of the language, as Whisper has it."""

    voice: str
    language: str
    tone: str | None
    words: str
    changed: str
    code: str | None
    seen: bool
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Music:
    """Music that plays, from no source in the picture. others: instruments beside the leading one."""

    genre: str | None
    lead: str
    other: str | None
    tempo: str | None
    mood: str | None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Camera:
    """A move of the camera: zoom, pan or tilt."""

    move: Literal["zoom", "pan", "tilt"]
    direction: str


@dataclass(frozen=True, slots=True)
class Extra:
    """What bad captions add: a thing or an action that no evidence has, or something only seen."""

    place: Literal["seen", "act", "heard", "told"]
    words: str


@dataclass(frozen=True, slots=True)
class Scene:
    """A clip. first comes before second, sounds[0] before sounds[1] where ordered.

    contact: agent and other together; beside: what other does at the same time. A scene has one of the
    two. swapped: the order is told the wrong way round, only in bad captions.
    """

    id: str
    domain: str
    place: str
    agent: Entity
    other: Entity
    first: Action
    second: Action
    contact: Action | None
    beside: Action | None
    props: tuple[Prop, ...]
    mover: Entity
    motion: Action | None
    camera: Camera | None
    text: str | None
    sounds: tuple[Sound, ...]
    ordered: bool
    speech: Speech | None
    music: Music | None
    sides: Literal["both", "heard", "seen"]
    swapped: bool = False
    extra: Extra | None = None

    def who(self, key: str) -> Entity:
        """Somebody by key."""
        found: dict[str, Entity] = {"agent": self.agent, "other": self.other, "mover": self.mover}
        return found[key]
