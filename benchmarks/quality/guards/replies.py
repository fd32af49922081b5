"""Replies of a writer, good ones and faulty ones of every class, made from evidence and seeded.

Wordings are this file's own: nothing of the guards is imported, and no guard reads it. A faulty reply is
a good one with one fault put into one of its captions (or, of class "schema", into the JSON). What is
"good" is true to the evidence and complete, in its words; what is "reworded" too, with verbs in another
form ("a dog is barking", "the barking of a dog").
"""

import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

Captions = dict[str, str]
KEYS = ("heard", "seen", "both")


@dataclass(frozen=True, slots=True)
class Known:
    """What may be said of a clip: clauses of what is heard, noun phrases of what is seen; must: those of
    them that a caption may not leave out."""

    heard: tuple[str, ...]
    seen: tuple[str, ...]
    must: frozenset[str]


@dataclass(frozen=True, slots=True)
class Made:
    """A reply. fault: its class, "good" for none. at: the caption that holds the fault, None for all."""

    text: str
    fault: str
    at: str | None


_HEARD_1 = ("{0}.", "In this clip, {0}.", "Here {0}.")
_HEARD_2 = (
    "{0} and {1}.",
    "{0} while {1}.",
    "{0} as {1}.",
    "{0}. {1}.",
    "{0}, and {1}.",
    "{0}; {1}.",
)
_SEEN_1 = ("{0}.", "{0} can be seen.", "There is {0}.", "{0} is in view.", "The scene shows {0}.")
_SEEN_2 = ("{0} and {1}.", "{0} with {1}.", "{0} and {1} are visible.", "There are {0} and {1}.")
_BOTH = (
    "{h}, with {s} in view.",
    "{h} while {s} can be seen.",
    "With {s} in the picture, {h}.",
    "{s} can be seen as {h}.",
    "{h}. {s} can be seen.",
    "{h}, and there is {s} in the scene.",
)

_LEAKS = (
    "{c} (confidence: high).",
    "{c} with a probability of 0.93.",
    "{c} [low].",
    "{c}, 85 % sure.",
    "{c} score=0.7.",
    "{c}, with high confidence.",
    "{c} (0.81).",
    "It is almost certain that {l}.",
    "{c}, tier medium.",
    "{c} (high).",
    "The likelihood is strong that {l}.",
    "{c} according to the captioner.",
    "The detector says that {l}.",
    "With ninety percent certainty {l}.",
    "{c}, very confident.",
    "{c} - medium confidence.",
    "Evidence: {l}.",
    "{c} p=.9.",
    "{c} (moderate).",
    "{c} at 92 percent.",
    "A confident detection: {l}.",
    "Label: {l}.",
    "{c}, a reliable finding.",
    "{c}: 3/4.",
    "{c} with a high score.",
)
_REFUSALS = (
    "I'm unable to describe this clip.",
    "As a text-based model, I cannot listen.",
    "Please provide the audio.",
    "Unfortunately, there is not enough information.",
    "Okay, here you go: {l}.",
    "Let me know if you need more. {c}.",
    "N/A",
    "None.",
    "TODO",
    "The task asks for {l}.",
    "My answer is that {l}.",
    "It is impossible to say.",
    "No description available.",
    "{c}. I hope this helps!",
    "Sure! {c}.",
    "Certainly. {c}.",
    "You asked for what is heard: {l}.",
    "{c}. Would you like another version?",
    "This request can't be fulfilled.",
    "I hear that {l}.",
    "Based on the given information, {l}.",
    "{c}. Note that this is a guess of mine.",
    "Sorry, nothing comes to mind.",
    "We do not know.",
    "Insufficient data.",
)
_FOREIGN = (
    "Un chien aboie dans la rue.",
    "Ein Hund bellt laut.",
    "Un perro ladra.",
    "一只狗在叫",
    "Собака лает на улице.",
    "犬が吠えている。",
    "كلب ينبح",
    "{c}, und eine Frau spricht.",
    "{c} 和 音乐.",
    "Een hond blaft.",
)
_EXTRA_HEARD = (
    "a helicopter hovers overhead",
    "an accordion is played",
    "someone gargles",
    "a kettle whistles",
    "a typewriter clacks",
)
_EXTRA_SEEN = ("a lighthouse", "a surfboard", "an accordion", "a snowman", "two ladders")
_ADJECTIVES = ("enormous", "angry", "distant", "cheerful", "wooden", "purple", "elderly")

