"""What all guards together say of a reply: schema, lints, grounding. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from manifests.captions import CaptionName, CaptionSet
from prompts.fallback import sentence
from prompts.grounding import ground
from prompts.lints import lint
from prompts.nearness import Nearness
from prompts.render import Template
from prompts.schema import parse
from prompts.selection import Facts
from prompts.violations import Violation


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the guards say of a reply.

    captions: as the reply has them, tidied. violations: of each caption that was checked, empty for one
    that is accepted. whole: why nothing of the reply can be used.
    """

    captions: CaptionSet = field(default_factory=CaptionSet)
    violations: Mapping[CaptionName, Sequence[Violation]] = field(default_factory=dict)
    whole: Violation | None = None

    def against(self, name: CaptionName) -> Sequence[Violation]:
        """What speaks against one caption that was checked."""
        return [self.whole] if self.whole is not None else self.violations[name]


def judge(
    reply: str,
    cut: bool,
    prompt: Template,
    names: Sequence[CaptionName],
    facts: Facts,
    wanted: Sequence[CaptionName] | None = None,
    near: Nearness | None = None,
    *,
    at_most: int,
) -> Verdict:
    """The verdict on a reply that was asked for the captions `names`.

    cut: it ended at the token limit. wanted: the captions to check, all by default. near: reads words
    that the word table lacks. at_most: characters of a caption.
    """
    parsed = parse(reply, {name: prompt.keys[name] for name in names}, at_most)
    if isinstance(parsed, Violation):
        return Verdict(whole=Violation("truncated", detail="token limit") if cut else parsed)
    tidied = CaptionSet(
        **{name: sentence(" ".join((parsed[name] or "").split())) for name in names}
    )
    return Verdict(
        tidied,
        {
            name: lint(name, tidied, prompt.fixed, at_most)
            + ground(name, as_read(name, tidied[name] or "", facts, near), facts)
            for name in (names if wanted is None else wanted)
        },
    )


def as_read(name: CaptionName, caption: str, facts: Facts, near: Nearness | None) -> str:
    """A caption as grounding and provenance read it."""
    return caption if near is None else near.read(name, caption, facts)
