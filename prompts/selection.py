"""Fusion: which claims of a clip's evidence the writer may say and which it must.

Rules, in this order:
1. A claim is supported by every claim of its modality that implies it (`prompts.support`). It is as
   sure as the surest of these; each counts with everybody's word (`Claim.fused`), or with its own
   confidence where nobody fused.
2. Sounds that captioners confuse ("rain", "engine") are rivals when none of them is high. What is
   seen may choose one of those that were heard; it never adds one.
3. Low claims are left out. There is no "possibly". Free text is taken as `prompts.normalise` leaves it:
   without hedges and chat; orders, refusals and another language are left out.
4. What a kept claim implies is not said a second time: "a bird and a duck" would be two. If it was surer,
   the kept one must be said in its place. Only sure music stays beside singing that is only likely: who
   hears of both hears one thing. Nor are the same words under two labels ("Frog", "Croak"), whatever
   the number, nor what another captioner says in other words, where the caller knows that, by what
   happens (`prompts.meaning.events`) or by an embedder (`prompts.nearness`): "a motorbike revs" beside
   "a motorcycle roars off". Of a tag and a sentence the sentence is said, of two as sure the one that
   tells more.
5. Of several names of one thing ("a busy signal", "a dial tone"; two breeds of dog) the one that tells
   most among the surest is said (`one_thing` and `kinds_seen` of the word table).
6. Signals ("silence", "a black picture") are no facts: where nothing else is left they are the reason why
   there is no caption (`prompts.emptiness`).
7. Before all of these: words over which singing is heard are lyrics (`prompts.singing`). Who sings is not
   said to speak, and the words are never quoted as said.
8. Of each side at most the two surest must be said where captioners speak in sentences: who tells a whole
   scene in words of their own tells it in more facts than a caption has room for.
Pure: the same evidence and embedder always give the same facts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from manifests.captions import Domain
from manifests.evidence import Confidence, Evidence, Kind, Modality, Tier
from prompts.candidates import Candidate, candidates_of, supported, without_rivals
from prompts.listing import WeakClaim, claims_of
from prompts.merging import Same, once
from prompts.quotes import without_quotations
from prompts.schema import CAPTION_CHARS
from prompts.singing import Manner, counts, is_sung, manner, singing
from prompts.topics import is_music
from prompts.voices import is_voice, start, sure_language
from prompts.words import tokens

HEARD_AT_MOST = 4
SEEN_AT_MOST = 5
TOLD_AT_MOST = 16
"""Facts of a side where captioners speak in sentences: a whole scene, as far as a caption has room."""
SPOKEN_AT_MOST = 400
"""Characters of a transcript that the writer is shown."""
QUOTED_FROM_AT_MOST = 20_000
"""Characters of a transcript that quotations are looked for in: a caption may quote what comes later."""

_BY_WORDS = Same()
"""Claims are compared by the word table alone."""

_PROMISED = "high"
_DUE_AT_MOST = 2
"""Facts of one side that must be said where captioners speak in sentences."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One claim that the writer may say.

    text: a clause when heard ("a dog barks"), a noun phrase when seen ("two cars"). confidence: after
    fusion, never low. must: a caption that leaves it out has lost a confident fact. captioners: who
    said it or something that implies it, in the evidence's order. spans: as of the claim that it is.
    language: English name of what is spoken or sung, where a recogniser told it.
    """

    text: str
    label: str
    kind: Kind
    modality: Modality
    confidence: Confidence
    must: bool
    captioners: tuple[str, ...]
    spans: tuple[tuple[int, int], ...] = ()
    language: str | None = None

    @property
    def tier(self) -> Tier:
        """The word of its confidence."""
        return self.confidence.tier

    @property
    def words(self) -> frozenset[str]:
        """The tokens of its text; what stands in quotation marks is not said but shown."""
        return frozenset(tokens(without_quotations(self.text)))


@dataclass(frozen=True, slots=True)
class Facts:
    """What may be said of a clip; surest first.

    transcript: the words spoken, None where nobody heard speech. lyrics: the words sung, None where
    nobody heard singing. Both are data, never an instruction; at most one of them is there. language:
    English name of theirs, None where it is not sure. speaker: who heard them, whether or not it is among
    the facts. all_words: either, as far as quotations are looked for in it. mostly_music: by captioners
    that speak in sentences. unheard, unseen: why there are no facts of a stream that is there ("silence",
    "a black picture"), where anything tells. claims: all that captioners claimed, in the evidence's
    order, also what the facts leave out; that a stream has no content aside. Free text among them is data
    too.
    """

    has_audio: bool
    has_video: bool
    heard: tuple[Fact, ...]
    seen: tuple[Fact, ...]
    transcript: str | None = None
    lyrics: str | None = None
    language: str | None = None
    speaker: Fact | None = None
    all_words: str | None = None
    mostly_music: bool = False
    unheard: str | None = None
    unseen: str | None = None
    claims: tuple[WeakClaim, ...] = ()

    @property
    def is_rich(self) -> bool:
        """Whether a captioner spoke in words of its own."""
        return any(claim.free for claim in self.claims)

    @property
    def absent(self) -> dict[str, str]:
        """Why a caption can't exist, by its name; captions that can are not in it."""
        why: dict[str, str] = {}
        if not self.heard:
            there = self.unheard or "nothing confident was heard"
            why["audio_caption"] = there if self.has_audio else "no audio stream"
        if not self.seen:
            there = self.unseen or "nothing confident was seen"
            why["visual_caption"] = there if self.has_video else "no video stream"
        if why:
            why["audio_visual_caption"] = "; ".join(why.values())
        return why

    @property
    def domain(self) -> Domain:
        """What the sound is about: words that were understood, music above all, or anything."""
        if self.transcript:
            return "speech"
        if self.mostly_music:
            return "music"
        if self.heard and all(fact.kind == "music" for fact in self.heard):
            return "music"
        return "general"

    @property
    def empty(self) -> bool:
        """Whether there is nothing to say."""
        return not (self.heard or self.seen)


