"""Do the tars of a release have the media of the clips whose data rows they lie beside?"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from manifests.ids import path_of
from manifests.release import samples
from manifests.release.samples import Sample, SampleError
from manifests.verify.problems import Problem

Row = Mapping[str, Any]


def check_media(
    path: Path, where: str, rows: Iterable[Row], drawn: frozenset[str] | None = None
) -> Iterator[Problem]:
    """Problems of a tar. where: what it is called. rows: of data, in order; whole ones. drawn: clips that
    are looked at, by default all; of these `rows` has all and no other."""
    given = iter(rows)
    read = samples.samples(path, drawn)
    passed = 0
    try:
        for sample in read:
            row = next(given, None)
            place = f"{where} sample {passed}" if drawn is None else where
            if row is None or row["clip_id"] != sample.clip_id:
                expected = "no further clip" if row is None else f"clip {row['clip_id']}"
                message = f"data has {expected} here: the samples are not those of its rows"
                yield Problem("join", place, message, sample.clip_id)
                return
            for kind, message in _faults(sample, row):
                yield Problem(kind, place, message, sample.clip_id)
            passed += 1
    except (SampleError, OSError) as error:
        yield Problem("schema", where, f"after {passed} samples: {error}")
        return
    if (row := next(given, None)) is not None:
        yield Problem("join", where, "it has no sample of a clip of data", row["clip_id"])


def _faults(sample: Sample, row: Row) -> Iterator[tuple[str, str]]:
    """Kinds and messages of what is wrong with the sample of a row."""
    is_source = samples.is_source(row)
    if is_source and sample.sha256 != row["content_hash"]:
        yield "digest", "its media is not the source of the clip"
    expected = samples.told(row, "source" if is_source else "coded", sample.sha256)
    if sample.told != expected:
        yield "digest", _difference(sample.told, json.loads(expected))
    if is_source and sample.extension != samples.extension(row["uri"]):
        yield "join", f"its extension is {sample.extension}, not that of {path_of(row['uri'])!r}"


def _difference(told: bytes, expected: Mapping[str, Any]) -> str:
    """What of a JSON is not as it has to be."""
    try:
        given = json.loads(told)
        names = [name for name in expected if given.get(name) != expected[name]]
    except (ValueError, AttributeError, RecursionError):
        return "its JSON can't be read"
    if "media_sha256" in names:
        return "its media is not what was written for this clip"
    return f"{', '.join(names) or 'the form'} of its JSON is not that of its data row"
