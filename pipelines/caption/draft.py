"""A draft: the captions of one clip while they are written, and what the guards said of each reply."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from manifests.captions import CaptionName, CaptionSet, Variant
from prompts.choice import best
from prompts.render import Template
from prompts.selection import Facts
from prompts.verdict import Verdict, form_of
from prompts.violations import Violation
from prompts.words import tokens

_SHOWN = 300
"""Characters that are kept of a refused text as an example, and of what is wrong with it."""


@dataclass
class Draft:
    """The captions of one clip while they climb the ladder.

    names: captions that can exist. at_most: characters of one. accepted: text and rung of those that are
    done. judged: what the judge gave those that were in doubt. faults: of each caption's refused
    replies, as "rung:fault". last: faults of the newest reply, for a repair. checked: captions that the
    guards checked, of every candidate; rejected: how many each of them rejected; examples: of each the
    first text, and what is wrong with it.
    """

    facts: Facts
    names: tuple[CaptionName, ...]
    at_most: int
    accepted: dict[CaptionName, tuple[str, str]] = field(default_factory=dict)
    judged: dict[CaptionName, float] = field(default_factory=dict)
    variants: list[Variant] = field(default_factory=list)
    faults: dict[CaptionName, list[str]] = field(default_factory=dict)
    last: list[Violation] = field(default_factory=list)
    checked: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    examples: dict[str, tuple[str, str]] = field(default_factory=dict)
    tokens_in: int = 0
    tokens_out: int = 0
    requests: int = 0

    @property
    def missing(self) -> tuple[CaptionName, ...]:
        """Captions that can exist and are not accepted yet."""
        return tuple(name for name in self.names if name not in self.accepted)

    def refused(self, rung: str) -> None:
        """Notes that the server would not read a rung's request."""
        for name in self.missing:
            self.faults.setdefault(name, []).append(f"{rung}:request_refused")

    def forms(
        self,
        prompt: Template,
        names: Sequence[CaptionName],
        reply: Mapping[str, Any],
        wanted: Sequence[CaptionName],
    ) -> list[Verdict]:
        """The verdict on each candidate of a reply that was asked for `names`, before grounding."""
        forms = []
        for choice in reply["choices"]:
            cut = choice.get("finish_reason") == "length"
            text = choice["message"]["content"] or ""
            forms.append(form_of(text, cut, prompt, names, wanted, self.at_most))
        return forms

    def count(self, verdicts: Sequence[Verdict], wanted: Sequence[CaptionName]) -> None:
        """Counts what the guards said of the candidates of a reply."""
        for verdict in verdicts:
            self.checked += len(wanted)
            for name in wanted:
                faults = verdict.against(name)
                self.rejected.update({fault.name for fault in faults})
                for fault in faults:
                    refused = verdict.captions[name] or str(verdict.whole)
                    self.examples.setdefault(fault.name, (refused[:_SHOWN], fault.detail[:_SHOWN]))

    def take(self, rung: str, verdicts: Sequence[Verdict]) -> None:
        """Accepts what is missing and without fault, of several candidates the best; notes the faults of
        the rest, of several candidates the first's."""
        self.last = [verdicts[0].whole] if verdicts[0].whole else []
        for name in self.missing:
            good = [v.captions[name] or "" for v in verdicts if not v.against(name)]
            if good:
                self.accepted[name] = best(name, good, self.facts), rung
                continue
            faults = verdicts[0].against(name)
            self.faults.setdefault(name, []).extend(f"{rung}:{fault.name}" for fault in faults)
            self.last += verdicts[0].violations.get(name, ())

    def believe(self, rung: str, name: CaptionName, text: str, judged: float) -> None:
        """Accepts a caption that was in doubt; its doubts stay among the faults, not for a repair."""
        self.last = [fault for fault in self.last if fault.caption != name]
        self.accepted[name] = text, rung
        self.judged[name] = judged

    def vary(self, style: str, verdicts: Sequence[Verdict]) -> None:
        """Takes what is without fault of a reply to a request for variants, and not there already."""
        for verdict in verdicts:
            for name in self.names:
                text = verdict.captions[name] or ""
                if not verdict.against(name) and tokens(text) not in self._texts(name):
                    self.variants.append(Variant(name, style, text))

    def _texts(self, name: CaptionName) -> list[list[str]]:
        texts = [variant.text for variant in self.variants if variant.caption == name]
        return [tokens(text) for text in (*texts, self.accepted.get(name, ("", ""))[0])]

    def captions(self, drawn: CaptionSet) -> dict[CaptionName, tuple[str, str]]:
        """Text and rung of every caption that can exist; `drawn`, the template's, where none was
        accepted."""
        return {
            name: self.accepted.get(name, (drawn[name] or "", "template")) for name in self.names
        }
