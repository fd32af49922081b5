"""What a captioner's sentence is about: somebody speaks, music plays, or something else is heard.

By words, through the lexicon and a few stems that only captioners who speak in sentences use. What a
sentence denies ("no one is speaking") it does not tell. Pure.
"""

import re
from collections.abc import Iterable
from typing import Literal

from manifests.evidence import Claim, Kind
from prompts.quotes import without_quotations
from prompts.words import tokens, upward

Topic = Literal["music", "neutral", "other"]

_DENIED = re.compile(
    r"\b(?:no|without|nobody|no one|none|neither|nor|not|never)\b[^,.;]*|\w+n['’]t\b[^,.;]*",
    re.IGNORECASE,
)
_SPEECH = frozenset(
    tokens(
        "speech voice announces announcement commentator narrator explains chats lecture interview"
        " introduces greets replies asks tells recites reads dialogue instructs instructions preaches"
        " reporter broadcaster discusses argues mutters mumbles exclaims comments rants sermon presenter"
    )
)
_SINGING = frozenset(tokens("sing vocal_music"))
_MUSIC = _SINGING | frozenset(
    tokens(
        "music melody tempo genre chord arpeggio band vocal concert ballad soundtrack tune synth riff bpm"
        " solo song bassline chorus refrain verse lullaby anthem hymn musical instrument"
    )
)
# Kinds of music and parts of instruments by the lexicon, and other things in most sentences.
_OTHER_SENSES = frozenset(
    tokens("metal rock blue bow swing string trance bass sampler mallet pluck bellow whoop house")
)
# Voices of a crowd, at a concert as well.
_CROWD = frozenset(tokens("shout yell chatter hubbub whoop scream"))
# Of a concert, and of no other sound.
_NEUTRAL = frozenset(
    tokens(
        "applause applauds claps cheers audience reverb reverberant mood performance recorded recording"
        " quality rhythm dynamics acoustics"
    )
)
_BEHIND = re.compile(
    r"\b(?:background|faint\w*|distan\w+|radio|television|tv|phone|loudspeakers?|stereo|"
    r"over the speakers)\b",
    re.IGNORECASE,
)
_QUOTATION = re.compile(r"[\"“][^\"“”]*[\"”]")


def speaks(text: str) -> bool:
    """Whether a sentence about sound says that somebody speaks; who sings has a voice as well."""
    told = _told(text)
    if told & _SINGING:
        return bool(told & (_SPEECH - {"voic"}))
    return bool(told & _SPEECH) or _QUOTATION.search(text) is not None


def is_speech(kind: Kind, text: str) -> bool:
    """Whether a claim about sound is of speech: by its kind, or by the words of free text."""
    return kind == "speech" or (kind == "caption" and speaks(text))


def topic(text: str) -> Topic:
    """What a sentence about sound tells: of music in front of the rest, of what goes with music
    (applause, a hall, a mood), or of something else."""
    told = _told(text)
    if told & _MUSIC and not told & {"anim", "bird"}:
        return "other" if _BEHIND.search(text) else "music"
    return "neutral" if told & _NEUTRAL else "other"


def is_music(claims: Iterable[Claim]) -> bool:
    """Whether captioners that speak in sentences tell of music above all: at least as many claims of it
    as of other sounds, and none of speech. False where nobody spoke in sentences."""
    claims = [claim for claim in claims if claim.kind != "signal"]
    if not any(claim.kind == "caption" for claim in claims):
        return False
    if any(_is_talk(claim) for claim in claims):
        return False
    told = ["music" if claim.kind == "music" else topic(claim.text) for claim in claims]
    return told.count("music") >= max(1, told.count("other"))


def _is_talk(claim: Claim) -> bool:
    if claim.kind != "caption":
        return claim.kind == "speech"
    told = _told(claim.text, but=_CROWD)
    return bool(told & _SPEECH) and not told & _SINGING


def _told(text: str, but: frozenset[str] = frozenset()) -> frozenset[str]:
    told = frozenset(tokens(_DENIED.sub(" ", without_quotations(text))))
    return upward(told - _OTHER_SENSES - but)
