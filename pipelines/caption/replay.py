"""The writing of a clip once more, with the replies that it got: what was asked, and what the guards say.

The writer itself works, on a client that answers what is stored. So requests and verdicts are made as
they were made then, as long as prompts and guards are the same; the digests of the requests tell.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import log
from typing import Any

from engine.servers.client import Client, RequestRefused
from manifests.captions import CAPTIONS, Judgement, Reply
from manifests.evidence import Evidence
from manifests.faults import Fault
from manifests.ids import digest
from pipelines.caption.guarding import Guarding
from pipelines.caption.installed import Installed
from pipelines.caption.writer import SHORT, Writer


@dataclass(frozen=True, slots=True)
class Asked:
    """A request and its replies. body: the arguments of `chat.completions.create`; None where it can't be
    made again as it was. replies: as stored. is_checked: the guards of today find in each what is stored
    of it."""

    body: Mapping[str, Any] | None
    replies: tuple[Reply, ...]
    is_checked: bool = False


def requests(replies: Sequence[Reply]) -> list[tuple[Reply, ...]]:
    """The candidates of each request, one request after the other."""
    grouped: list[list[Reply]] = []
    for reply in replies:
        if reply.candidate == 0:
            grouped.append([])
        grouped[-1].append(reply)
    return [tuple(group) for group in grouped]


def replay(
    wrote: Installed, evidence: Evidence, replies: Sequence[Reply]
) -> tuple[list[Asked], tuple[Fault, ...]]:
    """What was asked of a clip and answered, in order, and the guards that its captions had to pass."""
    groups = requests(replies)
    client = _Answering(groups)
    try:
        again = requests(asyncio.run(_written(wrote, client, evidence)))
    except _OtherwiseAsked:
        again = []
    asked = []
    for at, group in enumerate(groups):
        body = client.bodies[at] if at < len(client.bodies) else None
        if body is None or digest(body) != group[0].request_digest:
            asked.append(Asked(None, group))
            continue
        asked.append(Asked(body, group, at < len(again) and _are_alike(again[at], group)))
    return asked, wrote.guards.names(wrote.guards.select(evidence))


async def _written(wrote: Installed, client: "_Answering", evidence: Evidence) -> Sequence[Reply]:
    return (await Writer(wrote.spec, client, Guarding(wrote.guards)).write(evidence)).replies


def _are_alike(made: Sequence[Reply], stored: Sequence[Reply]) -> bool:
    """Whether guards say the same of candidates."""
    return [(r.refusals, r.taken) for r in made] == [(r.refusals, r.taken) for r in stored]


class _OtherwiseAsked(Exception):
    """The writer asks for more than there are replies."""


class _Answering(Client):
    """Answers with stored replies, one request after the other. bodies: what was asked, without the
    judge's questions."""

    def __init__(self, groups: Sequence[Sequence[Reply]]) -> None:
        super().__init__(list)
        self.bodies: list[Mapping[str, Any]] = []
        self._groups = iter(groups)
        self._judged: Iterator[Judgement] = iter(())

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """See `Client.post`. Raises _OtherwiseAsked."""
        if body["messages"] is SHORT:
            return {}
        return self._judgement() if body.get("logprobs") else self._replies(body)

    def _replies(self, body: Mapping[str, Any]) -> dict[str, Any]:
        group = next(self._groups, None)
        if group is None:
            raise _OtherwiseAsked
        self.bodies.append(body)
        # In the order in which the writer asks: caption by caption, each candidate that is in doubt.
        answers = chain.from_iterable(reply.judged for reply in group)
        self._judged = iter(sorted(answers, key=lambda each: CAPTIONS.index(each.caption)))
        if group[0].text is None:
            raise RequestRefused
        choices = [
            {
                "message": {"content": reply.text},
                "finish_reason": "length" if reply.at_limit else "stop",
            }
            for reply in group
        ]
        return {"choices": choices}

    def _judgement(self) -> dict[str, Any]:
        judged = next(self._judged, None)
        if judged is None:
            raise _OtherwiseAsked
        if judged.text is None:
            raise RequestRefused
        yes = judged.probability
        weights = {"yes": yes, "no": 1 - yes}
        top = [{"token": t, "logprob": log(weight)} for t, weight in weights.items() if weight > 0]
        logprobs = {"content": [{"top_logprobs": top}]}
        return {"choices": [{"message": {"content": judged.text}, "logprobs": logprobs}]}
