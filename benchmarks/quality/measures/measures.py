"""Measures of captions whose clips' content is known.

Each is a pair of numbers of one caption, hits and what they are of, summed over clips. Truth and evidence
are two yardsticks: recall, precision, order and count ask what is in the clip; unsupported, lost and
purity ask what the writer was handed. Both are read by the bench's matcher, in captions and in facts
alike, and never by the guards.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from benchmarks.quality.known import Case, Reading, Truth
from benchmarks.quality.measures import texts
from benchmarks.quality.measures.concepts import Concepts, Hits, Reads, happened, hits
from benchmarks.quality.measures.intervals import NOTHING, Figure, mean, share, wilson
from manifests.captions import CAPTIONS, Author, CaptionName, CaptionSet, Written
from prompts.fallback import template
from prompts.selection import Fact, Facts
from recipes.world.concepts import Side

Pair = tuple[float, float]

SIDE: Mapping[CaptionName, Side | None] = {
    "audio_caption": "heard",
    "visual_caption": "seen",
    "audio_visual_caption": None,
}
GROUPS = ("all", "llm", "template")
"""Rows as they are, those that the LLM wrote, and the template's captions of the same evidence."""

STRICT = "precision, unsure is false"
"""With what nobody can decide counted as false, as far as it was told: the least that it can be."""

RATES = (
    *(
        "recall",
        "precision",
        STRICT,
        "unsupported",
        "unsupported captions",
        "lost",
        "lost captions",
    ),
    *("pure", "invented from silent", "order right", "count right", "who does what right"),
    *("quotes right", "told twice", "leak", "hedge", "loop", "refusal"),
)

_APART_MS = 250
"""Starts that are nearer to each other are at the same time."""


@dataclass(frozen=True, slots=True)
class Told:
    """A caption of a clip of known content, and the facts that its writer was handed. confident: facts
    of which the confident ones must be told, where these are others."""

    case: Case
    name: CaptionName
    text: str
    by: Author
    rung: str
    facts: Facts
    confident: Facts | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """What one caption gives. pairs: (hits, of) by measure; hits: for event F1."""

    told: Told
    pairs: Mapping[str, Pair]
    hits: Hits


