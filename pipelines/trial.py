"""`captionmill prompt try`: what several prompts make of the same evidence, side by side.

The evidence is that of a workspace, so no media is decoded and no captioner runs; nothing is written.
Each prompt is used once for a clip, greedily as on the ladder's first rung, and the guards say what they
would have accepted.
"""

import random
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from captioners.contract import ModelServer
from captioners.weights.models import Models
from engine.profile.keys import require_keys
from engine.profile.profile import Profile
from engine.profile.writer import Rung, WriterSpec
from engine.servers.client import Client, RequestRefused, ServerRefused, ServerUnavailable
from engine.servers.local import serve
from manifests import tables
from manifests.captions import CAPTIONS, CaptionName
from manifests.commits import State
from manifests.errors import UserError
from manifests.evidence import Evidence, evidence_from_row
from manifests.workspace import Workspace
from pipelines.caption.guarding import Guarding, guards
from pipelines.caption.stage import CaptionStage
from pipelines.caption.writer import Writer
from pipelines.show import TITLES, caption_files
from pipelines.status import JobStatus
from pipelines.terminal import one_line, readable
from prompts.guards import Guards
from prompts.render import available, load
from prompts.selection import Facts
from prompts.verdict import judge

_SEED = 20251219
_POOL = 10
"""Rows to choose from for each clip that is drawn."""


class TrialError(UserError):
    """Why prompts can't be tried."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What one prompt gave for one clip. captions: as the model wrote them; faults: why the guards reject
    each, nothing where it is accepted; whole: why the reply can't be read at all."""

    prompt: str
    captions: Mapping[CaptionName, str]
    faults: Mapping[CaptionName, tuple[str, ...]]
    whole: str | None


@dataclass(frozen=True, slots=True)
class Tried:
    """One clip. known: its facts, most certain first."""

    clip_id: str
    uri: str
    known: tuple[str, ...]
    replies: tuple[Reply, ...]


@dataclass(frozen=True, slots=True)
class Total:
    """One prompt over all clips. accepted, asked: captions. faults: how often each occurred. Tokens
    and seconds: of all its requests, which were sent together."""

    prompt: str
    accepted: int
    asked: int
    faults: Mapping[str, int]
    tokens_in: int
    tokens_out: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Trial:
    """All of it."""

    clips: tuple[Tried, ...]
    totals: tuple[Total, ...]

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Clip:
    uri: str
    evidence: Evidence
    facts: Facts

    @property
    def names(self) -> tuple[CaptionName, ...]:
        return tuple(name for name in CAPTIONS if name not in self.facts.absent)


def trial(
    workspace: Workspace,
    state: State,
    job: JobStatus,
    prompts: Sequence[str],
    sample: int,
    profile: Profile,
) -> Trial:
    """Asks the writer's server of `profile` about evidence of `job`. prompts: names or .toml paths, those
    of the ladder where none is given. Raises TrialError, ProfileError, ServerError."""
    spec = CaptionStage(profile).writer
    server_spec = profile.server(spec.model)
    require_keys([server_spec])
    chosen = list(dict.fromkeys(prompts or [name for rung in spec.ladder for name in rung.prompts]))
    _check(chosen)
    installed = guards(spec)
    clips = _drawn(workspace, state, job.digest, sample, installed)
    with (
        tempfile.TemporaryDirectory(prefix="captionmill-prompt-") as logs,
        serve(server_spec, Models(), Path(logs)) as server,
    ):
        try:
            asked = [_asked(server, spec, prompt, clips, installed) for prompt in chosen]
        except (ServerRefused, ServerUnavailable) as error:
            raise TrialError(str(error)) from None
    return Trial(
        tuple(
            Tried(
                clip.evidence.clip_id,
                clip.uri,
                tuple(f"{f.text} ({f.tier})" for f in (*clip.facts.heard, *clip.facts.seen)),
                tuple(replies[at] for replies, _ in asked),
            )
            for at, clip in enumerate(clips)
        ),
        tuple(total for _, total in asked),
    )


def _check(prompts: Sequence[str]) -> None:
    if not prompts:
        raise TrialError("the profile's ladder is empty: name prompts with --prompt")
    for prompt in prompts:
        try:
            load(prompt)
        except FileNotFoundError:
            names = ", ".join(available())
            raise TrialError(
                f'no prompt "{prompt}"; choose one of {names}, or a path to a .toml file'
            ) from None
        except ValueError as error:
            raise TrialError(f"the prompt {prompt} is not valid: {error}") from error


