"""How the captions of a clip were written: each request, the replies to it, and what the guards say.

Replies and what guards refused in them are stored. Requests, and which guards a reply passed, follow
from evidence, replies, prompts and guards: they are made again where these are installed here as they
were, and shown only if digests and refusals are the stored ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from engine.run.settings import read
from manifests.captions import (
    CAPTIONS,
    CaptionName,
    Judgement,
    Refusal,
    Reply,
    replies_from_rows,
)
from manifests.evidence import evidence_from_row
from manifests.faults import MEANINGS
from manifests.workspace import Workspace
from pipelines.inspect.sets import Inspected, Row, WorkspaceSet
from pipelines.report.shown import exact, visible
from pipelines.show import TITLES

if TYPE_CHECKING:
    from pipelines.caption.installed import Installed
    from pipelines.caption.replay import Asked

_OF_REPLY = ("not_json", "wrong_keys", "wrong_type", "too_long")
"""What must hold before any caption of a reply is looked at, in this order."""
_NEEDS_WORDS = ("copied_modality", "prompt_copied")
_ONE_AT_A_TIME = Lock()
"""Guards keep what they have read, and pages are answered in threads."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A guard: its name, and what it refuses, in words. detail: what it found; doubt: it neither refused
    nor passed the caption."""

    name: str
    meaning: str
    detail: str = ""
    doubt: bool = False


@dataclass(frozen=True, slots=True)
class Looked:
    """What the guards say of a reply, or of one caption of it. outcome: in words. level: "good", "care",
    "bad" or "". passed: None where that is not known. unasked: why guards were not asked, or "".
    judged: sentences with the judge's answer."""

    title: str
    outcome: str
    level: str
    found: tuple[Guard, ...] = ()
    passed: tuple[Guard, ...] | None = None
    unasked: str = ""
    judged: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply. text: as it came; None where the server would not read the request. note: what is to be
    known of it. looked: the whole reply where no caption could be read, else each caption."""

    title: str
    text: str | None
    note: str
    looked: tuple[Looked, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """A request. messages: role and content; without any `why` says why. settings: in words."""

    rung: str
    messages: tuple[tuple[str, str], ...]
    settings: str
    why: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Writing:
    """How a clip's captions were written. note: what is to be known of all of it."""

    note: str
    requests: tuple[Request, ...] = field(default=())


def writing(shown: Inspected, row: Row, job: str | None = None) -> Writing:
    """How the captions of a row were written, as far as it is known here. job: that wrote them, where it
    is not the one that is shown."""
    if not isinstance(shown, WorkspaceSet):
        return Writing("A release does not say how its captions were asked for; its workspaces do.")
    if not row["replies"]:
        return Writing("No language model was asked about this clip.")
    from captioners.weights.packs import PackError
    from pipelines.caption.replay import Asked, replay, requests

    replies = replies_from_rows(row["replies"])
    guards: tuple[str, ...] | None = None
    try:
        with _ONE_AT_A_TIME:
            wrote = _writer(shown.workspace, job or shown.captioned.job.digest)
        why = "Prompts or guards have changed since."
    except PackError as missing:
        wrote = None
        why = f"The guards need a model that is not here: {visible(str(missing), 400)}"
    if wrote is None:
        asked = [Asked(None, group) for group in requests(replies)]
        note = f"{why} What was asked can't be made again, and only what was refused is known."
    else:
        with _ONE_AT_A_TIME:
            asked, guards = replay(wrote, evidence_from_row(row), replies)
        note = (
            "Replies are as they came. Requests are made again; each is shown only if its digest is that "
            "of the request that was sent."
        )
    return Writing(note, tuple(_requests(asked, _possible(row), guards)))


@lru_cache(maxsize=2)
def _writer(workspace: Workspace, job: str) -> "Installed | None":
    from pipelines.caption.installed import installed_writer

    return installed_writer(read(workspace, job))


def _possible(row: Row) -> list[CaptionName]:
    """The captions that the clip can have."""
    return [name for name in CAPTIONS if row[f"{name.removesuffix('_caption')}_by"] is not None]


def _requests(
    asked: "Sequence[Asked]", possible: Sequence[CaptionName], guards: Sequence[str] | None
) -> list[Request]:
    made = []
    wanted = list(possible)
    for each in asked:
        rung = each.replies[0].rung
        is_variant = rung.startswith("variant ")
        known = guards if each.is_checked else None
        made.append(_request(each, possible if is_variant else wanted, known))
        if not is_variant:
            taken = {name for reply in each.replies for name in reply.taken}
            wanted = [name for name in wanted if name not in taken]
    return made


