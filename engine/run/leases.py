"""Leases of the shards that a stage has to work: those that no commit names, and those to retry."""

from collections.abc import Iterator, Mapping

from engine.run.twins import Places
from engine.stages.contract import ShardLease, Stage
from manifests.commits import State
from manifests.workspace import Workspace


def pending(state: State, stage: Stage) -> list[int]:
    """Listed shards that no commit of this job names, in order, and that every job it reads has
    committed."""
    done = state.shards(stage.digest)
    read = [
        state.shards(reading.job) for reading in stage.reads.values() if reading.job is not None
    ]
    return [
        shard
        for shard in state.listed(stage.cut)
        if shard not in done and all(shard in shards for shards in read)
    ]


def leases(
    workspace: Workspace, state: State, stage: Stage, shards: Mapping[int, frozenset[str] | None]
) -> Iterator[ShardLease]:
    """A lease for each of these shards, made when it is asked for; shards: with the clips to retry, None
    for a shard that is worked for the first time."""
    places = Places(workspace, state, stage.cut)
    done = state.shards(stage.digest)
    for shard, only in shards.items():
        clips_file = state.clips_file(stage.cut, shard)
        yield ShardLease(
            epoch=state.epoch,
            shard=shard,
            generation=done[shard][-1].generation + 1 if only is not None else 0,
            clips_file=clips_file,
            committed={
                name: [file.path for file in state.files(reading.table, shard, reading.job)]
                for name, reading in stage.reads.items()
            },
            twins=places.of(clips_file),
            only=only,
        )
