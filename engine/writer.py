"""The writer: from a clip's evidence to its captions, through any OpenAI-compatible server.

One request per clip asks for all its captions; each caption of the reply is linted, grounded and
accepted on its own. Captions that were refused go up a ladder (data in the spec); what still fails is
the template's, and `Written.how` says so. The answer belongs to the clip because it is the result of
this clip's own call, never because of an order.

A server that can't be reached is waited for, up to a limit: templates are for replies that are bad,
and for evidence that a server refuses to read while it answers others, never for a server that is down.
"""

import asyncio
import hashlib
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from engine.client import Client, RequestRefused, ServerRefused
from manifests.captions import (
    CAPTIONS,
    Author,
    CaptionClaim,
    CaptionName,
    CaptionSet,
    How,
    Written,
)
from manifests.evidence import Evidence
from prompts import VERSION
from prompts.fallback import template
from prompts.faults import Fault
from prompts.provenance import claims
from prompts.render import (
    Message,
    Template,
    clip_prompt_digest,
    load,
    prompt_digest,
    render,
)
from prompts.schema import json_schema
from prompts.selection import Facts, select
from prompts.verdict import judge
from prompts.words import lexicon, lexicon_digest

_CHAT = "/chat/completions"
_SHORT = [{"role": "user", "content": "Hello"}]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Rung(_Part):
    """One step of the ladder: a request for the captions that are still missing.

    prompt: name or .toml path of a template. whole: ask for all captions of the clip, not for the
    missing ones alone; those already accepted stay. repair: add the faults to the request.
    temperature: 0 is greedy. A rung's seed comes from the clip and the rung's name. vLLM's CPU build
    (0.32) dies of a seeded request at a temperature above 0 whose prompt it prefills in chunks («CPU
    Generator does not use offset»): start it with --no-enable-chunked-prefill, or stay greedy.
    """

    name: str
    prompt: str
    whole: bool = True
    repair: bool = False
    temperature: float = Field(0.0, ge=0, le=2)
    max_tokens: int = Field(320, ge=16)


class WriterSpec(_Part):
    """How captions are written; the `[writer]` part of a profile.

    model: name of its server in the profile. licence: of what it writes. ladder: after its last rung the
    template writes. guided: send the reply's JSON schema with the request. concurrency: requests at
    a time of each shard worker. Only what shapes a caption is in `settings`.
    """

    model: str = "writer"
    licence: str = "Apache-2.0"
    ladder: tuple[Rung, ...] = (
        Rung(name="first", prompt="terse"),
        Rung(name="draft", prompt="terse-draft"),
        Rung(name="other", prompt="terse-other"),
    )
    guided: bool = True
    concurrency: int = Field(32, ge=1)

    def settings(self) -> dict[str, Any]:
        """What enters the config digest: model, licence, ladder and its prompts; not where the server
        is nor how many requests it gets at a time."""
        return {
            **self.model_dump(mode="json", include={"model", "licence", "ladder", "guided"}),
            "prompts": self.prompt_digest(),
            "guards": [VERSION, lexicon_digest()],
        }

    def prompt_digest(self) -> str:
        """Digest of all prompts, schemas and limits of the ladder. Raises OSError, ValueError."""
        return prompt_digest(
            [load(rung.prompt) for rung in self.ladder],
            [rung.model_dump(mode="json") for rung in self.ladder],
        )


@dataclass
class WriterStats:
    """Sums over all clips of one writer. by: captions by (name, author); rungs: captions by the step
    that wrote them; faults: refusals by «rung:fault». guard_seconds: selecting, linting and grounding."""

    clips: int = 0
    requests: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    guard_seconds: float = 0.0
    by: Counter[tuple[CaptionName, Author]] = field(default_factory=Counter)
    rungs: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    @property
    def llm_share(self) -> float:
        """Captions that the LLM wrote of all that were written; 0 before the first."""
        llm = sum(n for (_, author), n in self.by.items() if author == "llm")
        return llm / (sum(self.by.values()) or 1)


@dataclass
class _Draft:
    """The captions of one clip while it climbs."""

    facts: Facts
    names: tuple[CaptionName, ...]
    accepted: dict[CaptionName, tuple[str, str]] = field(default_factory=dict)
    faults: dict[CaptionName, list[str]] = field(default_factory=dict)
    last: list[Fault] = field(default_factory=list)
    tokens_in: int = 0
    tokens_out: int = 0
    requests: int = 0

    @property
    def missing(self) -> tuple[CaptionName, ...]:
        return tuple(name for name in self.names if name not in self.accepted)


