"""Requests and right replies for the tuning of the writer: seeded, and every reply passed the guards.

    python -m recipes.tuning.examples [--count 20] [--seed 0]

prints some. What is held out of `recipes.evidences` never appears: no sound, no thing, no sentence.
"""

import argparse
import json
import random
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from manifests.captions import CAPTIONS, CaptionName
from manifests.evidence import Confidence, Modality
from prompts.guards import Guards
from prompts.quotes import excerpt
from prompts.render import PLAIN, Message, Template, load, render
from prompts.selection import SPOKEN_AT_MOST, Fact, Facts
from prompts.verdict import judge
from prompts.words import lexicon, tokens
from recipes.evidences import Vocabulary
from recipes.tuning import facts, phrasing
from recipes.tuning.facts import Piece
from recipes.tuning.phrasing import Clip
from recipes.world import world

PROMPT = "tuned"
_KEYS: dict[str, CaptionName] = {
    "heard": "audio_caption",
    "seen": "visual_caption",
    "both": "audio_visual_caption",
}
_STYLES = (PLAIN, "brief", "full")
_SIGNALS_HEARD = ("there is silence", "it is silent", "nothing but hum is heard")
_SIGNALS_SEEN = ("a black picture", "a still picture", "a blank picture")
_FAULTS = (
    "lost: {fact}",
    "lost: {fact}",
    "unsupported: {word}",
    "unsupported: {word}",
    "mixed: {word} {word2}",
    "count: {word} for {word}s",
    "loop: {word} {word}",
    "misquoted: {word} {word2}",
    "too_long: 251 characters",
    "copied_modality: equals audio_caption",
    "truncated: token limit",
    "article: a {word}",
    "hedge: possibly",
    "leak: confidence",
    "not_json",
    "copied_modality: «heard» in visual_caption",
)


@dataclass(frozen=True)
class Example:
    """A request as the writer sends it, the reply that is wanted, and what both are of."""

    messages: tuple[Message, ...]
    reply: str
    facts: Facts
    names: tuple[CaptionName, ...]
    style: str


def examples(
    count: int, seed: int = 0, turned: float = 0.25, transcribed: float = 0.75
) -> Iterator[Example]:
    """This many examples; the same for the same arguments. turned: how often facts are told in another
    order than the evidence's. transcribed: how often the words of speech are known."""
    rng = random.Random(f"tuning:{seed}")
    made = 0
    while made < count:
        if (example := _example(rng, turned, transcribed)) is not None:
            made += 1
            yield example


@lru_cache(maxsize=1)
def _held_out() -> tuple[frozenset[frozenset[str]], frozenset[frozenset[str]]]:
    """Content tokens of the sounds and of the things that may not appear."""
    world = Vocabulary("held-out")
    things = [row[1] for row in world.things + world.imagenet]
    sounds = frozenset(_content(sound[1]) for sound in world.sounds)
    return sounds, frozenset(_content(thing) for thing in things if thing != "a person")


def _content(text: str) -> frozenset[str]:
    return frozenset(tokens(text)) - lexicon().plain["both"]


def is_held_out(text: str, heard: bool) -> bool:
    """Whether this fact tells one that is held out: a thing by its name, a sound by all its words."""
    sounds, things = _held_out()
    mine = _content(text)
    if not heard:
        return any(thing <= mine for thing in things)
    return any(sound == mine or (len(sound) > 1 and sound <= mine) for sound in sounds)


@lru_cache(maxsize=1)
def _listed() -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Pieces of the captioners' own phrases, as far as they are of the split "dev"."""
    world = Vocabulary("dev")
    heard = tuple(facts.parsed(text, kind) for _, text, kind, _ in world.sounds)
    seen = [facts.noun(one, False) for _, one, _ in world.things]
    seen += [
        facts.noun(f"{n} {many}".strip(), True)
        for _, _, many in world.things
        for n in ("two", "three", "")
    ]
    seen += [
        facts.noun(row[1], False, "scene" if row[2] == "scene" else "object")
        for row in world.imagenet
    ]
    return heard, tuple(seen)