def _request(
    asked: "Asked", wanted: Sequence[CaptionName], guards: Sequence[str] | None
) -> Request:
    several = len(asked.replies) > 1
    taken = {name for reply in asked.replies for name in reply.taken}
    answers = tuple(
        Answer(
            f"Candidate {reply.candidate + 1} of {len(asked.replies)}" if several else "Reply",
            None if reply.text is None else exact(reply.text),
            _note(reply),
            tuple(_looked(reply, wanted, taken, guards)),
        )
        for reply in asked.replies
    )
    rung, body = visible(asked.replies[0].rung, 80), asked.body
    if body is None:
        why = "This request can't be made again as it was sent."
        return Request(rung, (), "", why, answers)
    messages = tuple((message["role"], exact(message["content"])) for message in body["messages"])
    return Request(rung, messages, _settings(body), "", answers)


def _settings(body: Mapping[str, Any]) -> str:
    told = f"temperature {body['temperature']:g}, seed {body['seed']}, "
    told += f"at most {body['max_tokens']} tokens"
    if "n" in body:
        told += f", {body['n']} candidates"
    return told + (", held to a JSON schema" if "response_format" in body else "")


def _note(reply: Reply) -> str:
    if reply.text is None:
        return "The server would not read the request."
    told = []
    if reply.characters > len(reply.text):
        told.append(
            f"It has {reply.characters:,} characters, of which the first {len(reply.text):,} are kept."
        )
    if reply.at_limit:
        told.append("It ends at the token limit.")
    return " ".join(told) or ("" if reply.text else "It is empty.")


def _looked(
    reply: Reply,
    wanted: Sequence[CaptionName],
    taken: set[CaptionName],
    guards: Sequence[str] | None,
) -> list[Looked]:
    """What the guards say of a reply that was asked for the captions `wanted`. taken: captions that were
    taken from any candidate."""
    whole = [found for found in reply.refusals if _is_whole(found)]
    if whole:
        return [_unread(whole[0], guards)]
    looked = []
    for name in CAPTIONS:
        if name not in wanted:
            continue
        found = [each for each in reply.refusals if each.caption == name]
        judged = [each for each in reply.judged if each.caption == name]
        looked.append(_caption(name, found, judged, reply, taken, guards))
    return looked


def _is_whole(found: Refusal) -> bool:
    """Whether no caption of the reply could be read."""
    return found.caption is None or found.fault in ("wrong_type", "too_long")


def _unread(found: Refusal, guards: Sequence[str] | None) -> Looked:
    if found.fault == "request_refused":
        return Looked("Whole reply", "no reply", "bad", (_guard(found),), (), "No guard was asked.")
    at = _OF_REPLY.index(found.fault) if found.fault in _OF_REPLY else 0
    passed = None if guards is None else tuple(_named(name) for name in _OF_REPLY[:at])
    why = "No guard of captions was asked, because no caption could be read."
    return Looked("Whole reply", "refused", "bad", (_guard(found),), passed, why)


def _caption(
    name: CaptionName,
    found: Sequence[Refusal],
    judged: Sequence[Judgement],
    reply: Reply,
    taken: set[CaptionName],
    guards: Sequence[str] | None,
) -> Looked:
    if name in reply.taken:
        told = (
            ("in doubt, and taken: the judge believed it", "care") if found else ("taken", "good")
        )
    elif not found:
        other = name in taken
        told = ("passed, but another candidate was taken" if other else "passed, but not taken", "")
    elif all(each.doubt for each in found):
        told = ("in doubt, and not taken", "care")
    else:
        told = ("refused", "bad")
    faults = {each.fault for each in found}
    unasked = ""
    passed = None
    if guards is not None:
        asked = [guard for guard in guards if guard not in faults]
        if "empty" in faults:
            asked = [guard for guard in asked if guard not in _NEEDS_WORDS]
            unasked = f"Not asked, because it is empty: {', '.join(_NEEDS_WORDS)}."
        passed = tuple(map(_named, (*_OF_REPLY, *asked)))
    answers = tuple(
        (
            visible(each.sentence),
            f"probability of yes {each.probability:.2f}"
            if each.text is not None
            else "the server would not read the question",
        )
        for each in judged
    )
    return Looked(
        TITLES[name].capitalize(), *told, tuple(map(_guard, found)), passed, unasked, answers
    )


def _guard(found: Refusal) -> Guard:
    return Guard(visible(found.fault, 60), meaning(found.fault), visible(found.detail), found.doubt)


def _named(name: str) -> Guard:
    return Guard(name, meaning(name))


def meaning(name: str) -> str:
    """What a guard refuses, in words; nothing of a name that there is not."""
    return MEANINGS.get(name, "")
