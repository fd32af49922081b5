"""Faults: what guards find wrong with a reply, by the names in the columns `lints` and `replies`."""

from collections.abc import Mapping
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

MEANINGS: Mapping[str, str] = {
    "request_refused": "a request that the server would not read, such as one that is too long",
    "not_json": "a reply that is no JSON object",
    "wrong_keys": "a reply without the captions that were asked for, or with others",
    "wrong_type": "a caption that is no text",
    "too_long": "a caption of more characters than it may have",
    "truncated": "a reply or a caption that ends in the middle",
    "empty": "a caption without words",
    "leak": "a confidence, a score or a field name of the prompt",
    "hedge": 'a word such as "possibly"',
    "refusal": "talk about the caption or the task instead of the clip",
    "command": "an order to whoever reads it",
    "markup": "brackets, tags, links or line breaks",
    "loop": "the same words again and again",
    "article": 'a wrong article, such as "a elephant"',
    "language": "text that is not English, or a language that the evidence does not name",
    "copied_modality": "seeing in an audio caption, hearing in a visual one, or another caption's text",
    "prompt_copied": "six words in a row of the prompt's instructions",
    "unsupported": "words that nothing in the evidence supports",
    "lost": "a caption that leaves out a fact that is sure",
    "misquoted": "a quotation that nobody said, or sung words told as spoken",
    "mixed": "words of different facts put together",
    "wrong_sense": "something that is only heard told as seen, or only seen told as heard",
    "torn": "one thing told as two",
    "garbled": 'a verb in two forms at once, such as "is parades"',
    "count": "another number than the evidence has",
    "role": "somebody else who does it, or to whom it is done",
    "attribute": "a property of another thing",
    "opposite": "the opposite of what the evidence says",
    "order": "events in another order",
    "direction": "a movement in another direction",
    "negation": "something denied that the evidence says, or said that it denies",
    "spoken": "what is only spoken of told as if it were there",
    "quotation": "a quotation of words that were neither said nor shown",
    "cross-modal": "something that is only seen made to sound, or only heard made to be seen",
}
"""What each guard refuses, in words: for pages and for docs/writing.md."""
