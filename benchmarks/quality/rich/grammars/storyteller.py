"""Progressive, "who is wearing", chatty: "we can see", "it looks like", sounds that "come from"."""

from random import Random

from benchmarks.quality.rich.grammars.base import (
    ONCE,
    Clause,
    Grammar,
    adjective,
    counted,
    many,
    none_of,
    pronoun,
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


class Storyteller(Grammar):
    """Tells it as a story, in the first person plural, and likes to guess."""

    name = "storyteller"
    progressive = True

    def dressed(self, entity: Entity) -> str:
        garment = entity.garment
        return join(counted(entity), f"wearing {worn(garment)}" if garment else None)

    def act(self, scene: Scene, action: Action, subject: str = "") -> Clause:
        who = scene.who(action.agent)
        finite, doing = self.parted(self.verb(action.verbs, 1), many(who), action.negated)
        manner = f"in {article(adjective(action.manner))} manner" if action.manner else None
        moving = f"moving {action.direction}" if action.direction else None
        plain = Action(action.agent, action.verbs, action.patient, action.rest, action.receiver)
        rest = join(self.objects(scene, plain), manner)
        if moving:
            rest = ", ".join(p for p in (rest, moving) if p)
            comma = "," if rest == moving else ""
            finite, doing = finite + comma, doing + comma
        return Clause(
            subject or self.dressed(who), join(finite, rest), join(doing, rest), many(who)
        )

    def sound(self, sound: Sound, way: int) -> Clause:
        source, plain = counted(sound.source), many(sound.source)
        verb = self.verb(sound.verbs, way)
        if sound.negated:
            source = none_of(source)
        if way == 1 and not sound.negated and not sound.rest and sound.manner != ONCE:
            manner = adjective(sound.manner) if sound.manner else None
            noise = article(join(manner, ing(verb), "noise"))
            noun = join(noise, "from", source, sound.far)
            return Clause(
                noise, join("comes from", source, sound.far), f"coming from {source}", noun=noun
            )
        tail = join(sound.rest, sound.manner, sound.far)
        finite, doing = self.parted(verb, plain, False)
        return Clause(source, join(finite, tail), join(doing, tail), plain)

    def speech(self, speech: Speech, subject: str = "") -> Clause:
        sounding = f", sounding {speech.tone}" if speech.tone else ""
        if speech.negated:
            return Clause("no one", "talks", f"talking in {speech.language}")
        who = subject or f"a {speech.voice}"
        rest = f"in {speech.language}{sounding}"
        return Clause(who, f"talks {rest}", f"talking {rest}")

    def quoted(self, speech: Speech) -> str:
        return f', and the words are "{speech.words}"'

    def music(self, music: Music) -> Clause:
        mood = join(music.mood, "and" if music.mood and music.tempo else None, music.tempo)
        tune = join(mood, music.genre, "tune")
        rest = f"along with {music.other}" if music.other else None
        subject = article(music.lead)
        if music.negated:
            subject = f"no {music.lead}"
        return Clause(
            subject, join("plays", article(tune), rest), join("playing", article(tune), rest)
        )

    def prop(self, prop: Prop) -> Clause:
        plain = many(prop.entity)
        subject = counted(prop.entity)
        subject = none_of(subject) if prop.negated else subject
        side = f"over on the {prop.side}" if prop.side else "in view"
        if prop.sounds:
            finite, doing = self.parted(prop.noise, plain, False)
            return Clause(subject, join(finite, side), join(doing, side), plain)
        be = "are" if plain else "is"
        return Clause(subject, join(be, side), join("being", side), plain, join(subject, side))

    def camera(self, camera: Camera) -> Clause:
        rest = camera.direction
        return Clause("the camera", f"{camera.move}s {rest}", f"slowly {ing(camera.move)} {rest}")

    def text(self, text: str) -> Clause:
        return Clause("the screen", f'shows the words "{text}"', f'showing the words "{text}"')

    def picture(self, scene: Scene, rng: Random) -> str:
        agent = scene.agent
        she = pronoun(agent)
        first = self.act(scene, scene.first)
        look = rng.choice(["In this video, we can see", "Here we see", "In the clip, you can see"])
        after = rng.choice(["After that,", "A moment later,", "Once that is done,"])
        said = []
        if rng.random() < 0.6:
            said.append(f"{look} {first.phrase()} {scene.place}")
        else:
            said.append(f"It looks like we are {scene.place}, where {first.progressive()}")
        said.append(self.filler("middle", rng))
        said.append(f"{after} {self.act(scene, scene.second, she).progressive()}")
        if scene.contact:
            then = rng.choice(["We also see that", "At some point,", "You may notice that"])
            said.append(
                f"{then} {self.act(scene, scene.contact, 'the ' + agent.head).progressive()}"
            )
        if scene.beside:
            said.append(f"At the same time, {self.act(scene, scene.beside).progressive()}")
        if scene.speech and scene.speech.seen:
            said.append(f"The {agent.head} seems to be talking to someone")
        for prop in scene.props:
            be = "are" if many(prop.entity) else "is"
            said.append(f"Over on the {prop.side}, there {be} {counted(prop.entity)}")
        if scene.motion:
            see = rng.choice(["We can also spot", "There's also"])
            said.append(f"{see} {self.act(scene, scene.motion).phrase()}")
        if scene.camera:
            moving = self.camera(scene.camera).progressive()
            said.append(rng.choice([f"As the clip goes on, {moving}", f"All the while, {moving}"]))
        if scene.text:
            said.append(f'You can read "{scene.text}" on the screen')
        said.append(self.filler("picture", rng))
        return " ".join(sentence(s) for s in said if s)

    def heard(self, scene: Scene, rng: Random) -> str:
        sounds = [self.sound(s, 0) for s in scene.sounds]
        hear = rng.choice(["You can hear", "I can hear", "We hear"])
        said = []
        if scene.speech:
            said.append(f"In this one, {self.speech(scene.speech).progressive()}")
        said.append(f"{hear} {sounds[0].phrase()}")
        if len(sounds) > 1:
            be = "are" if sounds[1].many else "is"
            then = f"and after that there {be}" if scene.ordered else f"and there {be} also"
            said[-1] += f", {then} {sounds[1].phrase()}"
        said += [f"Besides, {s.progressive()}" for s in sounds[2:]]
        if scene.music:
            said.append(f"It seems that {self.music(scene.music).progressive()}")
        said.append(self.filler("heard", rng))
        return " ".join(sentence(s) for s in said if s)

    def heard_again(self, scene: Scene, rng: Random) -> str:
        first, *others = [self.sound(s, 1) for s in scene.sounds]
        said = [f"Well, {_there(first)}"]
        if others:
            then = "after that" if scene.ordered else "besides that"
            said.append(f"{then} {_there(others[0])}")
            said += [f"And I think {_there(o)} too" for o in others[1:]]
        if scene.music:
            said.append(f"I hear {self.music(scene.music).phrase()}")
        if scene.speech:
            said.append(f"It sounds like {self.speech(scene.speech).progressive()}")
        said.append(self.filler("again", rng))
        return " ".join(sentence(s) for s in said if s)


def _there(sound: Clause) -> str:
    """There's a knife tapping, there are shears snipping."""
    return f"there {'are' if sound.many else 'is'} {sound.phrase()}"