def _drawn(
    workspace: Workspace,
    state: State,
    job: str,
    sample: int,
    installed: Guards,
) -> list[_Clip]:
    """Clips with something to write about, out of shards taken at random."""
    drawing = random.Random(_SEED)
    files = caption_files(state, job)
    drawing.shuffle(files)
    pool: list[_Clip] = []
    for file in files:
        for row in tables.read(workspace.root, file.path):
            evidence = evidence_from_row(row)
            clip = _Clip(row["uri"], evidence, installed.select(evidence))
            if clip.names:
                pool.append(clip)
        if len(pool) >= _POOL * sample:
            break
    if not pool:
        raise TrialError(f"no clip in {workspace.root} has anything to write about")
    return drawing.sample(pool, min(sample, len(pool)))


def _asked(
    server: ModelServer,
    spec: WriterSpec,
    prompt: str,
    clips: Sequence[_Clip],
    installed: Guards,
) -> tuple[list[Reply], Total]:
    """The replies to one prompt, in the order of the clips."""
    first = spec.ladder[0] if spec.ladder else Rung(name="first", prompt=prompt)
    rung = Rung(name="try", prompt=prompt, max_tokens=first.max_tokens)
    spec = spec.model_copy(update={"ladder": (rung,)})
    writer = Writer(spec, Client(list), Guarding(installed))
    bodies = [writer.request(rung, clip.evidence.clip_id, clip.facts) for clip in clips]
    began = time.perf_counter()
    answers = [
        answer
        for start in range(0, len(bodies), spec.concurrency)
        for answer in _answers(server, bodies[start : start + spec.concurrency])
    ]
    seconds = time.perf_counter() - began
    replies = [_reply(prompt, installed, *pair) for pair in zip(clips, answers, strict=True)]
    counts: Counter[str] = Counter()
    for reply in replies:
        counts.update(name for faults in reply.faults.values() for name in map(_name, faults))
        counts.update([_name(reply.whole)] if reply.whole else [])
    used = [answer.get("usage") or {} for answer in answers if answer]
    return replies, Total(
        prompt,
        sum(not faults for reply in replies for faults in reply.faults.values()),
        sum(len(clip.names) for clip in clips),
        dict(counts.most_common()),
        sum(usage.get("prompt_tokens", 0) for usage in used),
        sum(usage.get("completion_tokens", 0) for usage in used),
        round(seconds, 2),
    )


def _answers(server: ModelServer, bodies: Sequence[dict[str, Any]]) -> list[dict[str, Any] | None]:
    """The server's replies; None for a request that it refuses."""
    try:
        return list(server.post("/chat/completions", bodies))
    except RequestRefused:
        if len(bodies) == 1:
            return [None]
        half = len(bodies) // 2
        return _answers(server, bodies[:half]) + _answers(server, bodies[half:])


def _reply(
    prompt: str,
    installed: Guards,
    clip: _Clip,
    answer: Mapping[str, Any] | None,
) -> Reply:
    if answer is None:
        return Reply(prompt, {}, {}, "request_refused")
    choice = answer["choices"][0]
    cut = choice.get("finish_reason") == "length"
    text = choice["message"]["content"] or ""
    verdict = judge(text, cut, load(prompt), clip.names, clip.facts, installed)
    if verdict.whole is not None:
        return Reply(prompt, {}, {}, str(verdict.whole))
    return Reply(
        prompt,
        {name: verdict.captions[name] or "" for name in clip.names},
        {name: tuple(map(str, faults)) for name, faults in verdict.violations.items()},
        None,
    )


def _name(fault: str) -> str:
    return fault.partition(":")[0]


def text(trial: Trial) -> str:
    """For people: each caption by every prompt, one below the other."""
    wide = max(len(total.prompt) for total in trial.totals)
    lines = []
    for clip in trial.clips:
        known = one_line("; ".join(clip.known))
        lines += [f"{readable(clip.uri)}  {clip.clip_id[:12]}", f"  known: {known}"]
        for name in CAPTIONS:
            for reply in clip.replies:
                if name in reply.captions:
                    lines.append(f"  {TITLES[name]:<9}{reply.prompt:<{wide}}  {_line(reply, name)}")
        for reply in clip.replies:
            if reply.whole is not None:
                lines.append(
                    f"  {'':<9}{reply.prompt:<{wide}}  UNREADABLE REPLY: {one_line(reply.whole)}"
                )
        lines.append("")
    return "\n".join([*lines, *(_sum(total, wide, len(trial.clips)) for total in trial.totals)])


def _line(reply: Reply, name: CaptionName) -> str:
    caption = one_line(reply.captions[name])
    faults = one_line(", ".join(reply.faults[name]))
    return f"{caption}  REJECTED: {faults}" if faults else caption


def _sum(total: Total, wide: int, clips: int) -> str:
    faults = ", ".join(f"{name} {count}" for name, count in total.faults.items()) or "none"
    return (
        f"{total.prompt:<{wide}}  {total.accepted} of {total.asked} captions accepted "
        f"({total.accepted / total.asked:.0%}); {total.tokens_in / clips:.0f} tokens in and "
        f"{total.tokens_out / clips:.0f} out per clip, {total.seconds:.1f} s; rejected: {faults}"
    )
