"""Plans of captions: how the clauses of a clip's evidence become one caption.

A plan returns None where the clip has nothing for it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.quality.rich.grammars.base import Clause, Grammar
from benchmarks.quality.rich.truth import Action, Scene
from benchmarks.quality.rich.words import join, sentence


@dataclass(frozen=True, slots=True)
class Teller:
    """What plans need. way: which joiner, and whose words for sounds."""

    grammar: Grammar
    scene: Scene
    way: int
    voices: int

    def say(self, clause: Clause) -> str:
        """As the grammar tells what is seen."""
        return clause.progressive() if self.grammar.progressive else clause.present()

    def act(self, action: Action, subject: str = "") -> Clause:
        """An action."""
        return self.grammar.act(self.scene, action, subject)

    def sound(self, at: int) -> Clause | None:
        """One of the sounds, in the words of one of those who heard it."""
        if at >= len(self.scene.sounds):
            return None
        return self.grammar.sound(self.scene.sounds[at], self.way % self.voices)

    def order(self) -> str | None:
        """What the agent does first and then."""
        first, second = self.scene.first, self.scene.second
        if first.negated or second.negated:
            return None
        if self.scene.swapped:
            first, second = second, first
        one, two = self.act(first), self.act(second)
        if self.way % 3 == 0:
            told = two.ing if self.grammar.progressive else two.finite
            return f"{self.say(one)}, then {told}"
        if self.way % 3 == 1:
            return f"{self.say(one)} before {two.ing}"
        return f"after {one.ing}, {self.say(two)}"


def _order(t: Teller) -> str | None:
    told = t.order()
    return join(told, t.scene.place if t.way % 2 else None) if told else None


def _contact(t: Teller) -> str | None:
    if not t.scene.contact:
        return None
    return join(t.say(t.act(t.scene.contact)), t.scene.place if t.way % 2 else None)


def _beside(t: Teller) -> str | None:
    if not t.scene.beside:
        return None
    one, two = t.act(t.scene.first), t.act(t.scene.beside)
    if t.way % 2:
        return f"{t.say(two)} while {t.say(one)}"
    return f"{t.say(one)} while {t.say(two)}"


def _props(t: Teller) -> str | None:
    if not t.scene.props or t.scene.props[-1].sounds:
        return None
    things = [t.grammar.prop(p).phrase() for p in t.scene.props]
    told = things[0] if t.way % 2 else " and ".join(things)
    return f"{t.say(t.act(t.scene.second))}, with {told}"


def _camera(t: Teller) -> str | None:
    if not t.scene.camera:
        return None
    move = t.grammar.camera(t.scene.camera)
    action = t.scene.first if t.way % 2 else t.scene.second
    return f"{t.say(t.act(action))} as {t.say(move)}"


def _motion(t: Teller) -> str | None:
    if not t.scene.motion:
        return None
    moving = t.say(t.act(t.scene.motion))
    action = t.scene.second if t.way % 2 else t.scene.first
    return f"{t.say(t.act(action))}, and {moving}"


def _text(t: Teller) -> str | None:
    if not t.scene.text:
        return None
    return f"{t.say(t.act(t.scene.first))}, and {t.grammar.text(t.scene.text).present()}"


def _scene(t: Teller) -> str | None:
    """Two or three sentences: what is done in order, with whom, and what stands about."""
    told = _order(t)
    if not told:
        return None
    parts = [told]
    agent = f"the {t.scene.agent.head}"
    if t.scene.contact:
        parts.append(t.say(t.act(t.scene.contact, agent)))
    if t.scene.props:
        thing = t.grammar.prop(t.scene.props[t.way % len(t.scene.props)])
        parts.append(thing.present())
    if t.scene.camera and len(parts) < 3:
        parts.append(t.say(t.grammar.camera(t.scene.camera)))
    return " ".join(sentence(p) for p in parts)


def _all_heard(t: Teller) -> str | None:
    """All sounds, speech and music in a few sentences."""
    told = _sounds(t)
    speech, music = t.scene.speech, t.scene.music
    if not told or not (speech or music):
        return None
    parts = [told]
    if speech:
        parts.append(t.say(t.grammar.speech(speech)))
    if music:
        parts.append(t.grammar.music(music).present())
    return " ".join(sentence(p) for p in (parts if t.way % 2 else reversed(parts)))


def _all(t: Teller) -> str | None:
    """What is done, what sounds, who speaks, how the camera moves."""
    told, speech = _attach(t), t.scene.speech
    if not told:
        return None
    parts = [told]
    if t.scene.contact:
        parts.append(t.say(t.act(t.scene.contact, f"the {t.scene.agent.head}")))
    if speech:
        parts.append(t.say(t.grammar.speech(speech)))
    elif t.scene.music:
        parts.append(t.grammar.music(t.scene.music).present())
    if t.scene.camera and len(parts) < 3:
        parts.append(t.say(t.grammar.camera(t.scene.camera)))
    return " ".join(sentence(p) for p in parts)


def _sounds(t: Teller) -> str | None:
    one, two = t.sound(0), t.sound(1)
    if not one or not two or not t.scene.ordered:
        return one.present() if one else None
    if any(s.negated for s in t.scene.sounds[:2]):
        return f"{one.present()}, and {two.present()}"
    if t.scene.swapped:
        one, two = two, one
    if t.way % 3 == 0:
        return f"{one.present()}, and then {two.present()}"
    if t.way % 3 == 1:
        be = "are" if one.many and not one.noun else "is"
        return f"{one.phrase()} {be} followed by {two.phrase()}"
    return f"first {one.present()}, then {two.present()}"


def _speech(t: Teller) -> str | None:
    speech = t.scene.speech
    if not speech:
        return None
    told = t.grammar.speech(speech)
    quote = t.grammar.quoted(speech) if speech.code and not speech.negated else ""
    return t.say(told) + quote


def _speech_sound(t: Teller) -> str | None:
    speech, sound = t.scene.speech, t.sound(1) or t.sound(0)
    if not speech or not sound:
        return None
    told = t.say(t.grammar.speech(speech))
    return f"{told}{',' if ',' in told else ''} while {sound.present()}"


def _music(t: Teller) -> str | None:
    music, sound = t.scene.music, t.sound(0)
    if not music or not sound:
        return None
    if t.way % 2:
        return f"{t.grammar.music(music).present()}, and {sound.present()}"
    return f"{sound.present()} while {t.grammar.music(music).present()}"


def _far(t: Teller) -> str | None:
    one, last = t.sound(0), t.sound(2)
    if not one or not last:
        return None
    return f"{last.present()}, and {one.present()}"


def _attach(t: Teller) -> str | None:
    sound = t.sound(0)
    if not sound:
        return None
    return f"{t.say(t.act(t.scene.first))} while {_known(t, sound.present())}"


def _known(t: Teller, sound: str) -> str:
    """ "The blanket" where the action named it just before."""
    patient = t.scene.first.patient
    if patient is None or isinstance(patient, str) or patient.count != 1 or patient.mass:
        return sound
    return re.sub(rf"\ban? {re.escape(patient.head)}\b", f"the {patient.head}", sound)


def _speaker(t: Teller) -> str | None:
    """Who is seen talking speaks the language that is heard."""
    speech = t.scene.speech
    if not speech or not speech.seen or speech.negated:
        return None
    agent = t.grammar.dressed(t.scene.agent)
    quote = t.grammar.quoted(speech) if speech.code and t.way % 2 else ""
    if t.way % 3 == 0 and not quote:
        return f"{t.say(t.act(t.scene.first))} while {t.grammar.speech(speech, agent).ing}"
    return t.say(t.grammar.speech(speech, agent)) + quote


def _contact_music(t: Teller) -> str | None:
    if not t.scene.contact or not t.scene.music:
        return None
    return f"{t.say(t.act(t.scene.contact))} while {t.grammar.music(t.scene.music).present()}"


def _contact_sound(t: Teller) -> str | None:
    sound = t.sound(1)
    if not t.scene.contact or not sound:
        return None
    return f"{t.say(t.act(t.scene.contact))}, and {sound.present()}"


def _order_sound(t: Teller) -> str | None:
    told, sound = t.order(), t.sound(2)
    if not told or not sound:
        return None
    return f"{told}. {sentence(sound.present())}"


def _prop_speech(t: Teller) -> str | None:
    speech = t.scene.speech
    if not speech or not t.scene.props:
        return None
    quote = t.grammar.quoted(speech) if speech.code and t.way % 2 and not speech.negated else ""
    at = t.way % len(t.scene.props)
    thing = t.grammar.prop(t.scene.props[at])
    return f"{thing.present()} while {t.say(t.grammar.speech(speech))}{quote}"


def _prop_sound(t: Teller) -> str | None:
    sound = t.sound(0)
    if not sound or not t.scene.props:
        return None
    thing = t.grammar.prop(t.scene.props[t.way % len(t.scene.props)])
    return f"{sound.present()}, and {thing.present()}"


def _motion_sound(t: Teller) -> str | None:
    sound = t.sound(2) or t.sound(1)
    if not sound or not t.scene.motion:
        return None
    return f"{t.say(t.act(t.scene.motion))} {t.scene.place}, and {sound.present()}"


Plan = Callable[[Teller], str | None]
PLANS: dict[str, dict[str, Plan]] = {
    "audio_caption": {
        "sounds": _sounds,
        "speech": _speech,
        "speech_sound": _speech_sound,
        "music": _music,
        "far": _far,
        "all": _all_heard,
    },
    "visual_caption": {
        "order": _order,
        "contact": _contact,
        "beside": _beside,
        "props": _props,
        "camera": _camera,
        "motion": _motion,
        "text": _text,
        "scene": _scene,
    },
    "audio_visual_caption": {
        "attach": _attach,
        "speaker": _speaker,
        "contact_music": _contact_music,
        "contact_sound": _contact_sound,
        "order_sound": _order_sound,
        "prop_speech": _prop_speech,
        "prop_sound": _prop_sound,
        "motion_sound": _motion_sound,
        "all": _all,
    },
}
