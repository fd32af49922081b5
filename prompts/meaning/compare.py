"""A caption against its evidence: what contradicts it, and what nothing supports.

Only positive contradictions refuse; what is merely not found is a doubt. A finding holds only if every
reading of the caption gives it against the union of all readings of the evidence.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from manifests.captions import CaptionName
from prompts.meaning.counting import miscounted
from prompts.meaning.directions import ways
from prompts.meaning.likeness import Likeness, differ, is_child
from prompts.meaning.numbers import number
from prompts.meaning.order import contradicted, sequences, told_after
from prompts.meaning.parsing import Parsed, Word, parse
from prompts.meaning.relations import Relation, is_light, relations
from prompts.meaning.slots import exchanged, mistaken, slots
from prompts.meaning.vocabulary import (
    CLASSES,
    GENERAL_VERBS,
    HEARING,
    LANGUAGES,
    NEGATIONS,
    PLAIN,
    SAME_COLOUR,
    WAYS,
)  # fmt: skip
from prompts.quotes import without_quotations
from prompts.words import lexicon, stem

Outcome = Literal["refused", "doubt"]

ENOUGH = 0.75
"""Weight of unsupported words from which on a caption is in doubt."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a caption. kind: of the fault."""

    kind: str
    outcome: Outcome
    detail: str
    lemmas: tuple[str, ...] = ()
    weight: float = 1.0


