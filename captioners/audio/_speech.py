"""What the captioners of speech share: which recognised text is believed, and what it is worth."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from captioners.audio._inventions import (
    has_outro,
    invention,
    is_note,
    letters,
    loops,
    outros,
)
from captioners.audio._listed import key
from manifests.evidence import WeakCaption

_MOST_COMPRESSED, _LEAST_LOGPROB, _MOST_NO_SPEECH = 2.4, -1.0, 0.6
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{4}")

# Letters in a second of speech. Conversation has about 15 (5 syllables of 3 letters), subtitles are read
# at 17 to 20 (Netflix's guide), the fastest say 11 syllables: above 35 nobody speaks. Below 1 for
# three seconds and more nobody does either: "Thank you." over ten seconds of "speech" is a guess.
_MOST_LETTERS_A_SECOND, _LEAST_LETTERS_A_SECOND = 35.0, 1.0
_SLOW_FROM_S = 3.0
# Seconds of detected speech without which a segment says nothing: the shortest "no" has some.
_LEAST_VOICED_S = 0.1
# Mean probability of the steps that Silero takes for speech, below which no text is believed, and below
# which "Thank you." is not. Measured: a party 0.68, music 0.60 to 0.68, rain 0.66, coughs 0.67, laughter
# 0.66 to 0.83; recorded speech 0.97, espeak-ng's under a party, rain or applause as loud as it 0.82 to
# 0.97; its "thank you" in six languages, in silence, 0.87 to 0.96.
# From the third on it needs no second pass.
_LEAST_VOICE, _SURE_VOICE, _CLEAR_VOICE = 0.84, 0.86, 0.93
# Beyond these a second pass is worth its time. Ours, inside Whisper's own bounds.
_DOUBTFUL_VOICE, _DOUBTFUL_LOGPROB, _DOUBTFUL_NO_SPEECH = 0.9, -0.8, 0.5
# Mean probability by which a stretch may be less sure than the surest and still tell the language.
_NEARLY = 0.15
# Seconds: a pause that ends a phrase; the shortest phrase that counts, and what is heard around one.
_PAUSE_S, _PHRASE_S = 0.3, 0.2
# Silero's own captioner scores the best second: a shorter sound has silence in it. See `voiced_of`.
_POOL_S = 0.992
# Share of letters that two passes must have in common (Ratcliff and Obershelp). Our choice.
_LEAST_ALIKE = 0.5
_COMPARED = 400
# Share of an outro's letters that a second pass must have, in threes and more. Our choice.
_LEAST_FOUND, _MOST_SEARCHED = 0.7, 1_000


@dataclass(frozen=True, slots=True)
class Voiced:
    """Where a detector found speech: (start, end, mean probability) in seconds, sorted."""

    spans: tuple[tuple[float, float, float], ...]

    def within(self, start: float, end: float) -> tuple[float, float]:
        """Seconds of speech between two times, and its mean probability; (0, 0) for none."""
        parts = [
            (min(end, b) - max(start, a), p) for a, b, p in self.spans if a < end and b > start
        ]
        seconds = sum(length for length, _ in parts)
        if seconds <= 0:
            return 0.0, 0.0
        return seconds, sum(length * p for length, p in parts) / seconds

    def phrases(self) -> list[tuple[float, float, float]]:
        """Spans with the short pauses between them, and the mean probability of each."""
        phrases: list[tuple[float, float]] = []
        for start, end, _ in self.spans:
            if phrases and start - phrases[-1][1] <= _PAUSE_S:
                phrases[-1] = (phrases[-1][0], end)
            else:
                phrases.append((start, end))
        return [(start, end, self.within(start, end)[1]) for start, end in phrases]


def surest(
    stretches: Sequence[tuple[float, float]], voiced: Voiced, seconds: float
) -> list[tuple[float, float]]:
    """What the language of a sound is decided on: of the stretches that a detector keeps the parts that
    are nearly as sure to be speech as the surest, in their order, of so many seconds at most. Music taken
    for speech is less sure than speech. Where nothing is unsure, the stretches as they are."""
    parts = [(a, b, p) for a, b, p in voiced.phrases() if b - a >= _PHRASE_S] or list(voiced.spans)
    least = max((p for *_, p in parts), default=0.0) - _NEARLY
    sure = [(max(0.0, a - _PHRASE_S), b + _PHRASE_S) for a, b, p in parts if p >= least]
    chosen, left = [], seconds
    for start, end in sure if len(sure) < len(parts) else stretches:
        if left > 0:
            chosen.append((start, min(end, start + left)))
            left -= min(end - start, left)
    return chosen


def voiced_of(said: Mapping[str, WeakCaption]) -> Voiced | None:
    """Where the captioners that this one reads heard speech or singing; None where none was asked.

    Their score is of the best second, of which a shorter sound fills a part.
    """
    if not said:
        return None
    spans: list[tuple[float, float, float]] = []
    for claim in (claim for weak in said.values() for claim in weak.claims):
        if claim.kind == "speech" or claim.label == "Singing":
            seconds = sum(end - start for start, end in claim.spans) / 1000
            probability = min(1.0, claim.score * _POOL_S / max(0.1, min(_POOL_S, seconds)))
            spans += [(start / 1000, end / 1000, probability) for start, end in claim.spans]
    return Voiced(tuple(_apart(spans)))


def believed(
    text: str,
    logprob: float,
    compression: float,
    no_speech: float,
    voice: tuple[float, float] | None = None,
) -> bool:
    """Whether a segment that Whisper wrote is speech as far as its numbers, its words and the sound tell.

    voice: seconds of speech that a detector found in it and their mean probability, None where none was
    asked. Refused are
    - a compression ratio above 2.4 (loops) or a mean log probability below -1, Whisper's own bounds; a
      no-speech probability above 0.6, whatever the log probability is (Whisper lets a sure text pass:
      "Hmm" over a cartoon's music had 0.66);
    - no letter or digit outside brackets, a letter five times in a row ("Mmmmm"), the same few words over
      and over;
    - credits of subtitles and the ends of videos (`captioners.audio._inventions`);
    - text without clear speech under it, or at a pace that nobody speaks at.
    """
    if not (
        compression <= _MOST_COMPRESSED
        and logprob >= _LEAST_LOGPROB
        and no_speech <= _MOST_NO_SPEECH
        and not is_note(text)
        and not _DRAWN_OUT.search(text.casefold())
        and not loops(text)
    ):
        return False
    kind = invention(text)
    return kind not in ("credit", "outro") and (voice is None or _borne_out(text, kind, *voice))


def _borne_out(text: str, kind: str | None, seconds: float, probability: float) -> bool:
    """Whether the speech that was detected in a segment can be its text."""
    length = letters(text)
    return (
        seconds >= _LEAST_VOICED_S
        and length <= _MOST_LETTERS_A_SECOND * (seconds + 0.5)
        and (seconds < _SLOW_FROM_S or length >= _LEAST_LETTERS_A_SECOND * seconds)
        and probability >= (_SURE_VOICE if kind == "thanks" else _LEAST_VOICE)
    )


def is_doubtful(
    text: str, logprob: float, no_speech: float, voice: tuple[float, float] | None
) -> bool:
    """Whether a believed segment should be heard a second time, cut out of the sound. So is the end of a
    video beside other words, however clear the voice: it may be theirs."""
    return (
        has_outro(text)
        or (invention(text) is not None and (voice is None or voice[1] < _CLEAR_VOICE))
        or logprob < _DOUBTFUL_LOGPROB
        or no_speech > _DOUBTFUL_NO_SPEECH
        or (voice is not None and voice[1] < _DOUBTFUL_VOICE)
    )


def heard_again(text: str, again: str) -> str:
    """What two passes over the same sound heard: the text without the ends of videos that the second pass
    did not write; nothing where they heard something else."""
    if not are_alike(text, again):
        return ""
    unsure = [part for part in outros(text) if not _holds(again, part)]
    for part in unsure:
        text = text.replace(part, " ")
    return " ".join(text.split()) if unsure else text


def _holds(text: str, part: str) -> bool:
    """Whether about these words stand in a text, which is compared from its beginning."""
    first, second = key(text)[:_MOST_SEARCHED], key(part)
    blocks = SequenceMatcher(None, first, second, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks if block.size >= 3) >= _LEAST_FOUND * len(second)


def are_alike(text: str, again: str) -> bool:
    """Whether two passes over the same sound heard about the same: what is really said, they do."""
    first, second = key(text)[:_COMPARED], key(again)[:_COMPARED]
    return SequenceMatcher(None, first, second, autojunk=False).ratio() >= _LEAST_ALIKE


def languages_of(options: Mapping[str, Any], known: Iterable[str]) -> frozenset[str] | None:
    """The languages that the option `languages` of a profile allows, None for all.

    known: what the model knows. Raises ValueError that says what to write.
    """
    if options.get("languages") is None:
        return None
    asked, codes = options["languages"], frozenset(known)
    if not isinstance(asked, list | tuple) or not asked:
        raise ValueError('the option languages is a list of ISO 639-1 codes, as in ["fr", "en"]')
    unknown = [str(code) for code in asked if code not in codes]
    if unknown:
        raise ValueError(
            f"the option languages names {', '.join(unknown)}, which the model does not know; it knows "
            f"{', '.join(sorted(codes))}"
        )
    return frozenset(asked)


def likeliest(
    probabilities: Iterable[tuple[str, float]], allowed: frozenset[str] | None
) -> tuple[str, float]:
    """The likeliest of the allowed languages and its probability; of equals the first."""
    return max(
        ((name, p) for name, p in probabilities if allowed is None or name in allowed),
        key=lambda pair: pair[1],
    )


def speech_score(segments: Sequence[tuple[float, float]]) -> float:
    """exp of the mean of log probabilities, of (seconds, log probability) pairs."""
    lengths = [max(seconds, 0.01) for seconds, _ in segments]
    total = sum(n * logprob for n, (_, logprob) in zip(lengths, segments, strict=True))
    return math.exp(total / sum(lengths))


def _apart(spans: Iterable[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    """Spans of several detectors, sorted; where two overlap the surer one, and once."""
    apart: list[tuple[float, float, float]] = []
    for start, end, probability in sorted(spans):
        if apart and start < apart[-1][1]:
            before = apart[-1]
            apart[-1] = (before[0], max(before[1], end), max(before[2], probability))
        else:
            apart.append((start, end, probability))
    return apart