Fault = Callable[[random.Random, Captions, Known], tuple[str, str | None] | None]


def good(rng: random.Random, known: Known) -> Captions:
    """Captions without fault of all that is known."""
    found: Captions = {}
    if known.heard:
        found["heard"] = _listed(rng, known.heard, _HEARD_1, _HEARD_2)
    if known.seen:
        found["seen"] = _listed(rng, known.seen, _SEEN_1, _SEEN_2)
    if known.heard and known.seen:
        both = rng.choice(_BOTH).format(h=joined(known.heard), s=joined(known.seen))
        found["both"] = _sentences(both)
    return found


def reworded(rng: random.Random, clause: str) -> str:
    """A clause with its verb in another form, where that verb is its last word: "a dog barks"."""
    subject, _, verb = clause.rpartition(" ")
    if not subject or not verb.endswith("s") or verb.endswith("ss") or not clause.startswith("a"):
        return clause
    if subject.endswith(" or"):  # "a cupboard opens or closes"
        return clause
    doing = _doing(verb)
    return rng.choice((f"{subject} is {doing}", f"the {doing} of {subject}"))


def _doing(verb: str) -> str:
    """From "barks" to "barking"; the rules of spelling, without exceptions."""
    if verb.endswith("ies"):
        base = verb[:-3] + "y"
    elif verb.endswith(("ches", "shes", "sses", "xes", "zzes", "oes")):
        base = verb[:-2]
    else:
        base = verb[:-1]
    if base.endswith("e") and not base.endswith(("ee", "oe", "ye")):
        base = base[:-1]
    elif _SHORT_VERB.fullmatch(base):
        base += base[-1]
    return base + "ing"


_SHORT_VERB = re.compile(r"[^aeiou]*[aeiou][^aeiouwxy]")


def _listed(
    rng: random.Random, parts: Sequence[str], one: Sequence[str], two: Sequence[str]
) -> str:
    if len(parts) == 1:
        return _sentences(rng.choice(one).format(parts[0]))
    return _sentences(rng.choice(two).format(joined(parts[:-1]), parts[-1]))


