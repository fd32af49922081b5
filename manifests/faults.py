"""Faults: what guards find wrong with a reply, by the names that the column `lints` has."""

from typing import Literal, get_args

OfReply = Literal[
    "request_refused", "not_json", "wrong_keys", "wrong_type", "too_long", "truncated"
]
"""No caption could be read, or not all of one."""

OfForm = Literal[
    "empty",
    "leak",
    "hedge",
    "refusal",
    "command",
    "markup",
    "loop",
    "article",
    "language",
    "copied_modality",
    "prompt_copied",
]
"""A caption that no evidence is needed to refuse."""

OfMeaning = Literal[
    "unsupported",
    "lost",
    "misquoted",
    "mixed",
    "wrong_sense",
    "torn",
    "garbled",
    "count",
    "role",
    "attribute",
    "opposite",
    "order",
    "direction",
    "negation",
    "spoken",
    "quotation",
    "cross-modal",
]
"""A caption that is not what the evidence says."""

Fault = Literal[OfReply, OfForm, OfMeaning]
FAULTS: tuple[Fault, ...] = get_args(Fault)
