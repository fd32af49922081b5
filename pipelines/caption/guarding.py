"""The guards of a profile, loaded, and where they work: what goes by meaning in processes of its own."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from captioners.weights.models import Models
from engine.profile.writer import WriterSpec
from manifests.captions import CaptionClaim, CaptionSet
from manifests.evidence import Evidence
from prompts.guards import Guards, Named, is_rich
from prompts.meaning.likeness import Likeness
from prompts.meaning.wordnet import WordNet
from prompts.nearness import Nearness
from prompts.selection import Facts
from prompts.violations import Violation

if TYPE_CHECKING:
    from engine.stages.computers import Computers


def guards(spec: WriterSpec, models: Models | None = None) -> Guards:
    """All guards of a profile. Raises PackMissing."""
    models = models or Models()
    words = by_words(spec, models)
    if spec.thesaurus is None:
        return words
    wordnet = WordNet(models.path(spec.thesaurus) / "wordnet.sqlite")
    embed = words.near.embed if words.near else None
    return Guards(spec.caption_chars, words.near, Likeness(wordnet, embed))


def by_words(spec: WriterSpec, models: Models | None = None) -> Guards:
    """The guards of a profile that go by words alone. Raises PackMissing."""
    if spec.embedder is None:
        return Guards(spec.caption_chars)
    from captioners.minilm import MiniLM  # brings torch

    return Guards(spec.caption_chars, Nearness(MiniLM((models or Models()).path(spec.embedder))))


class Guarding:
    """Guards at work for a writer. here: those of this process. computers: processes that have all of
    them, for clips of which a captioner speaks in sentences; None where this process does that too."""

    def __init__(self, here: Guards, computers: "Computers | None" = None) -> None:
        self._here = here
        self._computers = computers

    async def select(self, evidence: Evidence) -> Facts:
        """The facts of a clip. Raises ComputingFailed, as all below."""
        facts: Facts = await self._call(evidence.clip_id, is_rich(evidence), "select", evidence)
        return facts

    async def ground(
        self, clip_id: str, facts: Facts, captions: Sequence[Named]
    ) -> list[list[Violation]]:
        """What speaks against each caption."""
        found: list[list[Violation]] = []
        if captions:
            found = await self._call(clip_id, facts.is_rich, "ground", facts, captions)
        return found

    async def template(self, clip_id: str, facts: Facts) -> CaptionSet:
        """The template's captions."""
        drawn: CaptionSet = await self._call(clip_id, facts.is_rich, "template", facts)
        return drawn

    async def claims(
        self, clip_id: str, facts: Facts, captions: Sequence[Named]
    ) -> list[CaptionClaim]:
        """The claims of captions, with what speaks for each."""
        claimed: list[CaptionClaim] = await self._call(
            clip_id, facts.is_rich, "claims", facts, captions
        )
        return claimed

    async def _call(self, clip_id: str, rich: bool, method: str, *arguments: Any) -> Any:
        if self._computers is None or not rich:
            return getattr(self._here, method)(*arguments)
        return await self._computers.ask(int(clip_id[:8], 16), method, *arguments)