class Writer:
    """Writes captions, at most `spec.concurrency` requests at a time, on one event loop."""

    def __init__(self, spec: WriterSpec, client: Client) -> None:
        self.spec = spec
        self.stats = WriterStats()
        self.prompt_digest = spec.prompt_digest()
        self._client = client
        self._templates: dict[str, Template] = {r.prompt: load(r.prompt) for r in spec.ladder}
        self._slots = asyncio.Semaphore(spec.concurrency)

    @property
    def seconds(self) -> float:
        """Seconds of requests that were answered, summed."""
        return self._client.seconds

    def warm(self) -> None:
        """Makes a client and reads the word table: imports that take most of a second together."""
        self._client.warm()
        lexicon()

    async def write(self, evidence: Evidence) -> Written:
        """The captions of one clip. Raises ServerUnavailable, ServerRefused."""
        began = time.perf_counter()
        facts = select(evidence)
        self.stats.guard_seconds += time.perf_counter() - began
        absent = facts.absent
        draft = _Draft(facts, tuple(name for name in CAPTIONS if name not in absent))
        if not facts.only_signals:
            for rung in self.spec.ladder:
                if draft.missing:
                    await self._climb(rung, draft, evidence.clip_id)
        return self._finished(evidence, draft, absent)

    def request(self, rung: Rung, evidence: Evidence) -> dict[str, Any]:
        """What a rung asks for all captions of a clip: the arguments of `chat.completions.create`."""
        facts = select(evidence)
        names = [name for name in CAPTIONS if name not in facts.absent]
        return self._request(rung, evidence.clip_id, facts, names)

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.close()

    def _request(
        self,
        rung: Rung,
        clip_id: str,
        facts: Facts,
        names: Sequence[CaptionName],
        faults: Sequence[str] = (),
    ) -> dict[str, Any]:
        prompt = self._templates[rung.prompt]
        request: dict[str, Any] = {
            "model": self.spec.model,
            "messages": render(facts, prompt, names, faults),
            "temperature": rung.temperature,
            "max_tokens": rung.max_tokens,
            "seed": seed_of(clip_id, rung.name),
        }
        if self.spec.guided:
            schema = json_schema([prompt.keys[name] for name in names])
            named = {"name": "captions", "strict": True, "schema": schema}
            request["response_format"] = {"type": "json_schema", "json_schema": named}
        return request

    async def _climb(self, rung: Rung, draft: _Draft, clip_id: str) -> None:
        names = draft.names if rung.whole else draft.missing
        faults = [str(fault) for fault in draft.last] if rung.repair else []
        async with self._slots:
            body = self._request(rung, clip_id, draft.facts, names, faults)
            reply = await self._reply(body)
        draft.requests += 1
        if reply is None:
            for name in draft.missing:
                draft.faults.setdefault(name, []).append(f"{rung.name}:request_refused")
            return
        answered = time.perf_counter()
        choice = reply["choices"][0]
        usage = reply.get("usage") or {}
        draft.tokens_in += usage.get("prompt_tokens", 0)
        draft.tokens_out += usage.get("completion_tokens", 0)
        cut = choice.get("finish_reason") == "length"
        _judge(
            draft,
            rung.name,
            self._templates[rung.prompt],
            names,
            choice["message"]["content"] or "",
            cut,
        )
        self.stats.guard_seconds += time.perf_counter() - answered

    async def _reply(self, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """The server's reply, None where it refuses this request and answers others: evidence may be too
        long for its context. Raises ServerRefused where it answers none."""
        try:
            return await self._client.post(_CHAT, body)
        except RequestRefused as refused:
            try:
                await self._client.post(_CHAT, {**body, "messages": _SHORT})
            except RequestRefused:
                raise ServerRefused(str(refused)) from None
        return None

    def _finished(self, evidence: Evidence, draft: _Draft, absent: dict[str, str]) -> Written:
        drawn = template(draft.facts)
        texts: dict[CaptionName, str] = {}
        claimed: list[CaptionClaim] = []
        how: dict[CaptionName, How] = {}
        for name in CAPTIONS:
            faults = tuple(draft.faults.get(name, ()))
            if name in absent:
                how[name] = How(None, why=absent[name])
                continue
            text, rung = draft.accepted.get(name, (drawn[name], "template"))
            texts[name] = text or ""
            claimed += claims(name, texts[name], draft.facts)
            author: Author = "llm" if name in draft.accepted else "template"
            how[name] = How(author, rung=rung, faults=faults)
            self.stats.by[name, author] += 1
            self.stats.rungs[rung] += 1
            self.stats.faults.update(faults)
        self.stats.clips += 1
        self.stats.requests += draft.requests
        self.stats.tokens_in += draft.tokens_in
        self.stats.tokens_out += draft.tokens_out
        return Written(
            clip_id=evidence.clip_id,
            captions=CaptionSet(**texts),
            how=how,
            evidence_digest=evidence.digest(),
            prompt_digest=clip_prompt_digest(
                self.prompt_digest, first_messages(self.spec, self._templates, draft.facts)
            ),
            transcript=evidence.transcript,
            model=self.spec.model if draft.requests else None,
            tokens_in=draft.tokens_in,
            tokens_out=draft.tokens_out,
            requests=draft.requests,
            claims=tuple(claimed),
        )


def first_messages(
    spec: WriterSpec, templates: Mapping[str, Template], facts: Facts
) -> list[Message]:
    """What the ladder's first rung asks of a clip; nothing where the template alone writes."""
    names = [name for name in CAPTIONS if name not in facts.absent]
    if facts.only_signals or not names or not spec.ladder:
        return []
    return render(facts, templates[spec.ladder[0].prompt], names)


def seed_of(clip_id: str, rung: str) -> int:
    """A seed in [0, 2**31) that depends on clip and rung alone."""
    return int.from_bytes(hashlib.sha256(f"{clip_id}:{rung}".encode()).digest()[:4], "big") >> 1


def _judge(
    draft: _Draft,
    rung: str,
    prompt: Template,
    names: Sequence[CaptionName],
    reply: str,
    cut: bool,
) -> None:
    """Accepts of a reply what is missing and without fault; notes the faults of the rest."""
    verdict = judge(reply, cut, prompt, names, draft.facts, draft.missing)
    draft.last = [verdict.whole] if verdict.whole is not None else []
    for name in draft.missing:
        faults = [verdict.whole] if verdict.whole is not None else verdict.faults[name]
        if faults:
            draft.faults.setdefault(name, []).extend(f"{rung}:{fault.name}" for fault in faults)
            draft.last += verdict.faults.get(name, ())
        else:
            draft.accepted[name] = (verdict.captions[name] or "", rung)
