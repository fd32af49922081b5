"""What is compared: a caption, and what captioners say of the two sides of a clip, all parsed."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, cast

from manifests.captions import CaptionName
from prompts.meaning.parsing import Parsed, Word, parse
from prompts.meaning.relations import Relation, relations
from prompts.meaning.wordnet import WordNet
from prompts.quotes import quotations, with_double_marks, without_quotations

T = TypeVar("T")

_SPEECH = "a person speaks"
"""What a transcript tells besides its words."""

_BRACKETS = re.compile(r"[(),]")


@dataclass(frozen=True)
class Caption:
    """One caption without its quotations. text: as it was written, all quotation marks double. pairs: its
    relations."""

    name: CaptionName
    text: str
    parsed: Parsed
    pairs: tuple[Relation, ...]

    @classmethod
    def read(cls, captions: Sequence[tuple[CaptionName, str]], wordnet: WordNet) -> list["Caption"]:
        """Captions, parsed together, each in its clearest reading; of two as clear ones that with
        progressives."""
        texts = [with_double_marks(text) for _, text in captions]
        parsed = [
            max(reversed(readings), key=clearness)
            for readings in parse([without_quotations(text) for text in texts], wordnet)
        ]
        return [
            cls(name, text, each, tuple(relations(each)))
            for (name, _), text, each in zip(captions, texts, parsed, strict=True)
        ]


def clearness(parsed: Parsed) -> int:
    """How many verbs of a reading have a subject: a reading that has more of them is the better one."""
    return sum(
        word.dep in ("nsubj", "nsubjpass")
        and word.pos in ("NOUN", "PROPN", "PRON")
        and parsed.words[word.head].pos == "VERB"
        for word in parsed.words
    )


@dataclass(frozen=True)
class Side:
    """The evidence of one modality.

    readings: of all statements, one or more of each. words: of the statements, each once. pairs:
    relations of all readings. quotable: transcripts and texts as they are. transcribed: the transcripts.
    spoken: content words of these, and of what can be read.
    """

    readings: tuple[Parsed, ...] = ()
    words: tuple[Word, ...] = ()
    pairs: tuple[Relation, ...] = ()
    quotable: tuple[str, ...] = ()
    transcribed: tuple[Parsed, ...] = ()
    spoken: tuple[Word, ...] = ()
    _read: dict[Any, list[Any]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(
        cls,
        wordnet: WordNet,
        texts: Sequence[str] = (),
        tags: Sequence[str] = (),
        transcripts: Sequence[str] = (),
        languages: Sequence[str] = (),
    ) -> "Side":
        """A side out of what captioners tell of it: sentences, names of classes, transcripts, and the
        English names of the languages that recognisers told."""
        statements = [without_quotations(with_double_marks(text)) for text in texts]
        statements += [_BRACKETS.sub(" ", tag.lower()) for tag in tags]
        statements += [_SPEECH] * len(transcripts)
        statements += [f"{_SPEECH} in {language}" for language in languages]
        shown = [quotation for text in texts for quotation in quotations(text)]
        parsed = parse([*statements, *transcripts, *shown], wordnet)
        readings = [reading for each in parsed[: len(statements)] for reading in each]
        said = [each[0] for each in parsed[len(statements) :]]
        return cls(
            tuple(readings),
            tuple(_words(readings)),
            tuple(pair for reading in readings for pair in relations(reading)),
            (*transcripts, *texts),
            tuple(said[: len(transcripts)]),
            tuple(word for each in said for word in each.words if word.is_content),
        )

    def __add__(self, other: "Side") -> "Side":
        return Side(
            self.readings + other.readings,
            self.words + other.words,
            self.pairs + other.pairs,
            self.quotable + other.quotable,
            self.transcribed + other.transcribed,
            self.spoken + other.spoken,
        )

    @cached_property
    def content(self) -> tuple[Word, ...]:
        """Its content words."""
        return tuple(word for word in self.words if word.is_content)

    def each(self, read: Callable[[Parsed], T]) -> list[T]:
        """What a function reads out of each reading. It is called once for all captions."""
        if read not in self._read:
            self._read[read] = [read(parsed) for parsed in self.readings]
        return cast(list[T], self._read[read])

    def all(self, read: Callable[[Parsed], list[T]]) -> list[T]:
        """The same in one list."""
        return [item for items in self.each(read) for item in items]


def _words(readings: Sequence[Parsed]) -> list[Word]:
    words: dict[tuple[str, str], Word] = {}
    for parsed in readings:
        for word in parsed.words:
            if word.is_content or word.pos in ("PRON", "ADP", "AUX"):
                words.setdefault((word.text, word.pos), word)
    return list(words.values())


@dataclass(frozen=True)
class Sides:
    """The evidence of one clip."""

    heard: Side
    seen: Side

    @cached_property
    def both(self) -> Side:
        """All of it as one side."""
        return self.heard + self.seen

    def of(self, name: CaptionName) -> Side:
        """What a caption may tell."""
        if name == "audio_caption":
            return self.heard
        return self.seen if name == "visual_caption" else self.both
