"""What videos end with, and what people say as well, in sentences that say nothing else.

"Thanks for watching, and don't forget to like and subscribe!" is made of phrases of the list, of words
that join them, and of a few others. Pure.
"""

import math
from typing import Literal

from captioners.audio._listed import Keyed, lengths, phrases

# Letters beside the phrases, once one began: "Thank you for watching over my children while I was away"
# is nobody's outro. Our choice.
_BESIDE = 24
_NOTHING, _THANKS, _OUTRO = range(3)


def closing(sentence: str) -> Literal["outro", "thanks"] | None:
    """What a sentence is that consists of phrases of the list; None for any other."""
    keyed = Keyed(sentence)
    end = len(keyed.key)
    # By place in the key and by what is in it so far: the fewest letters beside the phrases.
    cost = [[math.inf] * 3 for _ in range(end + 1)]
    cost[0][_NOTHING] = 0
    for at in range(end):
        if min(cost[at]) > _BESIDE:
            continue
        cost[at + 1][_OUTRO] = min(cost[at + 1][_OUTRO], cost[at][_OUTRO] + 1)
        if keyed.edges[at]:
            _go_on(keyed, at, cost)
    if cost[end][_OUTRO] <= _BESIDE:
        return "outro"
    return "thanks" if cost[end][_THANKS] == 0 else None


def holds_outro(text: str) -> bool:
    """Whether the end of a video stands anywhere in a text, also in a sentence of other words."""
    keyed = Keyed(text)
    return any(
        keyed.edges[at] and keyed.key[at : at + length] in phrases("outro")
        for at in range(len(keyed.key))
        for length in lengths("outro")
    )


def _go_on(keyed: Keyed, at: int, cost: list[list[float]]) -> None:
    """Adds what each phrase that begins here leads to. Outros may be the beginning of a word."""
    for kind, least in (("outro", _OUTRO), ("thanks", _THANKS), ("filler", _NOTHING)):
        for length in lengths(kind):
            end = at + length
            if end > len(keyed.key):
                break
            if keyed.key[at:end] in phrases(kind) and (kind == "outro" or keyed.edges[end]):
                for before, letters in enumerate(cost[at]):
                    after = max(before, least)
                    cost[end][after] = min(cost[end][after], letters)
