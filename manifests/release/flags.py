"""Flags of a row: personal data and profanity in the texts that a release gives of it.

These are its captions and further ones, its transcript, and where the release has them, its claims, and
what all captioners said and heard. Computed for releases alone, and only where their rules ask. Most
rows have nothing that could be meant: one regular expression of the database finds those that may, and
only they are looked at closely (`personal`, `profanity`).
"""

from collections.abc import Sequence
from typing import Any

import duckdb
import pyarrow as pa
from duckdb.func import FunctionNullHandling, PythonUDFType

from manifests.captions import CAPTIONS
from manifests.release.personal import PROVIDERS, has_card, has_mail, has_phone, pieces
from manifests.release.profanity import LANGUAGES, english_pattern, is_profane
from manifests.release.sections import Flag
from manifests.release.sql import array, literal

_WRITTEN_IN = "en"
"""Captions are English, and so is what captioners say."""
_BREAK = "chr(10)"
"""Between texts that are looked at together."""
_SOME = {
    "email": rf"@|(?i)\bat ({PROVIDERS})",
    "phone": r"[0-9][^a-zA-Z]{0,4}[0-9]",
    "card": r"[0-9]{3}",
}
"""What a text must hold, beside anything that is not ASCII, to have a flag."""


def flags_of(
    written: str | None,
    spoken: Sequence[tuple[str | None, str | None]],
    wanted: Sequence[Flag],
) -> set[Flag]:
    """Those of the flags wanted that a row has. written: its captions and what captioners say, one on
    each line. spoken: its transcripts with their languages, ISO 639-1; English where it is not known."""
    texts = [(written, _WRITTEN_IN)]
    texts += [(words, (language or _WRITTEN_IN).lower()) for words, language in spoken]
    parts = {(piece, language): None for text, language in texts for piece in pieces(text or "")}
    return {flag for flag in wanted if any(_has(flag, *part) for part in parts)}


def _has(flag: Flag, text: str, language: str) -> bool:
    if not text:
        return False
    if flag == "phone":
        return has_phone(text, language)
    if flag == "email":
        return has_mail(text)
    return has_card(text) if flag == "card" else is_profane(text, language)


def condition(wanted: Sequence[Flag], evidence: bool, claims: bool) -> str:
    """SQL of whether a row has one of the flags; needs `register`. evidence, claims: they are looked at
    too."""
    written = [*CAPTIONS, _of_each("variants", "text")]
    written += [_of_each("claims", "text")] if claims else []
    words, languages = "[transcript]", "[language]"
    if evidence:
        written += [_of_each("evidence", "text"), _of_claims("text"), _of_claims("label")]
        words += " || list_transform(evidence, lambda weak: weak.transcript)"
        languages += " || list_transform(evidence, lambda weak: weak.language)"
    text = f"concat_ws({_BREAK}, {', '.join(written)})"
    texts = f"concat_ws({_BREAK}, {text}, array_to_string({words}, {_BREAK}))"
    patterns = [_SOME[flag] for flag in wanted if flag in _SOME]
    patterns += [english_pattern()] if "profanity" in wanted else []
    pattern = "|".join(f"(?:{each})" for each in patterns)
    doubts = [f"strlen({texts}) <> length({texts})"]
    doubts += [f"regexp_matches({texts}, {literal(pattern)})"]
    if "profanity" in wanted:
        others = [language for language in LANGUAGES if language != _WRITTEN_IN]
        doubts.append(f"list_has_any({languages}, {array(others)})")
    columns = f"{text}, {words}, {languages}, {array(wanted)}"
    return f"CASE WHEN {' OR '.join(doubts)} THEN flagged({columns}) ELSE false END"


def _of_each(column: str, field: str) -> str:
    """A field of all in a list, as one text."""
    return f"array_to_string(list_transform({column}, lambda each: each.{field}), {_BREAK})"


def _of_claims(field: str) -> str:
    """A field of all claims of the evidence, as one text."""
    claims = "flatten(list_transform(evidence, lambda weak: weak.claims))"
    return _of_each(claims, field)


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes `flagged(written, words, languages, wanted)` known to a connection."""

    def flagged(
        written: pa.ChunkedArray,
        words: pa.ChunkedArray,
        languages: pa.ChunkedArray,
        wanted: pa.ChunkedArray,
    ) -> pa.Array:
        columns = (written, words, languages, wanted)
        rows = zip(*(column.to_pylist() for column in columns), strict=True)
        verdicts = [
            bool(flags_of(text, list(zip(heard, spoken, strict=True)), asked))
            for text, heard, spoken, asked in rows
        ]
        return pa.array(verdicts, pa.bool_())

    kinds: list[Any] = ["VARCHAR", "VARCHAR[]", "VARCHAR[]", "VARCHAR[]"]
    connection.create_function(
        "flagged",
        flagged,
        kinds,
        "BOOLEAN",
        type=PythonUDFType.ARROW,
        null_handling=FunctionNullHandling.SPECIAL,
    )
