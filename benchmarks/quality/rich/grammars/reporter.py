"""Simple present, "in a red apron", "the sound of". Starts with "The video shows", ends with a mood."""

from random import Random

from benchmarks.quality.rich.grammars.base import (
    Clause,
    Grammar,
    counted,
    many,
    music_words,
    none_of,
    pronoun,
    tone,
    worn,
)
from benchmarks.quality.rich.truth import (
    Action,
    Camera,
    Entity,
    Music,
    Prop,
    Scene,
    Sound,
    Speech,
)
from benchmarks.quality.rich.words import article, ing, join, sentence


class Reporter(Grammar):
    """Dry sentences, one fact after the other."""

    name = "reporter"

    def dressed(self, entity: Entity) -> str:
        garment = entity.garment
        return join(counted(entity), f"in {worn(garment)}" if garment else None)

    def act(self, scene: Scene, action: Action, subject: str = "") -> Clause:
        who = scene.who(action.agent)
        finite, doing = self.parted(self.verb(action.verbs), many(who), action.negated)
        rest = self.objects(scene, action)
        manner = action.manner
        if action.negated:
            return Clause(subject or self.dressed(who), join(finite, rest), join(doing, rest))
        return Clause(
            subject or self.dressed(who),
            join(manner, finite, rest),
            join(manner, doing, rest),
            many(who),
        )

    def sound(self, sound: Sound, way: int) -> Clause:
        source, plain = counted(sound.source), many(sound.source)
        if sound.negated:
            source = none_of(source)
        verb = self.verb(sound.verbs, way)
        tail = join(sound.manner, sound.rest, sound.far)
        if way == 0 and not sound.negated:
            noun = join("the sound of", source, ing(verb), tail)
            return Clause(noun, "can be heard", "being heard", noun=noun)
        finite, doing = self.parted(verb, plain, False)
        return Clause(source, join(finite, tail), join(doing, tail), plain)

    def speech(self, speech: Speech, subject: str = "") -> Clause:
        who = subject or f"a {speech.voice}"
        rest = join("in", speech.language, tone(speech.tone))
        if speech.negated:
            return Clause("nobody", f"speaks {rest}", f"speaking {rest}")
        return Clause(who, f"speaks {rest}", f"speaking {rest}")

    def quoted(self, speech: Speech) -> str:
        return f', saying "{speech.words}"'

    def music(self, music: Music) -> Clause:
        others = f"and {music.other}" if music.other else None
        subject = join(music_words(music), "music with", article(music.lead), others)
        if music.negated:
            return Clause("no " + subject, "plays", "playing")
        return Clause(subject, "plays", "playing", noun=subject)

    def prop(self, prop: Prop) -> Clause:
        plain = many(prop.entity)
        side = f"on the {prop.side} side of the frame" if prop.side else "in the frame"
        subject = counted(prop.entity)
        subject = none_of(subject) if prop.negated else subject
        if prop.sounds:
            finite, doing = self.parted(prop.noise, plain, False)
            return Clause(subject, join(finite, side), join(doing, side), plain)
        return Clause(subject, f"can be seen {side}", f"being {side}", plain, join(subject, side))

    def camera(self, camera: Camera) -> Clause:
        rest = camera.direction
        return Clause("the camera", f"{camera.move}s {rest}", f"{ing(camera.move)} {rest}")

    def text(self, text: str) -> Clause:
        return Clause(f'the text "{text}"', "appears on the screen", "appearing on the screen")

    def picture(self, scene: Scene, rng: Random) -> str:
        agent = scene.agent
        she = pronoun(agent)
        start = rng.choice(["The video shows", "The video features", "The clip depicts"])
        said = [
            f"{start} {self.dressed(agent)} {scene.place}",
            f"First, {self.act(scene, scene.first, 'the ' + agent.head).present()}",
            self.filler("middle", rng),
            f"Then, {self.act(scene, scene.second, she).present()}",
        ]
        if scene.speech and scene.speech.seen:
            said.append(f"{she} talks while facing the camera")
        if scene.contact:
            said.append(self.act(scene, scene.contact, "the " + agent.head).present())
        if scene.beside:
            said.append(f"Meanwhile, {self.act(scene, scene.beside).present()}")
        said += [self.prop(p).present() for p in scene.props]
        if scene.motion:
            said.append(
                join(
                    rng.choice(["In the background,", "Later,"]),
                    self.act(scene, scene.motion).present(),
                )
            )
        if scene.camera:
            said.append(f"{self.camera(scene.camera).present()} {rng.choice(['', 'steadily'])}")
        if scene.text:
            said.append(self.text(scene.text).present())
        said.append(self.filler("picture", rng))
        return " ".join(sentence(s) for s in said if s)

    def heard(self, scene: Scene, rng: Random) -> str:
        sounds = [self.sound(s, 0).phrase() for s in scene.sounds]
        start = rng.choice(
            ["The audio contains", "The audio consists of", "This recording contains"]
        )
        said = []
        if scene.ordered:
            said.append(f"{start} {sounds[0]}, followed by {sounds[1]}")
            said += [f"In addition, {self.sound(s, 0).present()}" for s in scene.sounds[2:]]
        else:
            said.append(f"{start} " + ", as well as ".join(sounds))
        if scene.speech:
            said.append(self.speech(scene.speech).present())
        if scene.music:
            said.append(f"Throughout, {self.music(scene.music).present()}")
        said.append(self.filler("heard", rng))
        return " ".join(sentence(s) for s in said if s)

    def heard_again(self, scene: Scene, rng: Random) -> str:
        said = []
        if scene.speech:
            said.append(self.speech(scene.speech).present())
        if scene.music:
            said.append(f"{self.music(scene.music).present()} at a moderate volume")
        first, *others = [self.sound(s, 1).present() for s in scene.sounds]
        then = "Then" if scene.ordered else "Also"
        said.append(first)
        if others:
            said.append(f"{then}, {others[0]}")
            said += [f"At times, {o}" for o in others[1:]]
        said.append(self.filler("again", rng))
        return " ".join(sentence(s) for s in said if s)
