"""A little world with a matcher that knows nothing but its phrasings."""

import re
from collections.abc import Mapping

from benchmarks.quality.known import Case, Happening, Mention, Reading, Truth
from benchmarks.quality.measures.concepts import Concepts
from benchmarks.quality.measures.measures import Ruler, Told
from manifests.captions import CaptionName
from manifests.evidence import Claim, Confidence, Evidence, Kind, Tier, WeakCaption
from prompts.selection import Facts, select
from recipes.world.concepts import Concept, Side

_MIDDLE: Mapping[Tier, float] = {"low": 0.2, "medium": 0.6, "high": 0.9}
_COUNTS = {"two": 2, "three": 3}
_PLAIN = {
    "a",
    "an",
    "the",
    "and",
    "with",
    "in",
    "view",
    "is",
    "are",
    "then",
    "after",
    "two",
    "three",
}

CONCEPTS = (
    Concept("animal~", "heard", "sound", ("an animal is heard",)),
    Concept("bark", "heard", "sound", ("a dog barks", "a dog is barking"), (), ("animal~",)),
    Concept("meow", "heard", "sound", ("a cat meows",), (), ("animal~",)),
    Concept("bell", "heard", "sound", ("a bell rings",)),
    Concept("music", "heard", "music", ("music plays",)),
    Concept("speech", "heard", "speech", ("a person speaks",)),
    Concept("animal", "seen", "object", ("an animal",)),
    Concept("dog", "seen", "object", ("a dog", "two dogs", "dogs"), (), ("animal",)),
    Concept("car", "seen", "object", ("a car", "a red car", "two cars"), ()),
    Concept("person", "seen", "object", ("a person",)),
)


class LittleMatcher:
    """Reads the longest phrasing first, each word once."""

    def read(self, caption: str, side: Side | None) -> Reading:
        """Of one side its own concepts first, then the others."""
        quoted = tuple(q.strip('"') for q in re.findall(r'"[^"]*"', caption))
        left = re.sub(r'"[^"]*"', lambda q: " " * len(q.group()), caption).lower()
        known = [(p, c) for c in CONCEPTS for p in c.phrasings]
        known.sort(key=lambda each: (each[1].side != (side or "heard"), -len(each[0])))
        mentions = []
        for phrase, concept in known:
            for hit in re.finditer(rf"\b{phrase}\b", left):
                count = next((n for w, n in _COUNTS.items() if w in phrase), None)
                mentions.append(Mention(concept.key, hit.group(), hit.start(), count))
            left = re.sub(rf"\b{phrase}\b", lambda hit: " " * len(hit.group()), left)
        leftover = tuple(w for w in re.findall(r"[a-z]+", left) if w not in _PLAIN)
        return Reading(tuple(sorted(mentions, key=lambda m: m.at)), leftover, quoted)


def ruler() -> Ruler:
    """The little world's ruler."""
    return Ruler(LittleMatcher(), Concepts(CONCEPTS))


def claim(text: str, tier: Tier = "high") -> Claim:
    """A judged claim of the little world."""
    known = {p: c for c in CONCEPTS for p in c.phrasings}
    concept = known.get(text)
    kind: Kind = concept.kind if concept else "sound"
    seen = concept is not None and concept.side == "seen"
    sure = Confidence(_MIDDLE[tier], tier, "test")
    return Claim(text, text, kind, "video" if seen else "audio", _MIDDLE[tier], (), sure)


def facts(*claims: Claim, transcript: str | None = None) -> Facts:
    """What is selected of one captioner's claims."""
    weak = WeakCaption("clip", "hash", "ears", "", claims, transcript)
    return select(Evidence("clip", True, True, 4000, (weak,)))


def case(
    heard: tuple[str | Happening, ...] = (),
    seen: tuple[str | Happening, ...] = (),
    clip_id: str = "clip",
    silent: tuple[str, ...] = (),
    unsure: tuple[str, ...] = (),
    spoken: str | None = None,
    weak: tuple[WeakCaption, ...] = (),
) -> Case:
    """A clip in which these concepts are true."""

    def there(keys: tuple[str | Happening, ...]) -> tuple[Happening, ...]:
        return tuple(Happening(key) if isinstance(key, str) else key for key in keys)

    truth = Truth(there(heard), there(seen), frozenset(unsure), spoken, frozenset(silent))
    return Case(clip_id, "test", truth, True, True, 4000, weak)


def told(of: Case, name: CaptionName, text: str, known: Facts) -> Told:
    """A caption that the LLM wrote."""
    return Told(of, name, text, "llm", "first", known)