class Ruler:
    """Measures captions of one world."""

    def __init__(self, matcher: Reads, concepts: Concepts) -> None:
        self.concepts = concepts
        self._matcher = matcher
        self._read: dict[tuple[str, Side | None], Reading] = {}

    def read(self, text: str, side: Side | None) -> Reading:
        """What the matcher reads; asked once for a text."""
        if (text, side) not in self._read:
            self._read[text, side] = self._matcher.read(text, side)
        return self._read[text, side]

    def keys(self, text: str, side: Side | None) -> frozenset[str]:
        """The narrowest concepts that a text names."""
        return self.concepts.narrowest(m.key for m in self.read(text, side).mentions)

    def measure(self, told: Told) -> Measured:
        """All measures of one caption."""
        side, truth = SIDE[told.name], told.case.truth
        reading = self.read(told.text, side)
        found = hits(
            (m.key for m in reading.mentions), happened(truth, side), truth.unsure, self.concepts
        )
        mine, other = _handed(told.name, told.facts)
        due, _ = _handed(told.name, told.confident or told.facts)
        pairs = {
            "recall": (found.told, found.happened),
            "precision": (found.right, found.said),
            STRICT: found.strict,
            **self._grounded(told, reading, mine, other),
            **self._lost(told.text, reading, due),
            "invented from silent": self._invented(reading, truth, side),
            "order right": _ordered(told.text, reading, truth),
            "count right": _counted(reading, truth),
            "quotes right": _quoted(reading, truth),
            "told twice": self._twice(reading),
            **_worded(told.text, mine),
        }
        return Measured(told, pairs, found)

    def _grounded(
        self, told: Told, reading: Reading, mine: Sequence[Fact], other: Sequence[Fact]
    ) -> dict[str, Pair]:
        """Claims that no fact handed to the writer says, and what only the other modality's say."""
        held, beside = self._held(mine), self._held(other)
        # What the matcher misreads where facts stand in one sentence is no invention of the writer's.
        joined = template(told.facts)[told.name] or ""
        together = {m.key for m in self.read(joined, SIDE[told.name]).mentions}
        held = held[0] | self.concepts.implied(together), held[1]
        quotes = [_bare(quote) for quote in reading.quoted]
        spoken = _bare(told.facts.transcript or "") if told.name != "visual_caption" else []
        claims = [m.key in held[0] for m in reading.mentions]
        claims += [texts.stem(word) in held[1] for word in reading.leftover]
        claims += [_within(quote, spoken) for quote in quotes]
        claims += [False for _ in reading.denied]  # no captioner says what is not there
        wrong = claims.count(False)
        strange = [m.key in beside[0] for m in reading.mentions if m.key not in held[0]]
        strange += [
            texts.stem(word) in beside[1]
            for word in reading.leftover
            if texts.stem(word) not in held[1]
        ]
        found: dict[str, Pair] = {
            "unsupported": (wrong, len(claims)),
            "unsupported captions": (wrong > 0, 1),
        }
        if SIDE[told.name] is not None:
            strange += [
                self.concepts.by_key[m.key].side != SIDE[told.name] and m.key not in held[0]
                for m in reading.mentions
                if m.key in self.concepts.by_key
            ]
            found["pure"] = (not any(strange), 1)
        return found

    def _held(self, facts: Iterable[Fact]) -> tuple[frozenset[str], frozenset[str]]:
        """The concepts that facts say, with what these imply, and the stems of their words."""
        keys, words = set[str](), set[str]()
        for fact in facts:
            keys |= {m.key for m in self.read(fact.text, _side(fact)).mentions}
            words |= texts.stems(fact.text)
        return self.concepts.implied(keys), frozenset(words)

    def _lost(self, text: str, reading: Reading, mine: Sequence[Fact]) -> dict[str, Pair]:
        """Facts of tier high that a caption does not tell."""
        sure = self._sure(text, reading, mine)
        lost = sum(not told for _, told in sure)
        return {
            "lost": (lost, len(sure)),
            "lost captions": (lost > 0, float(bool(sure))),
        }

    def sure(self, told: Told) -> list[tuple[frozenset[str], bool]]:
        """For each fact of tier high that was handed to the writer: the concepts it names, and whether
        the caption tells it."""
        due, _ = _handed(told.name, told.confident or told.facts)
        every = self._sure(told.text, self.read(told.text, SIDE[told.name]), due)
        return [(self.keys(fact.text, _side(fact)), tells) for fact, tells in every]

    def _sure(self, text: str, reading: Reading, mine: Sequence[Fact]) -> list[tuple[Fact, bool]]:
        reach = self.concepts.implied(m.key for m in reading.mentions)
        sure = [fact for fact in mine if fact.tier == "high" and fact.kind != "signal"]
        return [(fact, self._tells(text, reach, fact)) for fact in sure]

    def _tells(self, text: str, reach: frozenset[str], fact: Fact) -> bool:
        """Whether a caption that reaches these concepts tells a fact: all that it names, of a free
        sentence half. A fact that the matcher can't read is told by half of its words."""
        keys = self.keys(fact.text, _side(fact))
        if keys:
            told = len(keys & reach)
            return 2 * told >= len(keys) if fact.kind == "caption" else told == len(keys)
        said, words = texts.stems(text), texts.stems(fact.text)
        return 2 * len(said & words) >= len(words)

    def _invented(self, reading: Reading, truth: Truth, side: Side | None) -> Pair:
        """Sounds told of visible things that make none."""
        if side == "seen" or not truth.silent:
            return 0, 0
        told = any(self.concepts.reach(m.key) & truth.silent for m in reading.mentions)
        return told, 1

    def _twice(self, reading: Reading) -> Pair:
        """One thing named as if it were two: again, or by a broader word ("a sedan" and "a vehicle")."""
        told = [m.key for m in reading.mentions]
        reach = [self.concepts.implied([key]) for key in told]
        again = (told[i] in reach[j] for i, j in permutations(range(len(told)), 2))
        return any(again), 1


def _handed(name: CaptionName, facts: Facts) -> tuple[tuple[Fact, ...], tuple[Fact, ...]]:
    """The facts of a caption's own modality (of both), and the others."""
    if name == "audio_caption":
        return facts.heard, facts.seen
    if name == "visual_caption":
        return facts.seen, facts.heard
    return facts.heard + facts.seen, ()


def _side(fact: Fact) -> Side:
    return "heard" if fact.modality == "audio" else "seen"


