"""Flags of a row: personal data and profanity in its captions and its transcript.

Computed for releases alone, and only where their rules ask. Most rows have nothing that could be meant:
one regular expression of the database finds those that may, and only they are looked at closely
(`personal`, `profanity`).
"""

from collections.abc import Sequence
from typing import Any

import duckdb
import pyarrow as pa
from duckdb.func import FunctionNullHandling, PythonUDFType

from manifests.captions import CAPTIONS
from manifests.release.personal import PROVIDERS, has_card, has_mail, has_phone
from manifests.release.profanity import LANGUAGES, english_pattern, is_profane
from manifests.release.sections import Flag
from manifests.release.sql import array, literal

_WRITTEN_IN = "en"
"""Captions are English."""
_SOME = {
    "email": rf"@|(?i)\bat ({PROVIDERS})",
    "phone": r"[0-9][^a-zA-Z]{0,4}[0-9]",
    "card": r"[0-9]{3}",
}
"""What a text must hold, beside anything that is not ASCII, to have a flag."""


def flags_of(
    captions: Sequence[str | None],
    transcript: str | None,
    language: str | None,
    wanted: Sequence[Flag],
) -> set[Flag]:
    """Those of the flags wanted that a row has. language: of the transcript, ISO 639-1; English where it
    is not known."""
    written = "\n".join(text for text in captions if text)
    parts = [(written, _WRITTEN_IN), (transcript or "", (language or _WRITTEN_IN).lower())]
    return {flag for flag in wanted if any(_has(flag, *part) for part in parts)}


def _has(flag: Flag, text: str, language: str) -> bool:
    if not text:
        return False
    if flag == "phone":
        return has_phone(text, language)
    if flag == "email":
        return has_mail(text)
    return has_card(text) if flag == "card" else is_profane(text, language)


def condition(wanted: Sequence[Flag]) -> str:
    """SQL of whether a row has one of the flags; needs `register`."""
    texts = f"concat_ws(chr(10), {', '.join(CAPTIONS)}, transcript)"
    patterns = [_SOME[flag] for flag in wanted if flag in _SOME]
    patterns += [english_pattern()] if "profanity" in wanted else []
    pattern = "|".join(f"(?:{each})" for each in patterns)
    doubts = [f"strlen({texts}) <> length({texts})"]
    doubts += [f"regexp_matches({texts}, {literal(pattern)})"]
    if "profanity" in wanted:
        others = [language for language in LANGUAGES if language != _WRITTEN_IN]
        doubts.append(f"transcript IS NOT NULL AND language IN ({', '.join(map(literal, others))})")
    columns = f"{', '.join(CAPTIONS)}, transcript, language, {array(wanted)}"
    return f"CASE WHEN {' OR '.join(doubts)} THEN flagged({columns}) ELSE false END"


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes `flagged(captions..., transcript, language, wanted)` known to a connection."""

    def flagged(
        audio: pa.ChunkedArray,
        visual: pa.ChunkedArray,
        both: pa.ChunkedArray,
        transcript: pa.ChunkedArray,
        language: pa.ChunkedArray,
        wanted: pa.ChunkedArray,
    ) -> pa.Array:
        columns = (audio, visual, both, transcript, language, wanted)
        rows = zip(*(column.to_pylist() for column in columns), strict=True)
        verdicts = [
            bool(flags_of(captions, words, spoken, asked))
            for *captions, words, spoken, asked in rows
        ]
        return pa.array(verdicts, pa.bool_())

    kinds: list[Any] = ["VARCHAR"] * 5 + ["VARCHAR[]"]
    connection.create_function(
        "flagged",
        flagged,
        kinds,
        "BOOLEAN",
        type=PythonUDFType.ARROW,
        null_handling=FunctionNullHandling.SPECIAL,
    )
