"""`captionmill check`: what the guards of a run say of captions that any pipeline wrote.

The guards are those of the profile `gpu` (`pipelines.caption.guarding`), with lints before them as in a
run. There is no prompt whose text could leak and no model that could be asked about doubts. A caption may
be as long as any profile allows. Each line stands for itself: ids need not differ.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from captioners.weights.models import Models
from engine.profile.profile import load
from manifests.captions import CaptionClaim, CaptionName, CaptionSet
from pipelines.caption.guarding import guards
from pipelines.check.evidence import evidence
from pipelines.check.given import Given, given
from pipelines.check.lines import Line
from prompts.fallback import sentence
from prompts.guards import Guards
from prompts.lints import lint
from prompts.selection import Facts
from prompts.verdict import Verdict
from prompts.violations import Violation

Outcome = Literal["accepted", "refused", "in doubt"]
OUTCOMES: tuple[Outcome, ...] = ("accepted", "refused", "in doubt")
MOST_CHARS = 2000
"""Characters of a caption: the most that a profile can allow (`engine.profile.writer`)."""
_PROFILE = "gpu"
_NO_STREAM = {"no audio stream": "nothing was heard", "no video stream": "nothing was seen"}


@dataclass(frozen=True, slots=True)
class Checked:
    """One caption. text: as it was given, a too long one cut. faults: what speaks against it. claims:
    what it claims, each with what supports it; none of a caption that was not read."""

    outcome: Outcome
    text: str
    faults: tuple[Violation, ...]
    claims: tuple[CaptionClaim, ...]


@dataclass(frozen=True, slots=True)
class Clip:
    """One line. captions: those that are not null. fault: why it can't be read, None where it can."""

    line: int
    id: str = ""
    captions: Mapping[CaptionName, Checked] = field(default_factory=dict)
    fault: str | None = None


def check(lines: Iterator[Line], installed: Callable[[], Guards]) -> Iterator[Clip]:
    """What is said of each line, one after another. installed: asked once there is a caption."""
    for line in lines:
        try:
            if line.fault is not None:
                raise ValueError(line.fault)
            clip = given(line.text)
            captions = judge(clip, installed()) if clip.captions else {}
            yield Clip(line.number, clip.id, captions)
        except ValueError as error:
            yield Clip(line.number, fault=str(error))


@cache
def installed() -> Guards:
    """The guards, their models fetched if they are not here. Raises PackError."""
    models, writer = Models(), load(_PROFILE).writer
    assert writer is not None
    spec = writer.model_copy(update={"caption_chars": MOST_CHARS})
    for name in (spec.embedder, spec.thesaurus):
        if name is not None:
            models.fetch(name)
    return guards(spec, models)


def judge(clip: Given, guards: Guards) -> dict[CaptionName, Checked]:
    """What the guards say of each caption of a clip. Raises ValueError for too much evidence."""
    facts = guards.select(evidence(clip))
    readable = {name: text for name, text in clip.captions.items() if len(text) <= MOST_CHARS}
    tidied = CaptionSet(**{n: sentence(" ".join(text.split())) for n, text in readable.items()})
    form = Verdict(
        tidied, {name: _formal(name, tidied, facts, guards.caption_chars) for name in readable}
    )
    verdict = form.grounded(guards.ground(facts, form.to_ground))
    checked = {name: _too_long(name, text) for name, text in clip.captions.items()}
    for name, text in verdict.to_ground:
        claims = guards.claims(facts, [(name, text)])
        faults = tuple(verdict.against(name))
        outcome: Outcome = "refused" if faults else "accepted"
        if verdict.is_doubted(name):
            outcome = "in doubt"
        checked[name] = Checked(outcome, clip.captions[name], faults, tuple(claims))
    return checked


def _formal(name: CaptionName, captions: CaptionSet, facts: Facts, at_most: int) -> list[Violation]:
    """Faults of form, and whether there is anything that a caption of this name could tell."""
    faults = lint(name, captions, (), at_most)
    if why := _nothing(name, facts):
        faults.append(Violation("no_evidence", name, why))
    return faults


def _nothing(name: CaptionName, facts: Facts) -> str | None:
    """Why there is nothing that a caption could tell, None where there is: a run writes none then. A
    caption of both sides may tell of one alone."""
    if name == "audio_visual_caption" and not facts.empty:
        return None
    why = facts.absent.get(name)
    if why is None:
        return None
    return "; ".join(_NO_STREAM.get(part, part) for part in why.split("; "))


def _too_long(name: CaptionName, text: str) -> Checked:
    fault = Violation("too_long", name, f"{len(text)} characters, at most {MOST_CHARS} are read")
    return Checked("refused", f"{text[:MOST_CHARS]}...", (fault,), ())
