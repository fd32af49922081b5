"""The card of the small encoder."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recipes.encoder.small import Measured, Source

_CARD = """## Training
Made by `python -m recipes.encoder.small` from {sounds} sounds and {pictures} pictures of the packages
that recipes/calibration names, all with free licences, and from what the tables there state of each. No
caption of a model is in it, and no file of the real part of the truth bench. Weights in float16, under
Apache-2.0.

Search among the {held_sounds} sounds and {held_pictures} pictures held out, whose makers training never
met, one query a label that is true of some of them ("a dog barks"):

| | labels | first right | mean average precision | chance | labels of training | others |
|---|---|---|---|---|---|---|
{rows}

That is a small world. Sounds and things that training never met are found poorly, and so is what needs
more than single things: who does what, counts, colours, order.
"""


def card(
    sounds: Sequence["Source"], pictures: Sequence["Source"], measured: Mapping[str, "Measured"]
) -> str:
    """The text of README.md."""
    trained = [[s for s in group if not s.held_out] for group in (sounds, pictures)]
    rows = [
        f"| {name} | {m.queries} | {m.first:.1%} | {m.precision:.1%} | {m.chance:.1%} | "
        f"{m.trained:.1%} of {m.queries - m.others} | {m.untrained:.1%} of {m.others} |"
        for name, m in measured.items()
    ]
    return _CARD.format(
        sounds=len(trained[0]),
        pictures=len(trained[1]),
        held_sounds=measured["audio"].sources,
        held_pictures=measured["video"].sources,
        rows="\n".join(rows),
    )