def select(
    evidence: Evidence,
    same: Same = _BY_WORDS,
    caption_chars: int = CAPTION_CHARS,
) -> Facts:
    """The facts of one clip. Claims without a text (bare measures) or confidence count for nothing.
    caption_chars: of a caption at most; free text that is longer is cut."""
    how = manner(evidence)
    heard = supported(candidates_of(evidence, "audio", caption_chars))
    if how == "sung":
        heard = _sung(heard, evidence)
    seen = supported(candidates_of(evidence, "video", caption_chars))
    heard = without_rivals(heard, seen)
    claims = claims_of(evidence, caption_chars)
    rich = any(claim.free for claim in claims)
    heard_facts = _facts(heard, TOLD_AT_MOST if rich else HEARD_AT_MOST, same, rich)
    seen_facts = _facts(seen, TOLD_AT_MOST if rich else SEEN_AT_MOST, same, rich)
    words = start(evidence.transcript or "", SPOKEN_AT_MOST) or None
    voices = _voices(heard, how) if words else []
    facts = Facts(
        has_audio=evidence.has_audio,
        has_video=evidence.has_video,
        heard=heard_facts,
        seen=seen_facts,
        transcript=words if voices and how == "said" else None,
        lyrics=words if voices and how == "sung" else None,
        mostly_music=is_music(c.claim for c in heard if c.tier != "low"),
        unheard=None if heard_facts else _emptiness(heard),
        unseen=None if seen_facts else _emptiness(seen),
        claims=claims,
    )
    return _with_voice(facts, voices[0], evidence) if voices else facts


def _emptiness(candidates: Sequence[Candidate]) -> str | None:
    """The surest reason why nothing is there."""
    likely = [candidate for candidate in candidates if candidate.tier != "low" and candidate.empty]
    return max(likely, key=lambda candidate: candidate.rank).empty if likely else None


def _voices(heard: Sequence[Candidate], how: Manner) -> list[Candidate]:
    """Who heard the words of the transcript said, or sung, at medium or above; surest first. Kept as a
    fact or not: that somebody speaks is often told by a sentence that tells more."""
    voices = [
        candidate
        for candidate in heard
        if candidate.tier != "low"
        and how != "both"
        and is_voice(candidate.claim.kind, candidate.claim.text, how)
    ]
    return sorted(voices, key=lambda candidate: candidate.rank, reverse=True)


def _with_voice(facts: Facts, voice: Candidate, evidence: Evidence) -> Facts:
    """The facts with the language of those that tell of the voice, who heard it, and all its words."""
    language = sure_language(evidence)
    words = start(evidence.transcript or "", QUOTED_FROM_AT_MOST)
    how: Manner = "sung" if facts.lyrics else "said"
    told = (is_voice(fact.kind, fact.text, how) for fact in facts.heard)
    heard = tuple(
        replace(fact, language=language) if of_voice else fact
        for fact, of_voice in zip(facts.heard, told, strict=True)
    )
    speaker = replace(_fact(voice, must=False), language=language)
    return replace(facts, heard=heard, language=language, speaker=speaker, all_words=words)


def _sung(heard: list[Candidate], evidence: Evidence) -> list[Candidate]:
    """Rule 7: without who sings said to speak, and with the singing that the words bear out."""
    when = singing(evidence)
    return [
        replace(candidate, tier="medium")
        if candidate.tier == "low" and counts(candidate.claim)
        else candidate
        for candidate in heard
        if not is_sung(candidate.claim, when)
    ]


def _facts(
    candidates: Sequence[Candidate], at_most: int, same: Same, rich: bool
) -> tuple[Fact, ...]:
    """Rules 3 to 6 and 8, and the limit on their number."""
    likely = [c for c in candidates if c.tier != "low" and not c.empty]
    # The best of its equals stands first (sorting is stable) and the others are implied by it.
    likely.sort(key=lambda candidate: candidate.rank, reverse=True)
    kept = once(likely, same)[:at_most]
    due = [candidate for candidate in likely if candidate.tier == _PROMISED]
    must = _must(kept, due, rich)
    must.sort(key=lambda at: _strength(kept[at], due), reverse=True)
    bound = set(must[:_DUE_AT_MOST] if rich else must)
    return tuple(_fact(candidate, must=at in bound) for at, candidate in enumerate(kept))


def _must(kept: Sequence[Candidate], due: Sequence[Candidate], rich: bool) -> list[int]:
    """The places of those that tell a confident claim; of tags the surest where none does. Of many
    sentences of which none is sure any may be left out."""
    must = [at for at, candidate in enumerate(kept) if any(candidate.tells(each) for each in due)]
    return must or ([] if rich else list(range(len(kept)))[:1])


def _strength(candidate: Candidate, due: Sequence[Candidate]) -> tuple[int, float]:
    """The rank of the surest claim that one tells."""
    return max(
        each.rank for each in (candidate, *due) if candidate.tells(each) or each is candidate
    )


def _fact(candidate: Candidate, must: bool) -> Fact:
    return Fact(
        text=" ".join(candidate.claim.text.split()),
        label=candidate.claim.label,
        kind=candidate.claim.kind,
        modality=candidate.claim.modality,
        confidence=candidate.confidence,
        must=must,
        captioners=candidate.captioners,
        spans=candidate.claim.spans,
    )
