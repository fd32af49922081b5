"""The reply that the writer owes: a bounded JSON object of up to three strings."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from manifests.captions import CaptionName, CaptionSet
from prompts.violations import Violation

CAPTION_CHARS = 240
"""Characters of one caption at most, where a profile does not say how many."""


def json_schema(keys: Sequence[str], at_most: int) -> dict[str, Any]:
    """JSON schema of a reply with exactly these strings, in this order, of at most so many characters.

    Every string is bounded: unbounded ones let a small model run to the token limit. The price: the
    grammar that vLLM makes of it (xgrammar 0.2) has no escaped characters, so that a caption can quote
    only with marks that need none, “ and ”. A template has
    four such schemas at most, so that a server compiles each once.
    """
    text = {"type": "string", "minLength": 2, "maxLength": at_most}
    return {
        "type": "object",
        "properties": {key: dict(text) for key in keys},
        "required": list(keys),
        "additionalProperties": False,
    }


def parse(text: str, keys: Mapping[CaptionName, str], at_most: int) -> CaptionSet | Violation:
    """The captions of a reply, or why it is none. keys: what each wanted caption is called in it.

    A reply must be one JSON object with these keys and no others, every value a string of at most
    `at_most` characters.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return Violation("not_json", detail=_start(text))
    if not isinstance(value, dict):
        return Violation("not_json", detail="not an object")
    if set(value) != set(keys.values()):
        return Violation("wrong_keys", detail=_start(", ".join(value)))
    for name, key in keys.items():
        if not isinstance(value[key], str):
            return Violation("wrong_type", name, type(value[key]).__name__)
        if len(value[key]) > at_most:
            return Violation("too_long", name, f"{len(value[key])} characters")
    return CaptionSet(**{name: value[key] for name, key in keys.items()})


def _start(text: str) -> str:
    return " ".join(text.split())[:60]
