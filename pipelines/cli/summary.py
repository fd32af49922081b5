"""What a run, a workspace and the quarantine look like in words."""

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from manifests.books import Books
from pipelines.quarantine import Entry
from pipelines.status import JobStatus

if TYPE_CHECKING:
    from pipelines.caption.run import Preview, Result


def account(books: Books) -> str:
    """The books in one line."""
    sides = (
        f"{books.input} clips = {books.captioned} captioned + {books.filtered} filtered"
        f" + {books.quarantined} quarantined + {books.pending} pending"
    )
    return sides if books.close else f"{sides}  -- THE BOOKS DO NOT CLOSE"


def written(books: Books) -> str:
    """Who wrote the captions."""
    if books.llm_share is None:
        return "no captions yet"
    llm, template = books.detail.get("llm", 0), books.detail.get("template", 0)
    return f"{llm} captions by the LLM, {template} by the template ({books.llm_share:.0%} LLM)"


def guards(judged: int, refused: Mapping[str, int]) -> str:
    """What the guards refused of the captions in the writer's replies, the most frequent first."""
    shares = sorted(refused.items(), key=lambda item: -item[1])
    told = ", ".join(f"{name} {count / judged:.1%}" for name, count in shares) or "nothing"
    return f"guards looked at {judged} captions of its replies and refused: {told}"


def run(result: "Result") -> str:
    """The summary of a run: books, who wrote, rate, where time went, guards, where the result lies."""
    from pipelines.cli.progress import shares
    from pipelines.plan import against, hours

    workspace = shlex.quote(str(result.workspace.root))
    captions = result.workspace.root / "captions" / "stage1" / result.job.digest
    lines = [account(result.books), written(result.books)]
    for name, count in result.books.detail.items():
        if name.startswith("filtered: "):
            lines.append(f"  {count} {name}")
    view = result.view
    if view is None:
        lines.append("nothing was left to do")
    elif view.elapsed:
        lines.append(
            f"{view.worked} clips in {view.elapsed:.1f} s, {view.worked / view.elapsed:.2f}/s, "
            f"after {view.startup:.1f} s of start-up"
        )
        busiest = sorted(shares(view).items(), key=lambda item: -item[1])
        told = ", ".join(f"{name} {share:.0%}" for name, share in busiest if share >= 0.005)
        lines.append(f"busy: {told}")
        if view.progress.judged:
            lines.append(guards(view.progress.judged, view.progress.refused))
    if (planned := against(result.workspace, result.job.digest)) is not None:
        expected, low, high, spent = planned
        so_far = "" if result.books.finished else " so far"
        lines.append(
            f"plan: {hours(expected)} ({hours(low)} to {hours(high)}); "
            f"actual{so_far}: {hours(spent)}"
        )
    if view is not None and view.stopped:
        lines.append("stopped: the time or money that you gave is spent; the same command goes on")
    if result.listing.ignored:
        lines.append(f"{result.listing.ignored} passed over: not named like media")
    for folder in result.listing.unreadable:
        lines.append(f"folder that can't be read: {folder.decode('utf-8', 'backslashreplace')}")
    after = ["verify"]
    if result.books.quarantined:
        after.insert(0, "quarantine list")
    if result.books.captioned:
        lines.append(f"captions: {captions}")
        after.insert(0, "show")
    commands = [f"captionmill {command} {workspace}" for command in after]
    return "\n".join([*lines, f"next: {commands[0]}", *(f"      {c}" for c in commands[1:])])


def run_json(result: "Result") -> dict[str, Any]:
    """The same for `--json`."""
    from pipelines.cli.progress import shares

    view = result.view
    return {
        "workspace": str(result.workspace.root),
        "config_digest": result.job.digest,
        "captions": str(result.workspace.root / "captions" / "stage1" / result.job.digest),
        "added": result.added,
        "ignored": result.listing.ignored,
        "stopped": view.stopped if view else False,
        "worked": view.worked if view else 0,
        "startup_s": round(view.startup, 3) if view else 0.0,
        "elapsed_s": round(view.elapsed, 3) if view else 0.0,
        "busy": {n: round(s, 4) for n, s in shares(view).items()} if view else {},
        "judged": view.progress.judged if view else 0,
        "refused": dict(view.progress.refused) if view else {},
        **result.books.to_json(),
    }


def status(job: JobStatus) -> str:
    """One job of `captionmill status`."""
    state = "finished" if job.books.finished else "unfinished: run the same command again"
    return "\n".join(
        [
            f"{job.profile} {job.digest}: {state}",
            f"  {account(job.books)}",
            f"  {written(job.books)}",
            f"  {job.captions}",
        ]
    )


def preview(found: "Preview") -> str:
    """What a run would find."""
    lines = [f"{found.sources} sources, {found.clips} clips, {found.seconds:.0f} s of media"]
    lines += [f"  {count} can't be worked: {fault}" for fault, count in found.faults.items()]
    if found.ignored:
        lines.append(f"  {found.ignored} passed over: not named like media")
    return "\n".join(lines)


def quarantine(entries: Sequence[Entry]) -> str:
    """The quarantine as a list."""
    if not entries:
        return "the quarantine is empty"
    return "\n".join(
        f"{e.row['clip_id'][:12]}  {e.row['stage']}: {e.row['reason']}  {e.row['uri']}"
        for e in entries
    )


def quarantined(entry: Entry, again: str | None) -> str:
    """One clip in quarantine."""
    row = entry.row
    lines = [
        f"clip     {row['clip_id']}",
        f"source   {row['uri']}",
        f"span     {row['start_ms'] / 1000:g} s to {row['end_ms'] / 1000:g} s",
        f"stage    {row['stage']}",
        f"reason   {row['reason']}: {row['message']}",
        f"again    {row['reproduce']}",
    ]
    return "\n".join(lines if again is None else [*lines, "", again])
