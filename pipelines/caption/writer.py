"""The writer: from a clip's evidence to its captions, through any OpenAI-compatible server.

One request per clip asks for all its captions; each caption of the reply is linted, grounded and
accepted on its own. What is in doubt goes to a judge, where the profile has one: the same model, asked
whether the evidence states it. Captions that were refused go up a ladder (data in the spec); what still
fails is the template's, and `Written.how` says so. Variants are asked for one by one afterwards; one
that a guard refuses is left out. The answer belongs to the clip because it is the result of this clip's
own call, never because of an order.

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

from engine.profile.writer import Rung, WriterSpec
from engine.servers.client import Client, RequestRefused, ServerRefused
from manifests.captions import (
    CAPTIONS,
    REPLY_CHARS,
    Author,
    CaptionName,
    CaptionSet,
    How,
    Judgement,
    Written,
)
from manifests.evidence import Evidence
from manifests.ids import digest
from pipelines.caption.draft import Draft
from pipelines.caption.guarding import Guarding, guards
from prompts.judge import BELIEVED, believed, question, sentences
from prompts.length import wanted_words
from prompts.render import PLAIN, Message, Template, clip_prompt_digest, render
from prompts.schema import json_schema
from prompts.selection import Facts
from prompts.verdict import Verdict
from prompts.words import lexicon

_CHAT = "/chat/completions"
VARIED = 0.8
"""Temperature of a request for a variant; our choice."""
SHORT = [{"role": "user", "content": "Hello"}]
"""What tells a server that refuses one request from one that refuses all."""


@dataclass
class WriterStats:
    """Sums over all clips of one writer.

    by: captions by (name, author); rungs: captions by the step that wrote them; faults: refusals by
    "rung:fault", of captions. checked: captions that the guards checked, of all candidates and
    variants; rejected: how many of these each guard rejected; examples: of each guard the first text that
    it rejected, and why. guard_seconds: selecting, linting and
    grounding, or waiting for it.
    """

    clips: int = 0
    requests: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    checked: int = 0
    guard_seconds: float = 0.0
    by: Counter[tuple[CaptionName, Author]] = field(default_factory=Counter)
    rungs: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    examples: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def llm_share(self) -> float:
        """Captions that the LLM wrote of all that were written; 0 before the first."""
        llm = sum(n for (_, author), n in self.by.items() if author == "llm")
        return llm / (sum(self.by.values()) or 1)

    def add(self, draft: Draft, how: Mapping[CaptionName, How]) -> None:
        """Counts a clip that is done."""
        self.clips += 1
        self.requests += draft.requests
        self.tokens_in += draft.tokens_in
        self.tokens_out += draft.tokens_out
        self.checked += draft.checked
        self.rejected.update(draft.rejected)
        self.examples = draft.examples | self.examples
        for name, each in how.items():
            if each.by is not None and each.rung is not None:
                self.by[name, each.by] += 1
                self.rungs[each.rung] += 1
                self.faults.update(each.faults)


class Writer:
    """Writes captions, at most `spec.concurrency` requests at a time, on one event loop.

    guarding: by default all guards of the spec in this process. Raises PackMissing.
    """

    def __init__(self, spec: WriterSpec, client: Client, guarding: Guarding | None = None) -> None:
        self.spec = spec
        self.stats = WriterStats()
        self.prompt_digest = spec.prompt_digest()
        self._client = client
        self._guarding = guarding or Guarding(guards(spec))
        self._templates = spec.templates()
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
        """The captions of one clip. Raises ServerUnavailable, ServerRefused, ComputingFailed."""
        began = time.perf_counter()
        facts = await self._guarding.select(evidence)
        self.stats.guard_seconds += time.perf_counter() - began
        draft = Draft(facts, _names(facts), self.spec.caption_chars)
        if draft.names:
            for rung in self.spec.ladder:
                if draft.missing:
                    await self._climb(rung, draft, evidence.clip_id)
            for number, style in enumerate(self.spec.variants):
                await self._vary(number, style, draft, evidence.clip_id)
        return await self._finished(evidence, draft)

    def request(self, rung: Rung, clip_id: str, facts: Facts) -> dict[str, Any]:
        """What a rung asks for all captions of a clip: the arguments of `chat.completions.create`."""
        return self._request(rung, clip_id, facts, _names(facts))

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
        style: str = PLAIN,
    ) -> dict[str, Any]:
        prompt = self._templates[rung.prompt_of(facts)]
        words = wanted_words(clip_id, self.spec.caption_chars)
        request: dict[str, Any] = {
            "model": self.spec.model,
            "messages": render(facts, prompt, names, faults, style, words),
            "temperature": rung.temperature,
            "max_tokens": rung.max_tokens,
            "seed": seed_of(clip_id, rung.name),
        }
        if rung.candidates > 1:
            request["n"] = rung.candidates
        if self.spec.guided:
            schema = json_schema([prompt.keys[name] for name in names], self.spec.caption_chars)
            named = {"name": "captions", "strict": True, "schema": schema}
            request["response_format"] = {"type": "json_schema", "json_schema": named}
        return request

    async def _climb(self, rung: Rung, draft: Draft, clip_id: str) -> None:
        """One rung: asks for what is missing and takes what is good."""
        names = draft.names if rung.whole else draft.missing
        faults = [str(fault) for fault in draft.last] if rung.repair else []
        body = self._request(rung, clip_id, draft.facts, names, faults)
        reply = await self._ask(draft, body)
        if reply is None:
            draft.unread(rung.name, digest(body))
            draft.refused(rung.name)
            return
        prompt = self._templates[rung.prompt_of(draft.facts)]
        verdicts = await self._verdicts(draft, clip_id, prompt, names, reply, draft.missing)
        draft.keep(rung.name, digest(body), reply, verdicts)
        draft.take(rung.name, verdicts)
        if self.spec.judge:
            await self._judge(rung, draft, body["messages"], reply, verdicts)

    async def _verdicts(
        self,
        draft: Draft,
        clip_id: str,
        prompt: Template,
        names: Sequence[CaptionName],
        reply: Mapping[str, Any],
        wanted: Sequence[CaptionName],
    ) -> list[Verdict]:
        """What the guards say of each candidate of a reply."""
        answered = time.perf_counter()
        verdicts = []
        for form in draft.forms(prompt, names, reply, wanted):
            found = await self._guarding.ground(clip_id, draft.facts, form.to_ground)
            verdicts.append(form.grounded(found))
        draft.count(verdicts, wanted)
        self.stats.guard_seconds += time.perf_counter() - answered
        return verdicts

    async def _judge(
        self,
        rung: Rung,
        draft: Draft,
        messages: Sequence[Message],
        reply: Mapping[str, Any],
        verdicts: Sequence[Verdict],
    ) -> None:
        """Asks about captions that are still missing and only in doubt; the first believed is taken."""
        for name in draft.missing:
            for at, (choice, verdict) in enumerate(zip(reply["choices"], verdicts, strict=True)):
                if not verdict.is_doubted(name):
                    continue
                caption, whole = verdict.captions[name] or "", choice["message"]["content"]
                asked = [
                    self._judgement(draft, name, sentence, question(messages, whole, sentence))
                    for sentence in sentences(caption)
                ]
                answers = await asyncio.gather(*asked)
                judged = min(answer.probability for answer in answers)
                draft.judge(verdicts, at, answers, judged >= BELIEVED)
                if judged >= BELIEVED:
                    draft.believe(rung.name, name, caption, judged)
                    break

    async def _judgement(
        self, draft: Draft, name: CaptionName, sentence: str, asked: Mapping[str, Any]
    ) -> Judgement:
        reply = await self._ask(draft, {"model": self.spec.model, **asked})
        if reply is None:
            return Judgement(name, sentence, None, 0.0)
        text = reply["choices"][0]["message"]["content"] or ""
        return Judgement(name, sentence, text[:REPLY_CHARS], believed(reply))

    async def _vary(self, number: int, style: str, draft: Draft, clip_id: str) -> None:
        """Asks the first rung's prompt for one more caption of each kind, in a style."""
        name = f"variant {number} {style}"
        rung = self.spec.ladder[0].model_copy(
            update={"name": name, "temperature": VARIED, "candidates": 1}
        )
        body = self._request(rung, clip_id, draft.facts, draft.names, style=style)
        reply = await self._ask(draft, body)
        if reply is None:
            draft.unread(name, digest(body))
            return
        prompt, names = self._templates[rung.prompt_of(draft.facts)], draft.names
        verdicts = await self._verdicts(draft, clip_id, prompt, names, reply, names)
        draft.keep(name, digest(body), reply, verdicts)
        draft.vary(style, verdicts)

    async def _ask(self, draft: Draft, body: Mapping[str, Any]) -> dict[str, Any] | None:
        draft.requests += 1
        async with self._slots:
            reply = await self._reply(body)
        usage = (reply or {}).get("usage") or {}
        draft.tokens_in += usage.get("prompt_tokens", 0)
        draft.tokens_out += usage.get("completion_tokens", 0)
        return reply

    async def _reply(self, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """The server's reply, None where it refuses this request and answers others: evidence may be too
        long for its context. Raises ServerRefused where it answers none."""
        try:
            return await self._client.post(_CHAT, body)
        except RequestRefused as refused:
            try:
                await self._client.post(_CHAT, {**body, "messages": SHORT})
            except RequestRefused:
                raise ServerRefused(str(refused)) from None
        return None

    async def _finished(self, evidence: Evidence, draft: Draft) -> Written:
        clip_id, facts = evidence.clip_id, draft.facts
        absent = facts.absent
        drawn = await self._guarding.template(clip_id, facts) if draft.missing else None
        chosen = draft.captions(drawn or CaptionSet())
        texts: dict[CaptionName, str] = {}
        how: dict[CaptionName, How] = {}
        for name in CAPTIONS:
            if name in absent:
                how[name] = How(None, why=absent[name])
                continue
            texts[name], rung = chosen[name]
            author: Author = "llm" if name in draft.accepted else "template"
            faults, judged = tuple(draft.faults.get(name, ())), draft.judged.get(name)
            how[name] = How(author, rung=rung, faults=faults, judged=judged)
        claimed = await self._guarding.claims(clip_id, draft.facts, list(texts.items()))
        self.stats.add(draft, how)
        return Written(
            clip_id=evidence.clip_id,
            captions=CaptionSet(**texts),
            how=how,
            evidence_digest=evidence.digest(),
            prompt_digest=clip_prompt_digest(
                self.prompt_digest,
                first_messages(self.spec, self._templates, evidence.clip_id, facts),
            ),
            transcript=evidence.transcript,
            domain=facts.domain,
            model=self.spec.model if draft.requests else None,
            tokens_in=draft.tokens_in,
            tokens_out=draft.tokens_out,
            requests=draft.requests,
            claims=tuple(claimed),
            variants=tuple(draft.variants),
            replies=tuple(draft.replies),
        )


def first_messages(
    spec: WriterSpec, templates: Mapping[str, Template], clip_id: str, facts: Facts
) -> list[Message]:
    """What the ladder's first rung asks of a clip; nothing where the template alone writes."""
    names = _names(facts)
    if not names or not spec.ladder:
        return []
    prompt = templates[spec.ladder[0].prompt_of(facts)]
    return render(facts, prompt, names, words=wanted_words(clip_id, spec.caption_chars))


def _names(facts: Facts) -> tuple[CaptionName, ...]:
    """The captions that a clip can have."""
    return tuple(name for name in CAPTIONS if name not in facts.absent)


def seed_of(clip_id: str, rung: str) -> int:
    """A seed in [0, 2**31) that depends on clip and rung alone."""
    return int.from_bytes(hashlib.sha256(f"{clip_id}:{rung}".encode()).digest()[:4], "big") >> 1
