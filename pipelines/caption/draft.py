"""A draft: the captions of one clip while they are written, and what the guards said of each reply."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from manifests.captions import (
    REPLY_CHARS,
    CaptionName,
    CaptionSet,
    Judgement,
    Refusal,
    Reply,
    Variant,
)
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
    replies, as "rung:fault". last: faults of the newest reply, for a repair. replies: all of them, those
    to one request one after the other. checked: captions that the guards checked, of every candidate;
    rejected: how many each of them rejected; examples: of each the first text, and what is wrong with it.
    """

    facts: Facts
    names: tuple[CaptionName, ...]
    at_most: int
    accepted: dict[CaptionName, tuple[str, str]] = field(default_factory=dict)
    judged: dict[CaptionName, float] = field(default_factory=dict)
    variants: list[Variant] = field(default_factory=list)
    faults: dict[CaptionName, list[str]] = field(default_factory=dict)
    last: list[Violation] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
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

    def unread(self, rung: str, request_digest: str) -> None:
        """Keeps that the server would not read a request."""
        self.replies.append(Reply(rung, request_digest, refusals=[Refusal("request_refused")]))

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

    def keep(
        self,
        rung: str,
        request_digest: str,
        reply: Mapping[str, Any],
        verdicts: Sequence[Verdict],
    ) -> None:
        """Keeps a reply, each of its candidates, with what the guards said of it."""
        for number, choice in enumerate(reply["choices"]):
            text = choice["message"]["content"] or ""
            self.replies.append(
                Reply(
                    rung=rung,
                    request_digest=request_digest,
                    candidate=number,
                    text=text[:REPLY_CHARS],
                    characters=len(text),
                    at_limit=choice.get("finish_reason") == "length",
                    refusals=[_refusal(found) for found in verdicts[number].all],
                )
            )

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
            good = {
                at: v.captions[name] or "" for at, v in enumerate(verdicts) if not v.against(name)
            }
            if good:
                text = best(name, list(good.values()), self.facts)
                self.accepted[name] = text, rung
                at = next(at for at, each in good.items() if each == text)
                self._newest(verdicts)[at].taken.append(name)
                continue
            faults = verdicts[0].against(name)
            self.faults.setdefault(name, []).extend(f"{rung}:{fault.name}" for fault in faults)
            self.last += verdicts[0].violations.get(name, ())

    def believe(self, rung: str, name: CaptionName, text: str, judged: float) -> None:
        """Accepts a caption that was in doubt; its doubts stay among the faults, not for a repair."""
        self.last = [fault for fault in self.last if fault.caption != name]
        self.accepted[name] = text, rung
        self.judged[name] = judged

    def judge(
        self, verdicts: Sequence[Verdict], at: int, answers: Sequence[Judgement], is_believed: bool
    ) -> None:
        """Keeps what the judge answered about a caption of the newest reply's candidate `at`."""
        reply = self._newest(verdicts)[at]
        reply.judged += answers
        if is_believed:
            reply.taken.append(answers[0].caption)

    def _newest(self, verdicts: Sequence[Verdict]) -> list[Reply]:
        """The kept candidates of the newest reply."""
        return self.replies[-len(verdicts) :]

    def vary(self, style: str, verdicts: Sequence[Verdict]) -> None:
        """Takes what is without fault of a reply to a request for variants, and not there already."""
        for verdict, reply in zip(verdicts, self._newest(verdicts), strict=True):
            for name in self.names:
                text = verdict.captions[name] or ""
                if not verdict.against(name) and tokens(text) not in self._texts(name):
                    self.variants.append(Variant(name, style, text))
                    reply.taken.append(name)

    def _texts(self, name: CaptionName) -> list[list[str]]:
        texts = [variant.text for variant in self.variants if variant.caption == name]
        return [tokens(text) for text in (*texts, self.accepted.get(name, ("", ""))[0])]

    def captions(self, drawn: CaptionSet) -> dict[CaptionName, tuple[str, str]]:
        """Text and rung of every caption that can exist; `drawn`, the template's, where none was
        accepted."""
        return {
            name: self.accepted.get(name, (drawn[name] or "", "template")) for name in self.names
        }


def _refusal(found: Violation) -> Refusal:
    if found.name == "no_evidence":
        raise ValueError("only captions of somebody else are refused for want of all evidence")
    return Refusal(found.name, found.caption, found.detail, found.doubt)
