"""A run, a workspace and the quarantine in words."""

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from manifests.books import Books
from pipelines.caption.names import GUARDED, REJECTED
from pipelines.quarantine import Entry
from pipelines.status import JobStatus
from pipelines.terminal import counted, one_line, readable

if TYPE_CHECKING:
    from engine.run.stage import Result
    from engine.stages.progress import Progress
    from pipelines.caption.run import Preview

# Kinds of skipped files that are named.
_SUFFIXES = 6
# What becomes of the clips of captioning; another stage has a first outcome of its own.
_CAPTIONING = ("captioned", "filtered", "quarantined")
# Guards whose refusals are told with an example, and the characters shown of one on a terminal.
_REFUSALS, _SHOWN = 5, 160


def account(books: Books) -> str:
    """The books in one line."""
    own = [name for name in books.outcomes if name not in _CAPTIONING]
    shared = _CAPTIONING[1:] if books.filtered else _CAPTIONING[2:]
    names = (*own, *shared) if own else _CAPTIONING
    parts = [f"{books.outcomes.get(name, 0)} {name}" for name in names]
    sides = f"{counted(books.input, 'clip')} = {' + '.join(parts)} + {books.pending} pending"
    return sides if books.close else f"{sides}  -- THE BOOKS DO NOT CLOSE"


def written(books: Books) -> str:
    """Who wrote the captions."""
    if books.llm_share is None:
        return "no captions yet"
    llm, template = books.detail.get("llm", 0), books.detail.get("template", 0)
    return f"{counted(llm, 'caption')} by the LLM, {template} by the template ({books.llm_share:.0%} LLM)"


def guards_json(tallies: Mapping[str, int]) -> dict[str, Any]:
    """What guards checked of the captions in the LLM's replies, and how many each of them rejected."""
    return {
        "checked": tallies.get(GUARDED, 0),
        "rejected": {
            name.removeprefix(REJECTED): count
            for name, count in tallies.items()
            if name.startswith(REJECTED)
        },
    }


def refusals_json(progress: "Progress") -> list[dict[str, Any]]:
    """The guards that rejected most captions, at most five, each with a text that it rejected and why."""
    counts = Counter(guards_json(progress.tallies)["rejected"])
    told = []
    for guard, count in counts.most_common(_REFUSALS):
        text, why = progress.examples.get(f"{REJECTED}{guard}", ("", ""))
        told.append({"guard": guard, "count": count, "example": text, "why": why})
    return told


def refusals(progress: "Progress") -> list[str]:
    """The same, a line for each guard."""
    return [
        f"  {one_line(told['guard'])} {told['count']}:"
        + f' "{_short(told["example"])}"'
        + (f" ({_short(told['why'])})" if told["why"] else "")
        for told in refusals_json(progress)
    ]


def _short(text: str) -> str:
    text = one_line(text)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def guards(tallies: Mapping[str, int]) -> list[str]:
    """How many captions were checked, and the share that each guard rejected, in one line, the most
    frequent first; nothing where no reply came."""
    counts = guards_json(tallies)
    checked, rejected = counts["checked"], counts["rejected"]
    if not checked:
        return []
    shares = sorted(rejected.items(), key=lambda item: -item[1])
    listed = ", ".join(f"{name} {count / checked:.1%}" for name, count in shares) or "none"
    return [f"guards checked {counted(checked, 'LLM caption')} and rejected {listed}"]