@lru_cache(maxsize=1)
def _of_the_world() -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Pieces of the truth bench's phrasings that are for training."""
    known = world.load("train")
    heard = [
        facts.whole(text, entry.concept.kind)
        for entry in known.leaves("heard")
        for text in entry.concept.phrasings
    ]
    seen = []
    for entry in known.leaves("seen"):
        seen += [
            facts.noun(text, facts.is_plural(text), entry.concept.kind)
            for text in entry.concept.phrasings
        ]
        if entry.many:
            count = ("two", "three")[len(seen) % 2]
            seen.append(facts.noun(entry.many.format(n=count), True))
    return tuple(heard), tuple(seen)


@lru_cache(maxsize=1)
def _of_the_bench() -> frozenset[str]:
    """The truth bench's phrasings that no training may see; made-up ones may be the same by chance."""
    known = world.load("all").entries.values()
    for_training = {text for entry in known for text in entry.train if not entry.bench_only}
    every = {text for entry in known for text in entry.train + entry.bench}
    return frozenset(every - for_training)


def _draw(rng: random.Random, heard: bool) -> Piece:
    while True:
        source = rng.random()
        if source < 0.5:
            piece = rng.choice((_listed if source < 0.25 else _of_the_world)()[not heard])
        else:
            piece = facts.heard(rng) if heard else facts.seen(rng)
        if not (is_held_out(piece.text, heard) or piece.text in _of_the_bench()):
            return _captured(piece) if rng.random() < 0.08 else piece


def _captured(piece: Piece) -> Piece:
    """As a captioner that writes sentences words it: "A dog barks"."""
    return replace(piece, text=piece.text[:1].upper() + piece.text[1:], kind="caption")


def _pieces(rng: random.Random, heard: bool) -> tuple[Piece, ...]:
    count = (
        rng.choices((1, 2, 3, 4), (42, 32, 17, 9))[0]
        if heard
        else rng.choices((1, 2, 3, 4, 5), (40, 28, 16, 10, 6))[0]
    )
    found = {piece.text.casefold(): piece for piece in (_draw(rng, heard) for _ in range(count))}
    if heard and rng.random() < 0.36 and all(piece.kind != "speech" for piece in found.values()):
        piece = facts.speech(rng)
        while piece.text in _of_the_bench():
            piece = facts.speech(rng)
        at = rng.randint(0, len(found))
        listed = list(found.values())[:3]
        return (*listed[:at], piece, *listed[at:]) if rng.random() < 0.8 else (piece,)
    return tuple(found.values())


def _signal(text: str, brief: str) -> Piece:
    return Piece(
        text,
        "signal",
        (text,),
        () if text.startswith("it ") else (brief,),
        facts.without_article(brief),
    )


def _example(rng: random.Random, turned: float, transcribed: float) -> Example | None:
    mode = rng.choices(("both", "audio", "video"), (66, 17, 17))[0]
    heard = _pieces(rng, True) if mode != "video" else ()
    seen = _pieces(rng, False) if mode != "audio" else ()
    if mode == "both" and rng.random() < 0.05:
        if rng.random() < 0.6:
            text = rng.choice(_SIGNALS_HEARD)
            heard = (_signal(text, "silence" if "sil" in text else "hum"),)
        else:
            text = rng.choice(_SIGNALS_SEEN)
            seen = (facts.noun(text, False, "signal"),)
    speaks = any(piece.kind == "speech" for piece in heard)
    words = transcript(rng) if speaks and rng.random() < transcribed else None
    style = rng.choices(_STYLES, (76, 12, 12))[0]
    quote = quoted(words) if words and style != "brief" else ""
    known = Facts(bool(heard), bool(seen), _facts(heard, "audio"), _facts(seen, "video"), words)
    names = tuple(name for name in CAPTIONS if name not in known.absent)
    if mode == "both" and rng.random() < 0.04:
        names = ("audio_visual_caption",)
    return _answered(rng, Clip(heard, seen, quote, turned), known, names, style)


