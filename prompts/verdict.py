"""What all guards together say of a reply: schema, lints, grounding. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from manifests.captions import CaptionName, CaptionSet
from prompts.fallback import sentence
from prompts.guards import Guards
from prompts.lints import lint
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

    @property
    def all(self) -> list[Violation]:
        """Everything that speaks against the reply."""
        if self.whole is not None:
            return [self.whole]
        return [found for violations in self.violations.values() for found in violations]

    def is_doubted(self, name: CaptionName) -> bool:
        """Whether nothing but doubt speaks against a caption."""
        return bool(self.against(name)) and all(v.doubt for v in self.against(name))

    @property
    def to_ground(self) -> list[tuple[CaptionName, str]]:
        """The captions that were checked, with their texts."""
        return [(name, self.captions[name] or "") for name in self.violations]

    def grounded(self, found: Sequence[Sequence[Violation]]) -> "Verdict":
        """With what grounding says of each of `to_ground`, in that order."""
        both = zip(self.violations.items(), found, strict=True)
        return replace(self, violations={name: [*form, *more] for (name, form), more in both})


def judge(
    reply: str,
    cut: bool,
    prompt: Template,
    names: Sequence[CaptionName],
    facts: Facts,
    guards: Guards,
    wanted: Sequence[CaptionName] | None = None,
) -> Verdict:
    """The verdict on a reply that was asked for the captions `names`.

    cut: it ended at the token limit. wanted: the captions to check, all by default.
    """
    form = form_of(reply, cut, prompt, names, wanted, guards.caption_chars)
    return form.grounded(guards.ground(facts, form.to_ground))


def form_of(
    reply: str,
    cut: bool,
    prompt: Template,
    names: Sequence[CaptionName],
    wanted: Sequence[CaptionName] | None,
    at_most: int,
) -> Verdict:
    """The verdict before grounding: of schema and lints. at_most: characters of a caption."""
    parsed = parse(reply, {name: prompt.keys[name] for name in names}, at_most)
    if isinstance(parsed, Violation):
        return Verdict(whole=Violation("truncated", detail="token limit") if cut else parsed)
    tidied = CaptionSet(
        **{name: sentence(" ".join((parsed[name] or "").split())) for name in names}
    )
    checked = names if wanted is None else wanted
    return Verdict(tidied, {name: lint(name, tidied, prompt.fixed, at_most) for name in checked})