def joined(parts: Sequence[str]) -> str:
    """Joined as in "a, b and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _sentences(text: str) -> str:
    return ". ".join(part[:1].upper() + part[1:] for part in text.split(". "))


def told(captions: Captions) -> str:
    """The reply with these captions."""
    return json.dumps(captions, ensure_ascii=False)


def _worded(wordings: Sequence[str]) -> Fault:
    """A fault that is a wording around a caption ("{c}", "{l}" with a small first letter)."""

    def make(rng: random.Random, captions: Captions, known: Known) -> tuple[str, str] | None:
        at = rng.choice(list(captions))
        caption = captions[at].rstrip(".")
        small = caption[:1].lower() + caption[1:]
        changed = rng.choice(wordings).format(c=caption, l=small)
        return told({**captions, at: changed}), at

    return make


def _loop(rng: random.Random, captions: Captions, known: Known) -> tuple[str, str] | None:
    at = rng.choice(list(captions))
    caption = captions[at].rstrip(".")
    last = caption.split()[-1]
    ways = (
        f"{caption}. {caption}.",
        f"{caption} {last} {last}.",
        f"{caption} and {caption[:1].lower()}{caption[1:]}.",
        f"{caption}{last[-1] * 9}.",
        ", ".join([caption] * 4) + ".",
        f"{caption}" + "!" * 7,
        f"{caption}, {last}, {last}, {last}, {last}.",
        f"{caption}. Then {caption[:1].lower()}{caption[1:]}.",
    )
    return told({**captions, at: rng.choice(ways)[:238]}), at


def _schema(rng: random.Random, captions: Captions, known: Known) -> tuple[str, None]:
    whole = told(captions)
    key = rng.choice(list(captions))
    fewer = {name: text for name, text in captions.items() if name != key}
    ways = (
        whole[: rng.randrange(1, len(whole))],
        told(fewer) if fewer else "{}",
        told({**captions, "note": "done"}),
        json.dumps({**captions, key: [captions[key]]}),
        json.dumps({**captions, key: None}),
        json.dumps({**captions, key: 3}),
        json.dumps([captions]),
        f"```json\n{whole}\n```",
        f"Here it is: {whole}",
        whole + whole,
        whole.replace('"', "'"),
        json.dumps({"captions": captions}),
        told({name.upper(): text for name, text in captions.items()}),
        "",
        " ".join(captions.values()),
        told({**captions, key: captions[key] + " and so on" * 40}),
        json.dumps(captions[key]),
        json.dumps({**captions, key: {"text": captions[key]}}),
    )
    return rng.choice(ways), None


def _truncated(rng: random.Random, captions: Captions, known: Known) -> tuple[str, str] | None:
    at = rng.choice(list(captions))
    caption = captions[at].rstrip(".")
    end = rng.choice(
        (" and", " with a", ",", " while", " of the", ' says "hello', " as an", " and the")
    )
    return told({**captions, at: caption + end}), at


def _copied(rng: random.Random, captions: Captions, known: Known) -> tuple[str, str] | None:
    if len(captions) < 3:
        return None
    source, at = rng.choice(
        (("heard", "seen"), ("seen", "heard"), ("heard", "both"), ("seen", "both"))
    )
    return told({**captions, at: captions[source]}), at


def _unsupported(rng: random.Random, captions: Captions, known: Known) -> tuple[str, str] | None:
    at = rng.choice(list(captions))
    caption = captions[at].rstrip(".")
    said = {*known.heard, *known.seen}
    extra = rng.choice(
        [e for e in (_EXTRA_SEEN if at == "seen" else _EXTRA_HEARD) if e not in said]
    )
    words = caption.split()
    nouns = [n for n, word in enumerate(words) if word.lower() in ("a", "an", "the")]
    if nouns and rng.random() < 0.5:
        n = rng.choice(nouns)
        adjective = rng.choice(_ADJECTIVES)
        article = "An" if adjective[0] in "aeiou" else "A"
        words[n] = article if words[n][0].isupper() else article.lower()
        return told(
            {**captions, at: " ".join([*words[: n + 1], adjective, *words[n + 1 :]]) + "."}
        ), at
    return told({**captions, at: f"{caption} and {extra}."}), at


def _lost(rng: random.Random, captions: Captions, known: Known) -> tuple[str, str] | None:
    at, parts = rng.choice((("heard", known.heard), ("seen", known.seen)))
    promised = [part for part in parts if part in known.must]
    if len(parts) < 2 or not promised or at not in captions:
        return None
    gone = rng.choice(promised)
    rest = [part for part in parts if part != gone]
    return told({**captions, at: _sentences(f"{joined(rest)}.")}), at


FAULTS: dict[str, Fault] = {
    "leak": _worded(_LEAKS),
    "refusal": _worded(_REFUSALS),
    "loop": _loop,
    "schema": _schema,
    "truncated": _truncated,
    "copied": _copied,
    "language": _worded(_FOREIGN),
    "unsupported": _unsupported,
    "lost": _lost,
}


def made(rng: random.Random, known: Known, faults: Mapping[str, Fault] = FAULTS) -> Made | None:
    """A reply of a class drawn at random, "good", "reworded" or, half of the time, one with a fault; None
    where the evidence gives none of that class."""
    captions = good(rng, known)
    if not captions:
        return None
    if rng.random() < 0.5:
        if rng.random() < 0.5:
            return Made(told(captions), "good", None)
        heard = tuple(reworded(rng, clause) for clause in known.heard)
        changed = good(rng, replace(known, heard=heard))
        return Made(told(changed), "reworded", None) if heard != known.heard else None
    name = rng.choice(list(faults))
    found = faults[name](rng, captions, known)
    return None if found is None else Made(found[0], name, found[1])