def _ordered(text: str, reading: Reading, truth: Truth) -> Pair:
    """Of pairs that a caption puts in order, those that are in that order."""
    starts: dict[str, int] = {}
    for one in sorted(truth.heard + truth.seen, key=lambda each: -(each.start_ms or 0)):
        if one.start_ms is not None:
            starts[one.key] = one.start_ms
    told = [
        starts[later] - starts[sooner]
        for sooner, later in texts.orders(text, reading.mentions)
        if sooner in starts and later in starts
    ]
    return sum(gap > _APART_MS for gap in told), len(told)


def _counted(reading: Reading, truth: Truth) -> Pair:
    """Of numbers that a caption gives of what is there so often, those that are right."""
    known = {one.key: one.count for one in truth.heard + truth.seen if one.count is not None}
    told = [m for m in reading.mentions if m.count is not None and m.key in known]
    return sum(known[m.key] == m.count for m in told), len(told)


def _quoted(reading: Reading, truth: Truth) -> Pair:
    """Of quotations those that were really said."""
    spoken = _bare(truth.spoken or "")
    return sum(_within(_bare(quote), spoken) for quote in reading.quoted), len(reading.quoted)


def _worded(text: str, mine: Sequence[Fact]) -> dict[str, Pair]:
    facts = [fact.text for fact in mine]
    wrong, parts = texts.mixes(text, facts)
    return {
        "who does what right": (parts - wrong, parts),
        "leak": (bool(texts.leaks(text, facts)), 1),
        "hedge": (bool(texts.hedges(text, facts)), 1),
        "loop": (texts.loops(text, facts), 1),
        "refusal": (texts.refuses(text), 1),
    }


def _bare(text: str) -> list[str]:
    return texts.words(text)


def _within(part: Sequence[str], whole: Sequence[str]) -> bool:
    size = len(part)
    return any(whole[at : at + size] == part for at in range(len(whole) - size + 1))


def captions_of(case: Case, facts: Facts, written: Written) -> list[Told]:
    """The captions of one clip, as they were written."""
    return [
        Told(case, name, text, how.by, how.rung or "", facts)
        for name in CAPTIONS
        if (text := written.captions[name]) and (how := written.how[name]).by is not None
    ]


def drawn(case: Case, facts: Facts, texts_of: CaptionSet | None = None) -> list[Told]:
    """The template's captions of the same evidence."""
    made = texts_of or template(facts)
    return [
        Told(case, name, text, "template", "template", facts)
        for name in CAPTIONS
        if (text := made[name])
    ]


def groups(
    measured: Sequence[Measured], templates: Sequence[Measured]
) -> dict[str, list[Measured]]:
    """The three groups that every figure is given for."""
    llm = [one for one in measured if one.told.by == "llm"]
    return {"all": list(measured), "llm": llm, "template": list(templates)}


def rates(
    measured: Iterable[tuple[Case, Mapping[str, Pair]]], clusters: Mapping[str, str] | None = None
) -> dict[str, Figure]:
    """Each measure of pairs of clips, hits by what they are of. Drawn by clip, or by cluster where
    clusters are given, by clip id."""
    sums: dict[str, dict[str, list[float]]] = defaultdict(dict)
    for case, pairs in measured:
        unit = clusters[case.clip_id] if clusters is not None else case.clip_id
        for rate, (hit, of) in pairs.items():
            both = sums[rate].setdefault(unit, [0.0, 0.0])
            both[0] += hit
            both[1] += of
    return {
        rate: share([s[0] for s in units.values()], [s[1] for s in units.values()])
        for rate, units in sums.items()
    }


def figures(
    measured: Sequence[Measured], clusters: Mapping[str, str] | None = None
) -> dict[str, Figure]:
    """Every measure over captions of one name or several; `clusters` as for `rates`, of all but the
    number of words."""
    if not measured:
        return dict.fromkeys((*RATES, "words", "distinct"), NOTHING)
    of = rates(((one.told.case, one.pairs) for one in measured), clusters)
    found = {rate: of[rate] for rate in RATES if rate in of}
    found["words"] = mean([len(texts.words(one.told.text)) for one in measured])
    found["distinct"] = _distinct([one.told.text for one in measured])
    return found


def shares(told: Sequence[Told]) -> dict[str, Figure]:
    """Who wrote: the ladder's steps, and the template."""
    rungs = Counter(one.rung for one in told)
    return {
        rung: Figure(count / len(told), *wilson(count, len(told)), len(told), len(told))
        for rung, count in rungs.most_common()
    }


def _distinct(captions: Sequence[str]) -> Figure:
    """Different captions of all. Without an interval: drawing with repetition makes equal ones."""
    return Figure(len(set(captions)) / len(captions), None, None, len(captions), len(captions))