def skipped(counts: Mapping[str, int]) -> str:
    """Files in folders that are no media, by suffix, the most frequent first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    parts = [f"{count} {suffix}" for suffix, count in ordered[:_SUFFIXES]]
    if rest := sum(count for _, count in ordered[_SUFFIXES:]):
        parts.append(f"{rest} of other kinds")
    return one_line(f"{counted(sum(counts.values()), 'file')} skipped: {', '.join(parts)}")


def run(result: "Result") -> str:
    """The summary of a run: books, who wrote, rate, where time went, guards, where the results are."""
    from pipelines.cli.progress import shares
    from pipelines.plan.kept import against
    from pipelines.plan.told import hours

    workspace = shlex.quote(str(result.workspace.root))
    captions = result.workspace.root / "captions" / "stage1" / result.stage.digest
    lines = [account(result.books), written(result.books)]
    for name, count in result.books.detail.items():
        if name.startswith("filtered: "):
            lines.append(f"  {one_line(f'{count} {name}')}")
    view = result.view
    if view is None:
        lines.append("nothing left to do")
    elif view.elapsed:
        lines.append(
            f"{counted(view.worked, 'clip')} in {view.elapsed:.1f} s, "
            f"{view.worked / view.elapsed:.2f}/s, after {view.startup:.1f} s of startup"
        )
        busiest = sorted(shares(view).items(), key=lambda item: -item[1])
        busy = ", ".join(f"{name} {share:.0%}" for name, share in busiest if share >= 0.005)
        lines.append(f"busy: {busy}")
        lines += [*guards(view.progress.tallies), *refusals(view.progress)]
    if (planned := against(result.workspace, result.stage.digest)) is not None:
        expected, low, high, spent = planned
        so_far = "" if result.books.finished else " so far"
        lines.append(
            f"plan: {hours(expected)} ({hours(low)} to {hours(high)}); "
            f"actual{so_far}: {hours(spent)}"
        )
    if view is not None and view.stopped:
        lines.append("stopped: time or budget is used up; rerun the command to continue")
    if result.listing.ignored:
        lines.append(skipped(result.listing.ignored))
    for folder in result.listing.unreadable:
        lines.append(one_line(f"unreadable folder: {folder.decode('utf-8', 'backslashreplace')}"))
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
        "config_digest": result.stage.digest,
        "captions": str(result.workspace.root / "captions" / "stage1" / result.stage.digest),
        "added": result.added,
        "ignored": dict(result.listing.ignored),
        "stopped": view.stopped if view else False,
        "worked": view.worked if view else 0,
        "startup_s": round(view.startup, 3) if view else 0.0,
        "elapsed_s": round(view.elapsed, 3) if view else 0.0,
        "busy": {n: round(s, 4) for n, s in shares(view).items()} if view else {},
        **(guards_json(view.progress.tallies) if view else guards_json({})),
        "refusals": refusals_json(view.progress) if view else [],
        **result.books.to_json(),
    }


def status(job: JobStatus) -> str:
    """One job of `captionmill status`."""
    state = "finished" if job.books.finished else "unfinished: rerun the same command"
    lines = [one_line(f"{job.stage} {job.digest}, profile {job.profile}: {state}")]
    lines.append(account(job.books))
    if job.stage == "caption":
        lines.append(written(job.books))
    return "\n  ".join([*lines, job.results])


def uncompared(count: int, root: Path) -> str:
    """Captions that the newest captioning wrote and no embedding has compared."""
    verb = "has" if count == 1 else "have"
    return (
        f"{counted(count, 'clip')} of the newest captions {verb} no similarities: "
        f"captionmill embed {shlex.quote(str(root))}"
    )


def preview(preview: "Preview") -> str:
    """What a run would find."""
    lines = [
        f"{counted(preview.sources, 'source')}, {counted(preview.clips, 'clip')}, "
        f"{preview.seconds:.0f} s of media"
    ]
    lines += [
        f"  {count} can't be processed: {one_line(fault)}"
        for fault, count in preview.faults.items()
    ]
    if preview.ignored:
        lines.append(f"  {skipped(preview.ignored)}")
    return "\n".join(lines)


def quarantine(entries: Sequence[Entry]) -> str:
    """The quarantine as a list."""
    if not entries:
        return "the quarantine is empty"
    return "\n".join(
        one_line(f"{e.row['clip_id'][:12]}  {e.row['stage']}: {e.row['reason']}")
        + f"  {readable(e.row['uri'])}"
        for e in entries
    )


def quarantined(entry: Entry, command: str, again: str | None) -> str:
    """One clip in quarantine. command: runs what failed once more; again: its outcome."""
    row = entry.row
    lines = [
        f"clip     {row['clip_id']}",
        f"source   {readable(row['uri'])}",
        f"span     {row['start_ms'] / 1000:g} s to {row['end_ms'] / 1000:g} s",
        f"stage    {one_line(row['stage'])}",
        f"reason   {one_line(row['reason'] + ': ' + row['message'])}",
        f"again    {command}",
    ]
    return "\n".join(lines if again is None else [*lines, "", again])
