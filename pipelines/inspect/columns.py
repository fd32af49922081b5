"""The columns by which clips are searched, filtered and sorted, of a workspace and of a release."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from captioners.confidence.tiers import HIGH, MEDIUM
from manifests.captions import CAPTIONS

What = Literal["text", "number", "choice"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the index.

    sql: of its value, from a row of captions. what: "text" is searched by words, "number" compared,
    "choice" one of a few values. facet: its values are listed with counts. doc: for the help.
    """

    name: str
    title: str
    what: What
    sql: str
    doc: str
    facet: bool = False


TEXTS = {"heard": 1, "seen": 2, "together": 4, "said": 8, "path": 16}
"""Columns that are searched by words, and the bit of each in the inverted list."""


def _text(name: str, title: str, sql: str, doc: str) -> Column:
    return Column(name, title, "text", sql, doc)


def _choice(name: str, title: str, sql: str, doc: str, facet: bool = True) -> Column:
    return Column(name, title, "choice", f"coalesce(CAST({sql} AS VARCHAR), '{NONE}')", doc, facet)


def _number(name: str, title: str, sql: str, doc: str) -> Column:
    return Column(name, title, "number", f"CAST({sql} AS FLOAT)", doc)


NONE = "none"
"""A choice that a clip does not have."""

_AUTHORS = ", ".join(f"{name.removesuffix('_caption')}_by" for name in CAPTIONS)
_BY = f"""CASE WHEN coalesce({_AUTHORS}) IS NULL
THEN NULL WHEN list_contains([{_AUTHORS}], 'human') THEN 'human'
WHEN len(list_distinct(list_filter([{_AUTHORS}],
lambda b: b IS NOT NULL))) > 1 THEN 'both'
ELSE coalesce({_AUTHORS}) END"""
_SECONDS = "duration_ms / 1000"
_LENGTH = f"""CASE WHEN duration_ms = 0 THEN 'still' WHEN {_SECONDS} < 3 THEN 'under 3 s'
WHEN {_SECONDS} < 10 THEN '3 to 10 s' WHEN {_SECONDS} < 30 THEN '10 to 30 s' ELSE '30 s and more' END"""
_SURE = """CASE WHEN {0} IS NULL THEN NULL WHEN {0} < {1} THEN 'low' WHEN {0} < {2} THEN 'medium'
ELSE 'high' END"""
_SUPPORTED = """CASE WHEN {0} IS NULL THEN NULL WHEN {0} >= 1 THEN 'all' WHEN {0} > 0 THEN 'a part'
ELSE 'nothing' END"""
_CAPTIONED = " + ".join(f"({name} IS NOT NULL)::INT" for name in CAPTIONS)
_DOUBTED = " + ".join(
    f"({name.removesuffix('_caption')}_judged IS NOT NULL)::INT" for name in CAPTIONS
)
PATH = "coalesce(TRY(url_decode(replace(uri, 'file://', ''))), replace(uri, 'file://', ''))"

_SHARED = (
    _text("heard", "heard", "audio_caption", "the audio caption"),
    _text("seen", "seen", "visual_caption", "the visual caption"),
    _text("together", "together", "audio_visual_caption", "the audio-visual caption"),
    _text("said", "said", "transcript", "the transcript"),
    _text("path", "file", PATH, "folders and name of the source"),
    _choice("kind", "kind", "kind", "video, audio or image"),
    _choice("domain", "sound", "domain", "speech, music or general"),
    _choice("language", "language", "language", "of the transcript"),
    _choice("length", "length", _LENGTH, "how long the clip is"),
    _choice("author", "written by", _BY, "llm, template, both, or human"),
    _choice("writer", "writer", "writer", "the model that was asked to write"),
    _choice("licence", "licence", "licence", "of the models behind the captions"),
    _choice(
        "trains",
        "may train",
        "CASE WHEN outputs_train THEN 'yes' WHEN NOT outputs_train THEN 'no' END",
        "whether these licences let the captions train other models",
    ),
    _number("seconds", "seconds", _SECONDS, "length of the clip"),
    _number("start", "start", "start_ms / 1000", "start of the clip in its source, in seconds"),
    _number("captions", "captions", _CAPTIONED, "how many of the three captions it has"),
)

