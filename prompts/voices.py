"""The words of a clip: who is heard to say or sing them, in which language, and how they begin. Pure."""

from manifests.evidence import Evidence, Kind
from manifests.languages import language_name
from prompts.singing import Manner, sings
from prompts.topics import is_speech

LANGUAGE_AT_LEAST = 0.7
"""Probability of a language from which on it is told."""


def is_voice(kind: Kind, text: str, how: Manner) -> bool:
    """Whether a claim about sound tells of the voice that says, or sings, the words."""
    return sings(text) if how == "sung" else is_speech(kind, text)


def sure_language(evidence: Evidence) -> str | None:
    """The English name of the transcript's language, None where its recogniser was not sure."""
    code, probability = evidence.language
    if probability is not None and probability < LANGUAGE_AT_LEAST:
        return None
    return language_name(code)


def start(transcript: str, characters: int) -> str:
    """The start of a transcript in whole words: half a number is another number."""
    words = " ".join(transcript[: 4 * characters].split())
    beginning = words[:characters]
    if len(words) > characters and not words[characters].isspace() and " " in beginning:
        beginning = beginning.rsplit(" ", 1)[0]
    return beginning
