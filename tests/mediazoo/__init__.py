"""A zoo of media: files of the kinds that people have, and the right outcome of each.

The cases were written from the specification of these kinds and from what players show, without looking
at the decoder, the probe or their tests: they say what is right, not what the code does. Every file is
made here, from generated colours and tones, so that a clip of mixed parts shows in what is seen or
heard.
"""

from pathlib import Path

from tests.mediazoo import films, names, pictures, sounds
from tests.mediazoo.case import Case
from tests.mediazoo.kitchen import Kitchen

CASES: tuple[Case, ...] = (
    *films.F1,
    *films.F2,
    *films.F3,
    *sounds.F4,
    *sounds.F5,
    *sounds.F6,
    *films.F7,
    *pictures.F8,
    *sounds.F9,
    *names.F10,
    *names.CONTROLS,
)


def make(folder: Path, scratch: Path) -> None:
    """Fills `folder` with the files of all cases; `scratch` takes what they are made from."""
    folder.mkdir(parents=True, exist_ok=True)
    kitchen = Kitchen(scratch)
    for case in CASES:
        (folder / case.name).write_bytes(case.make(kitchen))