def _answered(
    rng: random.Random, clip: Clip, known: Facts, names: tuple[CaptionName, ...], style: str
) -> Example | None:
    """The example with the first reply that no guard refuses; None where ten are refused."""
    prompt = load(PROMPT)
    faults = _faults(rng, clip) if rng.random() < 0.06 else ()
    for _ in range(10):
        said = getattr(phrasing, style)(phrasing.drawn(rng, clip), clip)
        reply = _reply(
            {prompt.keys[_KEYS[key]]: text for key, text in said.items() if _KEYS[key] in names}
        )
        if right(reply, prompt, names, known):
            return Example(
                tuple(render(known, prompt, names, faults, style)), reply, known, names, style
            )
    return None


def right(reply: str, prompt: Template, names: tuple[CaptionName, ...], known: Facts) -> bool:
    """Whether no guard refuses any caption of the reply."""
    verdict = judge(reply, False, prompt, names, known, Guards())
    return verdict.whole is None and not any(verdict.violations.values())


def _reply(captions: dict[str, str]) -> str:
    """As a server writes it that is held to the schema: vLLM's grammar has no space after ":" and ",",
    and a writer that learned one is forced off its way at every key."""
    return json.dumps(captions, ensure_ascii=False, separators=(",", ":"))


def _facts(pieces: tuple[Piece, ...], modality: Modality) -> tuple[Fact, ...]:
    """As evidence: every one must be said, so that the guards miss none that a target leaves out."""
    sure = Confidence(0.9, "high")
    return tuple(
        Fact(piece.text, "", piece.kind, modality, sure, True, ("made up",)) for piece in pieces
    )


def _faults(rng: random.Random, clip: Clip) -> tuple[str, ...]:
    pieces = clip.heard + clip.seen
    words = [word for piece in pieces for word in piece.text.split()] + [
        "loud",
        "red",
        "outdoors",
        "happy",
    ]
    found = []
    for _ in range(rng.choices((1, 2, 3), (6, 3, 1))[0]):
        values = {
            "fact": rng.choice(pieces).text,
            "word": rng.choice(words),
            "word2": rng.choice(words),
        }
        found.append(rng.choice(_FAULTS).format(**values))
    return tuple(found)


@lru_cache(maxsize=1)
def _said() -> dict[str, list[str]]:
    return tomllib.loads((Path(__file__).parent / "spoken.toml").read_text(encoding="utf-8"))


def transcript(rng: random.Random) -> str:
    """Words that somebody speaks: plain, foreign, or meant to be obeyed."""
    said = _said()
    kind = rng.choices(("made", "plain", "injections", "foreign", "dev"), (48, 18, 18, 12, 4))[0]
    if kind == "dev":
        return rng.choice(Vocabulary("dev").spoken)
    if kind != "made":
        chosen = rng.sample(said[kind], rng.choices((1, 2), (4, 1))[0])
        return " ".join(chosen)
    made = []
    for _ in range(rng.choices((1, 2, 3), (6, 3, 1))[0]):
        opening = rng.choice(said["openings"]) + " " if rng.random() < 0.6 else ""
        parts = [rng.choice(said[part]) for part in ("subjects", "deeds", "endings")]
        text = f"{opening}{parts[0]} {parts[1]}{parts[2]}"
        made.append(text[0].upper() + text[1:])
    return " ".join(made)


_SENTENCE = re.compile(r".+?[.!?](?=\s|$)")
QUOTED_WORDS = 12


def quoted(words: str) -> str:
    """What a caption quotes: the first sentence, or where that is long its start, up to a comma."""
    text = excerpt(words, SPOKEN_AT_MOST)
    found = _SENTENCE.match(text)
    first = found[0] if found else text
    parts = first.split()
    if len(parts) > QUOTED_WORDS:
        ends = [n for n in range(4, QUOTED_WORDS) if parts[n].endswith((",", ";", ":"))]
        parts = parts[: (ends[-1] + 1 if ends else 10)]
    return " ".join(parts)[:100].rstrip(" .,;:-")


def main() -> int:
    """Prints some examples."""
    parser = argparse.ArgumentParser(description="Examples of the writer's tuning.")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    for example in examples(args.count, args.seed):
        print(example.messages[-1]["content"], example.reply, sep="\n", end="\n\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
