"""Nominal and hedged: "appears to", "is visible", "loud tapping of a knife"; the setting first."""

from random import Random

from benchmarks.quality.rich.grammars.base import (
    ONCE,
    Clause,
    Grammar,
    adjective,
    counted,
    many,
    none_of,
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
from benchmarks.quality.rich.words import article, capital, ing, join, listed, sentence


class Inspector(Grammar):
    """Names things first and puts what they do into phrases."""

    name = "inspector"

    def dressed(self, entity: Entity) -> str:
        garment = entity.garment
        return join(counted(entity), f"dressed in {worn(garment)}" if garment else None)

    def act(self, scene: Scene, action: Action, subject: str = "") -> Clause:
        who = scene.who(action.agent)
        finite, doing = self.parted(self.verb(action.verbs), many(who), action.negated)
        rest = join(self.objects(scene, action), action.manner)
        return Clause(
            subject or self.dressed(who), join(finite, rest), join(doing, rest), many(who)
        )

    def sound(self, sound: Sound, way: int) -> Clause:
        source, verb = counted(sound.source), self.verb(sound.verbs, way)
        if way == 0:
            once = sound.manner if sound.manner == ONCE else None
            manner = adjective(sound.manner) if sound.manner and not once else None
            noun = join(manner, ing(verb), "of", source, sound.rest, once, sound.far)
            if sound.negated:
                noun = f"no {noun}"
            return Clause(noun, "is audible", "being audible", noun=noun)
        tail = join(sound.rest, sound.manner, sound.far)
        if sound.negated:
            return Clause(none_of(source), join("is heard", ing(verb), tail), join(ing(verb), tail))
        plain = many(sound.source)
        heard = join("are" if plain else "is", "heard", ing(verb), tail)
        return Clause(source, heard, join(ing(verb), tail), plain)

    def speech(self, speech: Speech, subject: str = "") -> Clause:
        who = subject or f"a {speech.voice}"
        manner = f"in {article(join(speech.tone, 'voice'))}" if speech.tone else None
        if speech.negated:
            noun = f"no {speech.language} speech"
            return Clause(noun, "is present", "being present", noun=noun)
        noun = f"{speech.language} speech by {who}"
        if speech.tone:
            noun += f" with {article(speech.tone)} tone"
        return Clause(
            who,
            join("speaks", speech.language, manner),
            join("speaking", speech.language, manner),
            noun=noun if not subject else "",
        )

    def quoted(self, speech: Speech) -> str:
        return f' with the words "{speech.words}"'

    def music(self, music: Music) -> Clause:
        parts = [w for w in (music.mood, music.genre) if w]
        piece = article(join(" ".join(parts), "piece"))
        tempo = f"at {article(music.tempo)} tempo" if music.tempo else None
        lead = listed([music.lead, music.other] if music.other else [music.lead])
        noun = join(piece, tempo, "featuring", lead)
        if music.negated:
            return Clause("no " + noun.split(" ", 1)[1], "is audible", "being audible")
        return Clause(noun, "is audible", "being audible", noun=noun)

    def prop(self, prop: Prop) -> Clause:
        plain = many(prop.entity)
        side = f"at the {prop.side} edge" if prop.side else "in the shot"
        subject = counted(prop.entity)
        subject = none_of(subject) if prop.negated else subject
        if prop.sounds:
            finite, doing = self.parted(prop.noise, plain, False)
            return Clause(subject, join(finite, side), join(doing, side), plain)
        be = "are" if plain else "is"
        return Clause(
            subject, f"{be} visible {side}", f"visible {side}", plain, join(subject, side)
        )

    def camera(self, camera: Camera) -> Clause:
        verb, rest = camera.move, camera.direction
        return Clause("the view", f"{verb}s {rest}", f"{ing(verb)} {rest}")

    def text(self, text: str) -> Clause:
        return Clause("on-screen text", f'reads "{text}"', f'reading "{text}"')

    def picture(self, scene: Scene, rng: Random) -> str:
        agent = scene.agent
        first = self.act(scene, scene.first, "the " + agent.head)
        second = self.act(scene, scene.second, "the " + agent.head)
        seems = rng.choice(["appears to be set", "is likely set", "seems to be set"])
        where = scene.place
        who = "which" if agent.kind == "animal" else "who"
        things = [self.prop(p).phrase() for p in scene.props]
        said = [
            f"The scene {seems} {where}",
            f"The main subject is {self.dressed(agent)}, {who} {rng.choice(['is seen', 'can be seen'])} "
            f"{first.ing}",
        ]
        if rng.random() < 0.5:
            said.append(f"After {first.ing}, {second.present()}")
        else:
            said.append(f"This is followed by the {agent.head} {second.ing}")
        if scene.speech and scene.speech.seen:
            said.append(
                f"The {agent.head}'s lips are moving, which suggests that the {agent.head} is speaking"
            )
        said.append(self.filler("middle", rng))
        if scene.contact:
            contact = self.act(scene, scene.contact, "the " + agent.head)
            said.append(f"Interaction: {contact.present()}")
        if scene.beside:
            beside = self.act(scene, scene.beside)
            said.append(f"A second figure is present as well: {beside.phrase()}")
        if things:
            said.append(f"Visible objects include {listed(things)}")
        if scene.motion:
            said.append(f"There is movement too, as {self.act(scene, scene.motion).present()}")
        if scene.camera:
            move = article(scene.camera.move)
            if scene.camera.move == "zoom":
                said.append(f"The shot is not static: {self.camera(scene.camera).present()}")
            else:
                said.append(f"The camera work consists of {move} {scene.camera.direction}")
        if scene.text:
            said.append(capital(self.text(scene.text).present()))
        said.append(self.filler("picture", rng))
        return " ".join(sentence(s) for s in said if s)

    def heard(self, scene: Scene, rng: Random) -> str:
        nouns = [self.sound(s, 0).phrase() for s in scene.sounds]
        said = [rng.choice([f"{nouns[0]} is audible", f"There is {nouns[0]}"])]
        if len(nouns) > 1:
            if scene.ordered:
                said.append(f"This is followed by {nouns[1]}")
            else:
                said.append(f"{capital(nouns[1])} is present as well")
        said += [f"A further element is {n}" for n in nouns[2:]]
        if scene.music:
            said.append(f"The musical content is {self.music(scene.music).phrase()}")
        if scene.speech:
            said.append(f"The recording includes {self.speech(scene.speech).phrase()}")
        said.append(self.filler("heard", rng))
        return " ".join(sentence(s) for s in said if s)

    def heard_again(self, scene: Scene, rng: Random) -> str:
        said = []
        if scene.speech:
            said.append(f"In the audio, {self.speech(scene.speech).present()}")
        first, *others = [self.sound(s, 1) for s in scene.sounds]
        said.append(first.present())
        if others:
            then = "Subsequently" if scene.ordered else "Likewise"
            said.append(f"{then}, {others[0].present()}")
            said += [f"Possibly, {o.present()}" for o in others[1:]]
        if scene.music:
            said.append(self.music(scene.music).present())
        said.append(self.filler("again", rng))
        return " ".join(sentence(s) for s in said if s)
