"""Captions, what they claim, and all their evidence, as lines for a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.text import Text

from manifests import tables
from manifests.captions import CAPTIONS
from manifests.commits import State
from manifests.evidence import evidence_from_row
from manifests.faults import MEANINGS
from manifests.tables import File
from manifests.workspace import Workspace
from pipelines.status import JobStatus
from pipelines.terminal import one_line, readable
from prompts.singing import manner

_SPANS = 4
TITLES = {"audio_caption": "heard", "visual_caption": "seen", "audio_visual_caption": "together"}


def find(
    workspace: Workspace, state: State, job: JobStatus, wanted: str | None, limit: int
) -> list[dict[str, Any]]:
    """Caption rows of a job: the first ones, or those whose id or source's name matches.

    A duplicate file is found by its own name: the row is its twin's.
    """
    hashes = _contents(workspace, state, job.cut, wanted) if wanted else set()
    matching = []
    for row in tables.read_all(workspace.root, caption_files(state, job.digest)):
        if wanted is None or row["clip_id"].startswith(wanted) or row["content_hash"] in hashes:
            matching.append(row)
            if len(matching) == limit:
                break
    return matching


def caption_files(state: State, job: str) -> list[File]:
    """The files that hold a job's captions."""
    return list(state.files("captions", job=job))


def _contents(workspace: Workspace, state: State, cut: str, name: str) -> set[str]:
    """Contents of the sources whose path has `name` in it."""
    files = state.files("sources", cut=cut)
    return {
        row["content_hash"]
        for row in tables.read_all(workspace.root, files, ["uri", "content_hash"])
        if row["content_hash"] and name in readable(row["uri"])
    }


def lines(rows: Sequence[Mapping[str, Any]], whole: bool) -> Iterator[Text]:
    """Rows as lines to print. whole: with every claim, else captions only."""
    for row in rows:
        start, end = row["start_ms"] / 1000, row["end_ms"] / 1000
        span = "still" if row["kind"] == "image" else f"{start:g}-{end:g} s"
        yield Text(f"{readable(row['uri'])}  [{span}]", style="bold")
        yield from captions(row)
        if whole:
            yield from variants(row)
            yield from claims(row)
            yield from evidence(row)
            yield from origin(row)
        else:
            yield Text(f"  captionmill show WORKSPACE {row['clip_id'][:12]}", style="dim")
        yield Text()


def captions(row: Mapping[str, Any]) -> Iterator[Text]:
    """The three captions, who wrote each, and why one is missing."""
    for name in CAPTIONS:
        short = name.removesuffix("_caption")
        if row[name] is not None:
            by = Text(f"  ({row[f'{short}_by']})", style="dim")
            yield Text(f"  {TITLES[name]:9}", style="cyan") + plain(row[name]) + by
        else:
            yield Text(f"  {TITLES[name]:9}none: {row[f'{short}_why']}", style="dim")
    if row["transcript"]:
        language = Text(f"  ({row['language']})", style="dim")
        how = "sung" if manner(evidence_from_row(row)) == "sung" else "said"
        yield Text(f"  {how:9}", style="cyan") + plain(f'"{row["transcript"]}"') + language


def variants(row: Mapping[str, Any]) -> Iterator[Text]:
    """Further captions, each with its style."""
    if row["variants"]:
        yield Text("  variants", style="cyan")
    for variant in row["variants"]:
        style = Text(f"  ({TITLES[variant['caption']]}, {variant['style']})", style="dim")
        yield Text("    ") + plain(variant["text"]) + style


def claims(row: Mapping[str, Any]) -> Iterator[Text]:
    """What the captions claim, once each, with its support; a claim without support stands out."""
    together: dict[str, tuple[list[str], Mapping[str, Any]]] = {}
    for claim in row["claims"]:
        of, _ = together.setdefault(claim["text"], ([], claim))
        of.append(TITLES[claim["caption"]])
    if together:
        yield Text("  claims", style="cyan")
    for text, (of, claim) in together.items():
        line = Text("    ") + plain(text)
        if not claim["supported"]:
            yield line + Text(f"  NOT SUPPORTED (in {', '.join(of)})", style="red")
            continue
        who = f"{_believed(claim['confidence'])}; said by {', '.join(claim['captioners'])}"
        yield line + Text(f"  [{who}]{_when(claim)} (in {', '.join(of)})", style="dim")


def evidence(row: Mapping[str, Any]) -> Iterator[Text]:
    """Every weak caption with its claims."""
    yield Text("  evidence", style="cyan")
    for weak in row["evidence"]:
        if weak["skipped"]:
            yield Text(f"    {weak['captioner']}: skipped, {weak['skipped']}", style="dim")
            continue
        yield Text(f"    {weak['captioner']}: ") + plain(weak["text"] or "says nothing")
        for claim in weak["claims"]:
            yield Text("      ") + plain(_claim(claim))


def _when(claim: Mapping[str, Any]) -> str:
    """The spans of a claim, the first few of them."""
    spans = ", ".join(
        f"{s['start_ms'] / 1000:g}-{s['end_ms'] / 1000:g}" for s in claim["spans"][:_SPANS]
    )
    more = f" and {len(claim['spans']) - _SPANS} more" if len(claim["spans"]) > _SPANS else ""
    return f" at {spans}{more} s" if spans else ""


def _claim(claim: Mapping[str, Any]) -> str:
    when = _when(claim)
    if claim["kind"] in ("signal", "score"):
        rank = "" if claim["rank"] is None else f", above {claim['rank']:.1%} of decoys"
        return f"{claim['label']} {claim['score']:.3g}{rank}{when}"
    own, fused = claim["confidence"], claim["fused"]
    believed = _believed(fused or own)
    if fused and fused != own:
        believed += f"; alone {_believed(own)}"
    return f"{claim['text'] or claim['label']}  [{believed}; raw {claim['score']:.2f}]{when}"


def _believed(sure: Mapping[str, Any] | None) -> str:
    """A confidence: its word, its number where somebody measured one, and who scored."""
    if not sure:
        return "not judged"
    number = "" if sure["probability"] is None else f" {sure['probability']:.2f}"
    return f"{sure['tier']}{number} by {sure['by']}"


def origin(row: Mapping[str, Any]) -> Iterator[Text]:
    """Identity, digests, and why replies of the writer were rejected."""
    for rejected in row["lints"]:
        meaning = MEANINGS.get(rejected.rpartition(":")[2])
        told = Text(f"  ({meaning})" if meaning else "", style="dim")
        yield Text("    rejected ", style="dim") + plain(rejected) + told
    yield Text(f"  clip {row['clip_id']}  evidence {row['evidence_digest']}", style="dim")
    yield Text(
        f"  writer {row['writer'] or 'none'}  prompt {row['prompt_digest']}"
        f"  config {row['config_digest']}  licence {row['licence']}",
        style="dim",
    )


def plain(text: str) -> Text:
    """Text out of media or models, on one line: never markup, never control characters."""
    return Text(one_line(text))
