"""Plans: which clips to review, in which order, so that their reviews say something of the whole set.

A plan is a file in the folder `plans` of the workspace that holds the reviews. Its clips are drawn by a
seed and their ids, so the same set gives the same plan anywhere. Clips are looked at in the plan's order:
then those that were looked at so far are a sample too, should nobody come to the end.

The number of a random plan is what its interval needs. Of a stratified one each stratum has so many
clips, or all that there are: then each has a rate of its own, and the rate of the set weighs them by
their sizes. A plan of the worst finds what is wrong, and says nothing of how often.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Self

import duckdb
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from manifests.atomic import make_folder, write_atomic
from manifests.release.sql import literal
from manifests.workspace import Workspace
from pipelines.reviews.intervals import needed
from pipelines.reviews.journal import ReviewError

How = Literal["random", "stratified", "worst"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_ID = r"^[0-9a-f]{32}$"


class Stratum(BaseModel):
    """Clips with the same value. size: in the set; clips: of the plan, in the order in which they are
    drawn."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: str
    size: int = Field(ge=1)
    clips: int = Field(ge=1)


class Plan(BaseModel):
    """Clips to review. by: the column of the strata. interval: wanted to each side of a share; None where
    a number was asked for. clips: ids in order, and the place of the stratum of each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    name: str
    how: How
    by: str | None = None
    seed: int
    interval: float | None = None
    strata: tuple[Stratum, ...]
    clips: tuple[tuple[str, int], ...] = Field(min_length=1)

    @property
    def ids(self) -> list[str]:
        """The clips, in order."""
        return [clip for clip, _ in self.clips]

    @property
    def is_sample(self) -> bool:
        """Whether its reviews say how often something is."""
        return self.how != "worst"

    @model_validator(mode="after")
    def _fits(self) -> Self:
        ids = set(self.ids)
        if len(ids) < len(self.clips) or not all(re.match(_ID, clip) for clip in ids):
            raise ValueError("its clips are no list of different ids")
        counts = [0] * len(self.strata)
        for _, place in self.clips:
            if not 0 <= place < len(counts):
                raise ValueError("a clip is of no stratum")
            counts[place] += 1
        if counts != [stratum.clips for stratum in self.strata]:
            raise ValueError("its strata do not have the clips that they say")
        return self


def drawn(
    database: duckdb.DuckDBPyConnection,
    *,
    name: str,
    by: str | None = None,
    worst: bool = False,
    interval: float | None = None,
    count: int | None = None,
    seed: int = 0,
) -> Plan:
    """A plan of the clips with captions of an index.

    database: with its table `clips`. by: a column of choices, for strata. count: of clips, of each
    stratum, in place of what the interval needs. Raises ReviewError where there are none.
    """
    most = needed(interval) if interval is not None else count
    assert most is not None and not (worst and by)
    value = f"CAST({by} AS VARCHAR)" if by else "''"
    order = "support ASC NULLS LAST, confidence ASC NULLS LAST, clip_id" if worst else "drawn"
    rows = database.execute(
        f"""
        SELECT id, value, size, row_number() OVER (ORDER BY place / least(size, {most}), value, place)
        FROM (
            SELECT replace(clip_id::VARCHAR, '-', '') AS id, {value} AS value,
                md5({literal(f"{seed}:")} || replace(clip_id::VARCHAR, '-', '')) AS drawn,
                count(*) OVER (PARTITION BY {value}) AS size,
                row_number() OVER (PARTITION BY {value} ORDER BY {order}) AS place
            FROM clips WHERE captions > 0
        ) WHERE place <= {most} ORDER BY 4
        """
    ).fetchall()
    if not rows:
        raise ReviewError("there are no captions to review: run captionmill caption")
    sizes = {value: size for _, value, size, _ in sorted(rows, key=lambda row: row[1])}
    counts = Counter(value for _, value, _, _ in rows)
    places = {value: place for place, value in enumerate(sizes)}
    clips = tuple((clip, places[value]) for clip, value, _, _ in rows)
    strata = tuple(
        Stratum(value=value, size=size, clips=counts[value]) for value, size in sizes.items()
    )
    how: How = "worst" if worst else "stratified" if by else "random"
    return Plan(
        name=name,
        how=how,
        by=by,
        seed=seed,
        interval=interval,
        strata=strata,
        clips=clips,
    )


def write(workspace: Workspace, plan: Plan) -> Path:
    """Stores a plan; where. Raises ReviewError for a name that can't be one, or is there."""
    path = _path(workspace, plan.name)
    if path.exists():
        raise ReviewError(f"there is a plan {plan.name}: name another one with --name, or use it")
    make_folder(path.parent)
    write_atomic(path, plan.model_dump_json(indent=1).encode() + b"\n")
    return path


def read(workspace: Workspace, name: str) -> Plan:
    """A plan by its name. Raises ReviewError."""
    path = _path(workspace, name)
    if not path.is_file():
        there = ", ".join(each.stem for each in _files(workspace)) or "none"
        raise ReviewError(
            f"{workspace.root} has no plan {name}; there is {there}: make one with captionmill reviews "
            "plan"
        )
    try:
        return Plan.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        first = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise ReviewError(f"{path} is no plan: {first}. Remove it, and make it again.") from error


def plans(workspace: Workspace) -> Iterator[Plan]:
    """All plans of a workspace, by name. Raises ReviewError."""
    for path in _files(workspace):
        yield read(workspace, path.stem)


def _files(workspace: Workspace) -> list[Path]:
    return sorted((workspace.root / "plans").glob("*.json"))


def _path(workspace: Workspace, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise ReviewError(f"{name!r}: a plan's name has letters, digits, - and _, 40 at most")
    return workspace.root / "plans" / f"{name}.json"
