"""Classes of licences: rows of one class may be used alike, so each is a configuration of its own."""

import re
from typing import Literal, get_args

LicenceClass = Literal[
    "permissive", "share-alike", "restricted", "noncommercial", "unknown", "no-training"
]
CLASSES: tuple[LicenceClass, ...] = get_args(LicenceClass)
"""From the freest to the strictest. A row is of the strictest that any of its licences asks for."""

MEANING: dict[LicenceClass, str] = {
    "permissive": "every licence permits any use, with attribution at most",
    "share-alike": "a licence requires that derived works are shared under the same terms",
    "restricted": "a licence is not one of the well-known free ones: read its terms",
    "noncommercial": "a licence forbids commercial use",
    "unknown": "the licence of a model is not known, or it does not say whether its outputs may train "
    "other models",
    "no-training": "a licence forbids training other models on outputs",
}

_PERMISSIVE = re.compile(
    r"apache-|mit(-0)?$|bsd-|0bsd$|isc$|zlib$|unlicense$|cc0-|cc-by-\d|cc-pddc|pddl-|odc-by-|"
    r"cdla-permissive-|public-?domain|psf-|python-|ncsa$|bsl-1|ms-pl$|wtfpl$|openrail\+\+$"
)
_SHARE_ALIKE = re.compile(
    r"cc-by-sa-|a?gpl-|lgpl-|mpl-|odbl-|epl-|eupl-|cecill-|cdla-sharing-|osl-"
)
_NONCOMMERCIAL = re.compile(r"non-?commercial|\bnc\b|research-?only")
_UNKNOWN = re.compile(r"licenseref-unknown$|unknown$|noassertion$|none$|other$")
_TOKEN = re.compile(r"[()]|[^\s()]+")
_STRICTEST = len(CLASSES)
_LONGEST = 100_000
"""Characters of an expression that is read; a longer one is "unknown"."""


def licence_class(licence: str | None, outputs_train: bool | None) -> LicenceClass:
    """The class of a row. licence: an SPDX expression, as in the column `licence`. outputs_train: whether
    the licences let it train other models, None where that is not known.

    AND asks for the stricter side, OR leaves the choice. What is no expression is "unknown".
    """
    if outputs_train is False:
        return "no-training"
    own = _of_expression(licence or "")
    if outputs_train is None:
        return max(own, "unknown", key=CLASSES.index)
    return own


def _of_expression(text: str) -> LicenceClass:
    tokens = _TOKEN.findall(text) if len(text) <= _LONGEST else []
    # Of each open parenthesis: the strictness of the alternatives before, and of the one being read.
    open_parts: list[tuple[int, int]] = []
    best, current, operand = _STRICTEST, -1, False
    skipped = False
    for token in tokens:
        word = token.upper()
        if skipped:  # the exception after WITH only adds permissions
            skipped = False
        elif word in ("AND", "OR", "WITH"):
            if not operand:
                return "unknown"
            skipped, operand = word == "WITH", word == "WITH"
            if word == "OR":
                best, current = min(best, current), -1
        elif token == "(":
            if operand:
                return "unknown"
            open_parts.append((best, current))
            best, current = _STRICTEST, -1
        elif token == ")":
            if not operand or not open_parts:
                return "unknown"
            inner = min(best, current)
            best, current = open_parts.pop()
            current = max(current, inner)
        else:
            if operand:
                return "unknown"
            current, operand = max(current, CLASSES.index(_of_name(token))), True
    if not operand or open_parts or skipped:
        return "unknown"
    return CLASSES[min(best, current)]


def _of_name(name: str) -> LicenceClass:
    """The class of one licence by its name."""
    name = name.lower()
    if _UNKNOWN.match(name):
        return "unknown"
    if _NONCOMMERCIAL.search(name):
        return "noncommercial"
    if _SHARE_ALIKE.match(name):
        return "share-alike"
    return "permissive" if _PERMISSIVE.match(name) else "restricted"