_CLAIMS = "len(claims)"
_UNSUPPORTED = "len(list_filter(claims, lambda c: NOT coalesce(c.supported, false)))"
_SUPPORT = f"1 - {_UNSUPPORTED} / nullif({_CLAIMS}, 0)"
_CONFIDENCE = (
    "list_avg(list_transform(claims, lambda c: "
    "CASE WHEN c.supported THEN c.confidence.probability END))"
)


def _judged(support: str, confidence: str) -> tuple[Column, ...]:
    return (
        _number("support", "support", support, "share of its claims that the evidence says"),
        _number("confidence", "confidence", confidence, "mean probability of its supported claims"),
        _choice(
            "supported", "supported", _SUPPORTED.format(f"({support})"), "all, a part, or nothing"
        ),
        _choice(
            "sure",
            "how sure",
            _SURE.format(f"({confidence})", MEDIUM, HIGH),
            f"confidence under {MEDIUM:g}, under {HIGH:g}, or from there on",
        ),
    )


_NEAR = {
    "near_heard": ("audio_caption", "sound and audio caption"),
    "near_seen": ("visual_caption", "picture and visual caption"),
    "near_together": ("audio_visual_caption", "both and audio-visual caption"),
    "near_media": ("audio_video", "sound and picture"),
}

SIMILAR = tuple(f"similar_{column}" for column, _ in _NEAR.values())
"""Columns that stand beside a row of captions of a workspace: its similarities."""
COUNTED = ("counted_claims", "counted_unsupported")
"""Columns that stand beside a row of a release that has claims."""


def _claimed(claims: str, unsupported: str) -> tuple[Column, ...]:
    return (
        _number("claims", "claims", claims, "how many claims its captions make"),
        _number(
            "unsupported", "unsupported", unsupported, "how many of them the evidence does not say"
        ),
    )


WORKSPACE: tuple[Column, ...] = (
    _choice("outcome", "outcome", "'captioned'", "captioned, filtered or quarantined"),
    _choice("reason", "reason", "CAST(NULL AS VARCHAR)", "why it is filtered or quarantined"),
    *_SHARED,
    *_judged(_SUPPORT, _CONFIDENCE),
    *_claimed(_CLAIMS, _UNSUPPORTED),
    _number(
        "refused", "refused", "len(coalesce(lints, []))", "faults of replies that were refused"
    ),
    _choice(
        "replies",
        "replies",
        "CASE WHEN writer IS NULL THEN NULL WHEN len(coalesce(lints, [])) > 0 THEN 'some refused' "
        "ELSE 'all taken' END",
        "whether replies of the writer were refused",
    ),
    _choice(
        "doubt",
        "judge",
        f"CASE WHEN {_DOUBTED} > 0 THEN 'was asked' ELSE 'not asked' END",
        "whether a caption was in doubt",
    ),
    *(
        _number(name, name.replace("_", " "), f"similar_{column}", f"similarity of {of}")
        for name, (column, of) in _NEAR.items()
    ),
)

RELEASE: tuple[Column, ...] = (
    _choice("split", "split", "split", "of the release"),
    _choice("terms", "licence class", "terms", "permissive, noncommercial or unknown"),
    *_SHARED,
    *_judged("support", "confidence"),
    _choice("stage", "stage", "stage", "1; 2 where recaptioned"),
    _choice(
        "people", "by people", "CASE WHEN \"real\" THEN 'yes' ELSE 'no' END", "captions by people"
    ),
    _choice("input", "input", "input_name", "the workspace that the captions come from"),
)

OF_CLAIMS = _claimed(*(f"coalesce({name}, 0)" for name in COUNTED))
"""Further columns of a release that has claims."""


def lacking(columns: Sequence[Column]) -> tuple[Column, ...]:
    """What workspaces tell of clips, and a set with these columns does not."""
    names = {column.name for column in columns}
    return tuple(column for column in WORKSPACE if column.name not in names)


SAME = Column(
    "same", "same captions", "number", "1", "how many clips have exactly these captions", False
)
"""Counted when all rows are in the index."""
