"""A line of a file of captions to check: one clip's evidence and captions, as somebody else wrote them.

The format stands in docs/tables.md. What can't be read raises ValueError, which says where and what to
do. Keys that nobody knows are errors inside an item and among the captions, where a slip of the pen would
change the verdict; beside them they are left alone.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from manifests.captions import CAPTIONS, CaptionName
from manifests.evidence import Modality
from manifests.languages import language_name
from manifests.sources.cells import cleaned
from prompts.selection import QUOTED_FROM_AT_MOST

Told = Literal["text", "tags", "transcript"]

MOST_ITEMS = 256
"""Items of evidence of a clip."""
MOST_CHARS = 50_000
"""Characters of all evidence of a clip."""
_SHOWN = 60
_KINDS: tuple[Told, ...] = ("text", "tags", "transcript")
_KEYS = ("captioner", "modality", *_KINDS, "score", "language")


@dataclass(frozen=True, slots=True)
class Item:
    """What one captioner says of one side of a clip.

    told: in which of the three ways. texts: the text or the transcript alone, or the labels of tags.
    scores: of each, in [0, 1], None where nobody gave one. language: of a transcript, ISO 639-1.
    """

    captioner: str
    modality: Modality
    told: Told
    texts: tuple[str, ...]
    scores: tuple[float | None, ...]
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """One clip. captions: those that are not null."""

    id: str
    evidence: tuple[Item, ...]
    captions: Mapping[CaptionName, str]


def given(line: str) -> Given:
    """The clip of a line. Raises ValueError."""
    row = _object(line)
    name = row.get("id")
    if isinstance(name, bool) or not isinstance(name, str | int) or name == "":
        raise ValueError(f'"id" has to be a text or a number, and is {_shown(name)}')
    for key in ("evidence", "captions"):
        if key not in row:
            raise ValueError(f'"{key}" is missing; there are: {", ".join(map(_name, row))}')
    items = row["evidence"]
    if not isinstance(items, list):
        raise ValueError(f'"evidence" has to be a list, and is {_shown(items)}')
    if len(items) > MOST_ITEMS:
        raise ValueError(
            f'"evidence" has {len(items)} items, at most {MOST_ITEMS} are read: one for each captioner, '
            "with all its tags"
        )
    evidence = tuple(_item(item, f"evidence item {n}") for n, item in enumerate(items, 1))
    length = sum(len(text) for item in evidence for text in item.texts)
    if length > MOST_CHARS:
        raise ValueError(f'"evidence" has {length} characters, at most {MOST_CHARS} are read')
    return Given(cleaned(str(name)), evidence, _captions(row["captions"]))


def _object(line: str) -> dict[str, Any]:
    try:
        row = json.loads(
            line, object_pairs_hook=_fields, parse_constant=_no_number, parse_int=_whole
        )
    except json.JSONDecodeError as error:
        if line.startswith("[") or line in ("{", "}"):
            raise ValueError("it is no JSON object: write each clip on one line") from None
        where = f"{error.msg} at character {error.pos + 1}"
        raise ValueError(f"it is no JSON: {where}") from None
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    if not isinstance(row, dict):
        raise ValueError(f"it has to be a JSON object, and is {_shown(row)}: one clip a line")
    return row


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name in fields:
            raise ValueError(f"{_name(name)} is there twice")
        fields[name] = value
    return fields


def _whole(digits: str) -> int:
    if len(digits) > _SHOWN:
        raise ValueError(f"a number of {len(digits)} digits is no score and no id")
    return int(digits)


def _no_number(constant: str) -> float:
    raise ValueError(f"{constant} is no number of JSON: leave out a score that is not known")


def _captions(captions: Any) -> dict[CaptionName, str]:
    if not isinstance(captions, dict):
        raise ValueError(
            f'"captions" has to be an object with {", ".join(CAPTIONS)}, and is {_shown(captions)}'
        )
    unknown = [_name(key) for key in captions if key not in CAPTIONS]
    if unknown:
        raise ValueError(f"no caption is called {unknown[0]}; there are {', '.join(CAPTIONS)}")
    return {
        name: _text(captions[name], f'"{name}"')
        for name in CAPTIONS
        if captions.get(name) is not None
    }


def _item(item: Any, where: str) -> Item:
    if not isinstance(item, dict):
        raise ValueError(f"{where} has to be an object, and is {_shown(item)}")
    item = {key: value for key, value in item.items() if value is not None}
    if unknown := [_name(key) for key in item if key not in _KEYS]:
        raise ValueError(f"{where}: no key is called {unknown[0]}; there are {', '.join(_KEYS)}")
    captioner = item.get("captioner")
    if not isinstance(captioner, str) or not captioner.strip():
        raise ValueError(f'{where}: "captioner" has to be a name, and is {_shown(captioner)}')
    modality = item.get("modality")
    if modality not in ("audio", "video"):
        raise ValueError(f'{where}: "modality" is "audio" or "video", not {_shown(modality)}')
    told = [kind for kind in _KINDS if kind in item]
    if len(told) != 1:
        there = " and ".join(told) or "none"
        raise ValueError(f"{where}: it needs one of {', '.join(_KINDS)}, and has {there}")
    score = _score(item.get("score"), where)
    if told[0] == "tags":
        tags = _tags(item["tags"], score, where)
        texts, scores = tuple(text for text, _ in tags), tuple(score for _, score in tags)
    else:
        texts, scores = (_bounded(item[told[0]], f"{where}: {told[0]}"),), (score,)
    language = _language(item, told[0], modality, where)
    return Item(" ".join(cleaned(captioner).split()), modality, told[0], texts, scores, language)


def _language(item: Mapping[str, Any], told: str, modality: str, where: str) -> str | None:
    if told == "transcript" and modality != "audio":
        raise ValueError(
            f"{where}: a transcript is of what is heard; words in the picture are a text, as in "
            "'A sign reads \"EXIT\".'"
        )
    language = item.get("language")
    if language is None:
        return None
    if told != "transcript":
        raise ValueError(f'{where}: "language" belongs to a transcript')
    if not isinstance(language, str) or language_name(language) is None:
        raise ValueError(
            f'{where}: "language" is a code of ISO 639-1 such as "en", not {_shown(language)}'
        )
    return language.lower()


def _tags(tags: Any, score: float | None, where: str) -> list[tuple[str, float | None]]:
    """Labels with their scores. score: of those without one of their own."""
    if not isinstance(tags, list):
        raise ValueError(f'{where}: "tags" has to be a list, and is {_shown(tags)}')
    pairs = []
    for number, tag in enumerate(tags, 1):
        at = f"{where}, tag {number}"
        if isinstance(tag, list) and len(tag) == 2:
            own = _score(tag[1], at)
            pairs.append((_bounded(tag[0], at), score if own is None else own))
        elif isinstance(tag, str):
            pairs.append((_bounded(tag, at), score))
        else:
            raise ValueError(f'{at} is a label or ["label", score], not {_shown(tag)}')
    return pairs


def _score(score: Any, where: str) -> float | None:
    if score is None:
        return None
    if isinstance(score, bool) or not isinstance(score, int | float):
        raise ValueError(f"{where}: the score is a number, not {_shown(score)}")
    if not (math.isfinite(score) and 0 <= score <= 1):
        raise ValueError(
            f"{where}: the score {_shown(score)} is not in [0, 1]; leave out what is no share"
        )
    return float(score)


def _bounded(text: Any, where: str) -> str:
    whole = _text(text, where)
    if len(whole) > QUOTED_FROM_AT_MOST:
        raise ValueError(
            f"{where} has {len(whole)} characters, at most {QUOTED_FROM_AT_MOST} are read"
        )
    return whole


def _text(text: Any, where: str) -> str:
    if not isinstance(text, str):
        raise ValueError(f"{where} has to be a text, and is {_shown(text)}")
    return cleaned(text)


def _name(key: str) -> str:
    return f'"{key[:_SHOWN]}"'


def _shown(value: Any) -> str:
    """A value in an error; of what is large only what it is."""
    if value is None:
        return "missing or null"
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    shown = json.dumps(value[:_SHOWN] if isinstance(value, str) else value, ensure_ascii=False)
    return shown if not isinstance(value, str) or len(value) <= _SHOWN else f'{shown[:-1]}..."'
