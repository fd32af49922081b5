"""`captionmill caption` and `captionmill plan`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.cli.terminal import GpuPrice, Json, Profile, default_profile, errors
from pipelines.terminal import fail, say, say_json

Sources = Annotated[
    list[str],
    typer.Argument(metavar="SOURCE", help="Folders (searched recursively), files, or globs."),
]


def caption(
    sources: Sources,
    workspace: Annotated[
        Path,
        typer.Argument(metavar="WORKSPACE", help="Folder for the results; created if missing."),
    ],
    profile: Profile = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most this many clips in the workspace.")
    ] = None,
    max_hours: Annotated[
        float | None, typer.Option(min=0, help="Stop cleanly after this many hours.")
    ] = None,
    max_budget: Annotated[
        float | None,
        typer.Option(min=0, help="Stop cleanly once this much is spent (needs --gpu-price)."),
    ] = None,
    gpu_price: GpuPrice = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what there is to do; write nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Caption clips. Rerun the same command to continue where it stopped; nothing is done twice."""
    with errors():
        if dry_run:
            _preview(sources, profile, limit, as_json)
            return
        from engine.run.limit import Limit
        from pipelines.caption import run as stage1
        from pipelines.cli.progress import Watch

        if max_budget is not None and not gpu_price:
            fail("--max-budget needs --gpu-price, the price of one GPU for one hour")
        until = Limit(max_hours, max_budget, gpu_price)
        used = profile or default_profile()
        with Watch(quiet=as_json) as watch:
            result = stage1.caption(
                sources, workspace, used, limit, watch.show, watch.listed, until
            )
        report(result, as_json)


def plan(
    sources: Sources,
    profile: Profile = None,
    sample: Annotated[int, typer.Option(min=2, help="Number of clips to caption.")] = 50,
    gpus: Annotated[
        float | None,
        typer.Option(min=0, help="GPUs for the whole run, if not those of this machine."),
    ] = None,
    gpu_price: GpuPrice = None,
    keep: Annotated[
        Path | None,
        typer.Option(
            metavar="WORKSPACE",
            help="Keep the plan in this workspace; its run shows the actual time beside it.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Caption a sample and estimate the whole run: time, GPUs, cost, and what limits it."""
    with errors():
        from manifests.workspace import Workspace
        from pipelines.cli.progress import Watch
        from pipelines.plan.kept import keep as keep_plan
        from pipelines.plan.sample import plan as planned
        from pipelines.plan.told import text

        used = profile or default_profile()
        with Watch(quiet=as_json) as watch:
            estimate = planned(sources, used, sample, gpus, gpu_price, watch.show)
        if keep is not None:
            keep_plan(estimate, Workspace.create(keep))
        if as_json:
            say_json(estimate.to_json())
        else:
            say(text(estimate))


def report(result: Any, as_json: bool) -> None:
    """Prints the summary of a run (`pipelines.caption.run.Result`); fails if its books do not close."""
    from pipelines.cli import summary

    if as_json:
        say_json(summary.run_json(result))
    else:
        say(summary.run(result))
    if not result.books.close:
        fail("the books do not close; see: captionmill verify")


def _preview(sources: list[str], profile: str | None, limit: int | None, as_json: bool) -> None:
    from pipelines.caption import run as stage1
    from pipelines.cli import summary

    preview = stage1.preview(sources, profile or default_profile(), limit)
    if as_json:
        say_json(asdict(preview))
    else:
        say(summary.preview(preview))