@dataclass
class Side:
    """The parsed evidence of one side. statements: one reading or more of each."""

    modality: str
    statements: list[tuple[Parsed, ...]]
    words: list[Word] = field(default_factory=list)
    pairs: list[Relation] = field(default_factory=list)
    owners: dict[int, frozenset[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        seen: set[tuple[str, str]] = set()
        for readings in self.statements:
            for parsed in readings:
                for word in parsed.words:
                    if word.is_content or word.pos in ("PRON", "ADP", "AUX"):
                        if (word.text, word.pos) not in seen:
                            seen.add((word.text, word.pos))
                            self.words.append(word)
                self.pairs += relations(parsed)


@dataclass
class Comparison:
    """Compares captions with the evidence of one clip."""

    likeness: Likeness
    heard: Side
    seen: Side
    transcript: str | None = None
    shown: tuple[str, ...] = ()

    def findings(self, name: CaptionName, caption: str) -> list[Finding]:
        """What is wrong with one caption, each kind of fault at most once."""
        plain = without_quotations(caption)
        (readings,) = parse([plain], self.likeness.wordnet)
        found = self._of_reading(name, max(readings, key=_clearness))
        missing = {f.lemmas: f for f in found if f.kind == "unsupported"}
        rest = [f for f in found if f.kind != "unsupported"]
        if sum(f.weight for f in missing.values()) >= ENOUGH:
            words = " ".join(dict.fromkeys(f.detail for f in missing.values()))
            rest.append(Finding("unsupported", "doubt", words))
        return rest

    def _sides(self, name: CaptionName) -> list[Side]:
        return {
            "audio_caption": [self.heard],
            "visual_caption": [self.seen],
            "audio_visual_caption": [self.heard, self.seen],
        }[name]

    def _of_reading(self, name: CaptionName, parsed: Parsed) -> list[Finding]:
        words = [w for s in self._sides(name) for w in s.words]
        pairs = [r for s in self._sides(name) for r in s.pairs]
        own = list(relations(parsed))
        return [
            *self._language(parsed, words),
            *self._negation(parsed, pairs, words),
            *self._unsupported(name, parsed, words),
            *self._opposite(parsed, own, words, pairs),
            *self._roles(parsed, name),
            *self._doer(parsed, own, pairs),
            *self._moved(parsed, own, pairs, words),
            *self._classes(parsed, own, pairs),
            *self._counts(parsed, own, pairs, words),
            *self._ways(parsed),
            *self._order(parsed, name),
            *self._cross(name, parsed, own),
        ]

    def _said(self, word: Word, content: Sequence[Word]) -> bool:
        like = self.likeness
        if any(like.says(word, other) for other in content):
            return True
        return like.is_speech(word) and any(like.is_speech(other) for other in content)

    def _unsupported(
        self, name: CaptionName, parsed: Parsed, words: Sequence[Word]
    ) -> list[Finding]:
        missing = []
        content = [w for w in words if w.is_content]
        for word in parsed.words:
            if (
                not word.is_content
                or word.lemma in PLAIN
                or word.text in PLAIN
                or number(word) is not None
            ):
                continue
            if word.lemma in LANGUAGES or is_light(word):
                continue
            if stem(word.text) in lexicon().plain["both"]:
                continue
            if not self._said(word, content):
                missing.append(word)
        return [
            Finding("unsupported", "doubt", w.text, (w.lemma,), self._weight(w, content))
            for w in missing
        ]

    def _weight(self, word: Word, content: Sequence[Word]) -> float:
        """How much a word without support tells: `ENOUGH` makes a doubt."""
        like = self.likeness
        if word.pos in ("NOUN", "PROPN"):
            if like.is_person(word) and not is_child(word):
                people = [w for w in content if like.is_person(w) and not is_child(w)]
                return 0.2 if any(not differ(word, p) for p in people) else 1.0
            if word.pos == "PROPN" or like.wordnet.physical(word.lemma):
                return 1.0 * like.strangeness(word, content, 0.64, 0.7)
            weight = 0.6
        elif word.pos == "VERB":
            rare = like.wordnet.uses(word.lemma, "v") <= 30 or like.wordnet.sounds(word.lemma)
            weight = 1.0 if rare else 0.5
        else:
            weight = 0.5 if word.pos == "ADJ" else 0.4
        return weight * like.strangeness(word, content, 0.45, 0.75)

    def _language(self, parsed: Parsed, words: Sequence[Word]) -> list[Finding]:
        known = {w.text for w in words if w.text in LANGUAGES}
        for word in parsed.words:
            if word.text in LANGUAGES and word.text not in known:
                return [Finding("language", "refused" if known else "doubt", word.text)]
        return []

    def _negation(
        self, parsed: Parsed, pairs: Sequence[Relation], words: Sequence[Word]
    ) -> list[Finding]:
        mine = negated(parsed)
        theirs = [
            w
            for side in (self.heard, self.seen)
            for rs in side.statements
            for p in rs
            for w in negated(p)
        ]
        positive = [w for w in words if w.is_content and w not in theirs]
        for word in mine:
            if self._reported(parsed, word):
                continue
            if not word.is_content or (word.lemma in PLAIN and word.pos != "NOUN"):
                continue
            if any(self.likeness.says(word, other) for other in theirs):
                continue
            if any(self.likeness.says(word, other) for other in positive):
                return [Finding("negation", "refused", f"no {word.text}", (word.lemma,))]
            return [Finding("negation", "doubt", f"no {word.text}", (word.lemma,))]
        names = {w.lemma for w in mine}
        for word in parsed.words:
            if (
                word.pos not in ("VERB", "NOUN")
                or word.lemma in names
                or word.lemma in PLAIN
                or is_light(word)
            ):
                continue
            if any(word.lemma == o.lemma for o in theirs) and not any(
                word.lemma == o.lemma and o not in theirs for o in words
            ):
                return [Finding("negation", "refused", word.text)]
        return []

    def _reported(self, parsed: Parsed, word: Word) -> bool:
        """Whether a word is of what somebody says."""
        above: Word | None = word
        for _ in range(6):
            above = parsed.head(above) if above is not None else None
            if above is not None and above.pos == "VERB" and self.likeness.is_speech(above):
                return True
        return False

    def _opposite(
        self,
        parsed: Parsed,
        own: Sequence[Relation],
        words: Sequence[Word],
        pairs: Sequence[Relation],
    ) -> list[Finding]:
        """A word that no evidence has, and whose opposite it has of the same thing."""
        like = self.likeness
        content = [w for w in words if w.is_content]
        for word in parsed.words:
            if (
                word.pos not in ("ADJ", "ADV", "VERB", "NOUN")
                or word.text in WAYS
                or self._said(word, content)
            ):
                continue
            for other in content:
                if self._opposed(word, other, content, own, pairs):
                    return [
                        Finding(
                            "opposite", "refused", f"{word.text} for {other.text}", (word.lemma,)
                        )
                    ]
        return []

    def _opposed(
        self,
        word: Word,
        other: Word,
        content: Sequence[Word],
        own: Sequence[Relation],
        pairs: Sequence[Relation],
    ) -> bool:
        like = self.likeness
        if other.pos != word.pos and {other.pos, word.pos} != {"ADJ", "ADV"}:
            return False
        if word.pos == "NOUN":
            return (
                like.is_person(word)
                and differ(word, other)
                and not any(
                    like.is_person(o) and not differ(word, o) and _gendered(o) for o in content
                )
            )
        if not like.opposite(word, other):
            return False
        return word.pos == "VERB" or self._one_head(word, other, own, pairs)

    def _one_head(
        self, word: Word, other: Word, own: Sequence[Relation], pairs: Sequence[Relation]
    ) -> bool:
        like = self.likeness
        heads = [r.head for r in own if r.kind == "attribute" and r.dependent.at == word.at]
        theirs = [
            r.head for r in pairs if r.kind == "attribute" and r.dependent.lemma == other.lemma
        ]
        return any(like.says(a, b) or like.says(b, a) for a in heads for b in theirs)

    def _moved(
        self,
        parsed: Parsed,
        own: Sequence[Relation],
        pairs: Sequence[Relation],
        words: Sequence[Word],
    ) -> list[Finding]:
        """An attribute that belongs to another thing, which the caption names too."""
        like = self.likeness
        for mine in own:
            head, attribute = mine.head, mine.dependent
            told = attribute.tag in ("JJ", "JJR", "JJS") or any(
                attribute.text in group for group in CLASSES
            )
            if mine.kind != "attribute" or not told or head.pos != "NOUN" or head.lemma in PLAIN:
                continue
            if attribute.lemma in PLAIN or number(attribute) is not None or attribute.text in WAYS:
                continue
            theirs = [
                r for r in pairs if r.kind == "attribute" and like.says(attribute, r.dependent)
            ]
            if not theirs or any(like.one_thing(head, r.head) for r in theirs):
                continue
            if any(like.one_thing(head, w) for r in theirs for w in self._around(r)):
                continue
            others = any(
                w.at not in (head.at, attribute.at)
                and w.pos in ("NOUN", "PROPN", "VERB")
                and any(like.says(w, r.head) for r in theirs)
                for w in parsed.words
            )
            if others and any(like.says(head, w) for w in words if w.is_content):
                return [
                    Finding(
                        "attribute", "refused", f"{attribute.text} {head.text}", (attribute.lemma,)
                    )
                ]
        return []

    def _around(self, relation: Relation) -> list[Word]:
        """What the head of a relation of the evidence hangs on, up to its verb and that verb's subject."""
        for side in (self.heard, self.seen):
            for readings in side.statements:
                for parsed in readings:
                    if (
                        relation.head.at < len(parsed.words)
                        and parsed.words[relation.head.at] is relation.head
                    ):
                        chain = []
                        word = relation.head
                        for _ in range(5):
                            above = parsed.head(word)
                            if above is None:
                                break
                            chain.append(above)
                            word = above
                            if above.pos == "VERB":
                                chain += [c for c in parsed.below(above.at, "nsubj")]
                                break
                        chain += [c for c in parsed.below(relation.head.at) if c.is_content]
                        return chain
        return []

    def _classes(
        self, parsed: Parsed, own: Sequence[Relation], pairs: Sequence[Relation]
    ) -> list[Finding]:
        """Another colour, material or age of a thing than the evidence has."""
        like = self.likeness
        for mine in own:
            if mine.kind != "attribute":
                continue
            for group in CLASSES:
                if mine.dependent.text not in group:
                    continue
                same = [
                    r
                    for r in pairs
                    if r.kind == "attribute"
                    and r.dependent.text in group
                    and like.says(mine.head, r.head)
                ]
                if same and not any(
                    _alike(mine.dependent, r.dependent) or like.says(mine.dependent, r.dependent)
                    for r in same
                ):
                    return [
                        Finding("attribute", "refused", f"{mine.dependent.text} {mine.head.text}")
                    ]
        return []

    def _counts(
        self,
        parsed: Parsed,
        own: Sequence[Relation],
        pairs: Sequence[Relation],
        words: Sequence[Word],
    ) -> list[Finding]:
        wrong = miscounted(self.likeness, parsed, own, pairs, words)
        if wrong is None:
            return []
        word, sure = wrong
        return [Finding("count", "refused" if sure else "doubt", word.text, (word.lemma,))]

    def _ways(self, parsed: Parsed) -> list[Finding]:
        like = self.likeness
        theirs = [
            w
            for side in (self.heard, self.seen)
            for rs in side.statements
            for p in rs
            for w in ways(p)
        ]
        for way, anchors in ways(parsed):
            known = {
                w
                for w, others in theirs
                if any(like.says(a, b) or like.says(b, a) for a in anchors for b in others)
            }
            if known and way not in known and WAYS.get(way) in known:
                return [Finding("direction", "refused", way, (way,))]
        return []

    def _order(self, parsed: Parsed, name: CaptionName) -> list[Finding]:
        """An order that the evidence has the other way round; a doubt where only its sentences follow so."""
        mine = sequences(parsed)
        if not mine:
            return []
        read = [p for side in self._sides(name) for rs in side.statements for p in rs]
        theirs = [s for p in read for s in sequences(p)]
        told = [s for p in read for s in told_after(p)]
        pair = contradicted(self.likeness, mine, theirs)
        outcome: Outcome = "refused"
        if pair is None:
            pair, outcome = contradicted(self.likeness, mine, [*theirs, *told]), "doubt"
        if pair is None:
            return []
        first, second = pair
        return [
            Finding(
                "order",
                outcome,
                f"{first[0].text} before {second[0].text}",
                (first[0].lemma, second[0].lemma),
            )
        ]

    def _roles(self, parsed: Parsed, name: CaptionName) -> list[Finding]:
        """Fillers of two slots, exchanged."""
        statements = [slots(p) for side in self._sides(name) for rs in side.statements for p in rs]
        mine = slots(parsed)
        pair = exchanged(self.likeness, mine, statements)
        if pair is None:
            other = mistaken(self.likeness, mine, statements)
            if other is None:
                return []
            return [Finding("role", "refused", f"{other.filler.text} {other.key.text}")]
        first, second = pair
        kind = (
            "role"
            if {first.kind, second.kind} & {"agent", "patient"} or first.kind.startswith("place")
            else "attribute"
        )
        detail = f"{first.key.text} {first.filler.text}, {second.key.text} {second.filler.text}"
        return [Finding(kind, "refused", detail)]

    def _doer(
        self, parsed: Parsed, own: Sequence[Relation], pairs: Sequence[Relation]
    ) -> list[Finding]:
        """Somebody who does what only another does, who is named too: a doubt, for one may be the other."""
        like = self.likeness
        everything = self.heard.words + self.seen.words
        for mine in own:
            verb, doer = mine.head, mine.dependent
            if (
                mine.kind != "agent"
                or verb.pos != "VERB"
                or doer.pos != "NOUN"
                or verb.lemma in GENERAL_VERBS
            ):
                continue
            if doer.lemma in PLAIN:
                continue
            theirs = [
                r.dependent
                for r in pairs
                if r.kind == "agent" and (like.says(verb, r.head) or like.says(r.head, verb))
            ]
            if not theirs or any(self._one_doer(doer, d) for d in theirs):
                continue
            named = any(
                w.pos == "NOUN" and w.at != doer.at and any(like.says(w, d) for d in theirs)
                for w in parsed.words
            )
            if named and any(w.lemma == doer.lemma for w in everything):
                return [Finding("role", "doubt", f"{doer.text} {verb.text}", (doer.lemma,))]
        return []

    def _one_doer(self, word: Word, other: Word) -> bool:
        like = self.likeness
        if like.says(word, other) or like.says(other, word) or other.pos == "PRON":
            return True
        if other.lemma in ("something", "someone", "sound", "noise", "voice"):
            return True
        return like.is_person(word) and like.is_person(other) and not differ(word, other)

    def _cross(self, name: CaptionName, parsed: Parsed, own: Sequence[Relation]) -> list[Finding]:
        heard = [w for w in self.heard.words if w.is_content]
        seen = [w for w in self.seen.words if w.is_content]
        if name == "audio_visual_caption":
            return self._sounding(parsed, own, heard, seen)
        here, there = (heard, seen) if name == "audio_caption" else (seen, heard)
        for word in parsed.words:
            if word.pos != "NOUN" or word.lemma in PLAIN or word.dep == "compound":
                continue
            if stem(word.text) in lexicon().plain["both"] or self.likeness.is_person(word):
                continue
            if not self.likeness.wordnet.physical(word.lemma) or self._said(word, here):
                continue
            if any(self.likeness.says(word, o) and o.pos == word.pos for o in there):
                outcome: Outcome = "refused" if name == "audio_caption" else "doubt"
                return [Finding("cross-modal", outcome, word.text, (word.lemma,))]
        return []

    def _sounding(
        self, parsed: Parsed, own: Sequence[Relation], heard: Sequence[Word], seen: Sequence[Word]
    ) -> list[Finding]:
        """A thing that is only seen made to sound."""
        like = self.likeness
        for mine in own:
            verb, doer = mine.head, mine.dependent
            if (
                mine.kind != "agent"
                or is_light(verb)
                or doer.pos != "NOUN"
                or doer.lemma in PLAIN
                or verb.pos != "VERB"
            ):
                continue
            if (
                self._said(doer, heard)
                or not self._said(doer, seen)
                or (like.is_person(doer) and any(like.is_person(w) for w in heard))
            ):
                continue
            loud = any(c.text in HEARING for c in parsed.below(verb.at)) or like.wordnet.sounds(
                verb.lemma
            )
            sights = [
                r
                for r in self.seen.pairs
                if r.kind == "agent" and (like.says(verb, r.head) or like.says(r.head, verb))
            ]
            theirs = [
                r
                for r in self.heard.pairs
                if r.kind == "agent" and (like.says(verb, r.head) or like.says(r.head, verb))
            ]
            shown = any(like.one_thing(doer, r.dependent) for r in sights)
            if loud and not shown and not theirs:
                return [
                    Finding("cross-modal", "refused", f"{doer.text} {verb.text}", (doer.lemma,))
                ]
            if (
                theirs
                and not shown
                and loud
                and not any(self._source(doer, r.dependent) for r in theirs)
            ):
                return [
                    Finding("cross-modal", "refused", f"{doer.text} {verb.text}", (doer.lemma,))
                ]
        return []

    def _source(self, doer: Word, heard: Word) -> bool:
        """Whether a seen thing can be what was heard."""
        like = self.likeness
        return like.one_thing(doer, heard) or heard.pos == "PRON" or heard.lemma in PLAIN


def _clearness(parsed: Parsed) -> int:
    """How many verbs of a reading have a subject: a reading that has more of them is the better one."""
    return sum(
        w.dep in ("nsubj", "nsubjpass")
        and w.pos in ("NOUN", "PROPN", "PRON")
        and parsed.words[w.head].pos == "VERB"
        for w in parsed.words
    )


def _gendered(word: Word) -> bool:
    return any(differ(word, o) for o in _SAMPLES)


_SAMPLES = [
    Word(0, lemma, lemma, "NOUN", "NN", "", 0, 0)
    for lemma in ("man", "woman", "boy", "girl", "child")
]


def _alike(a: Word, b: Word) -> bool:
    return a.text == b.text or any(a.text in group and b.text in group for group in SAME_COLOUR)


def negated(parsed: Parsed) -> list[Word]:
    """The words that a text denies: what "no", "not" and "without" hang on."""
    denied = []
    for word in parsed.words:
        if word.text not in NEGATIONS:
            continue
        head = parsed.head(word)
        if word.text == "without":
            for obj in parsed.below(word.at, "pobj", "pcomp"):
                denied.append(obj)
                denied += parsed.below(obj.at, "conj")
        elif word.dep == "nsubj" or (
            head is not None and word.text in ("nobody", "none", "nothing")
        ):
            denied.append(head or word)
        elif head is not None:
            if word.text == "no" and head.dep == "nsubj" and head.text in ("one", "body"):
                above = parsed.head(head)
                denied.append(above or head)
            else:
                denied.append(head)
    return denied
