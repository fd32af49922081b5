"""How quick is `captionmill inspect` on a large release?

    python -m benchmarks.inspect 1000000 --folder /tmp/inspect

Makes a release of so many clips with captions of about 11 words, whose words are as unequally common as
those of a language, makes its index, and asks for pages as a browser does (without a network): each page
once, so that no answer was kept. `--only made`, `index` or `ask` does one part.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from starlette.testclient import TestClient

from manifests.ids import content_hash
from manifests.release import layout
from manifests.release.layout import Release, ReleaseBooks, ReleaseFile, ReleaseInput, part_path
from manifests.workspace import Workspace
from pipelines.inspect.index import prepare
from pipelines.inspect.media import Media
from pipelines.inspect.serve import app
from pipelines.inspect.sets import inspected
from pipelines.inspect.start import Start

PART = 500_000
_VOCABULARY, _PIECES = 20_000, 65_536
_PER_CAPTION = (3, 3, 4)
"""Pieces of 3 to 4 words in each of the three captions."""
_TIMES = 9

Numbers = npt.NDArray[np.int64]


def make(folder: Path, rows: int) -> None:
    """A release of so many clips, unless it is there."""
    if layout.is_release(folder):
        return
    shutil.rmtree(folder, ignore_errors=True)
    count = -(-rows // PART)
    files = []
    for number in range(count):
        clips = np.arange(number * PART, min(rows, (number + 1) * PART))
        path = part_path("data", "permissive", "train", number, count)
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(_rows(clips), folder / path, compression="zstd", row_group_size=50_000)
        files.append(
            ReleaseFile(
                path=path,
                table="data",
                licence_class="permissive",
                split="train",
                part=number,
                rows=len(clips),
                bytes=(folder / path).stat().st_size,
                sha256=content_hash(folder / path),
            )
        )
    given = ReleaseInput(
        number=0,
        name="made",
        job="0" * 16,
        digest="0" * 16,
        stage=1,
        real=False,
        rows=rows,
        kept=rows,
    )
    books = ReleaseBooks(rows=rows, kept=rows, dropped={})
    release = Release.made("made", {"seed": 7}, [given], books, files)
    (folder / layout.RELEASE).write_bytes(release.to_json())


def _rows(clips: Numbers) -> pa.Table:
    """Data rows of clips."""
    length, drawn = len(clips), np.random.default_rng(int(clips[0]))
    captions = [
        pc.binary_join_element_wise(
            *(_pieces().take(pa.array(drawn.integers(0, _PIECES, length))) for _ in range(count)),
            " ",
        )
        for count in _PER_CAPTION
    ]
    lengths = drawn.integers(1_000, 40_000, length)
    support = np.round(1 - np.minimum(drawn.exponential(0.1, length), 1), 2).astype(np.float32)
    ids = pa.array([os.urandom(16).hex() for _ in range(length)])
    values: dict[str, pa.Array] = {
        "clip_id": ids,
        "content_hash": pc.binary_join_element_wise(ids, ids, ""),
        "uri": pc.binary_join_element_wise("file:///media/set/", ids, ".mp4", ""),
        "start_ms": pa.array(np.zeros(length, np.int64)),
        "end_ms": pa.array(lengths),
        "duration_ms": pa.array(lengths),
        "kind": _choice(drawn, length, ["video", "audio"]),
        "has_audio": pa.array(np.ones(length, np.bool_)),
        "has_video": pa.array(np.ones(length, np.bool_)),
        "audio_caption": captions[0],
        "visual_caption": captions[1],
        "audio_visual_caption": captions[2],
        **{
            f"{side}_by": _choice(drawn, length, ["llm", "llm", "llm", "template"])
            for side in ("audio", "visual", "audio_visual")
        },
        "writer": _choice(drawn, length, ["writer-8b", "writer-70b"]),
        "transcript": pc.if_else(pa.array(drawn.random(length) < 0.3), captions[0], None),
        "language": _choice(drawn, length, ["en", "de", "fr", "es", "zh"]),
        "domain": _choice(drawn, length, ["general", "speech", "music"]),
        "support": pa.array(support),
        "confidence": pa.array(drawn.random(length).astype(np.float32)),
        "licence": _choice(drawn, length, ["Apache-2.0", "MIT", "CC-BY-NC-4.0"]),
        "outputs_train": pa.array(drawn.random(length) < 0.8),
        "evidence_digest": pc.utf8_slice_codeunits(ids, 0, 16),
        "prompt_digest": pc.utf8_slice_codeunits(ids, 0, 16),
        "caption_digest": pc.utf8_slice_codeunits(ids, 0, 16),
        "input": pa.array(np.zeros(length, np.int32)),
        "stage": pa.array(np.ones(length, np.int32)),
        "real": pa.array(np.zeros(length, np.bool_)),
    }
    for name in ("file_ms", "since_ms", "first_byte", "end_byte", "size"):
        values[name] = pa.array(np.zeros(length, np.int64))
    columns = [values.get(field.name, pa.nulls(length, field.type)) for field in layout.DATA]
    return pa.table(
        [c.cast(f.type) for c, f in zip(columns, layout.DATA, strict=True)], schema=layout.DATA
    )


def _choice(drawn: np.random.Generator, length: int, names: list[str]) -> pa.Array:
    return pa.array(names).take(pa.array(drawn.integers(0, len(names), length)))


@lru_cache
def _pieces() -> pa.Array:
    """Pieces of a sentence. The n-th word is as common as 1 / (n + 10)."""
    drawn = np.random.default_rng(0)
    letters = np.array(list("etaoinshrdlucmfwyp"))
    words = ["".join(drawn.choice(letters, drawn.integers(2, 9))) for _ in range(_VOCABULARY)]
    shares = 1 / (np.arange(_VOCABULARY) + 10)
    places = drawn.choice(_VOCABULARY, (_PIECES, 4), p=shares / shares.sum())
    lengths = drawn.integers(3, 5, _PIECES)
    return pa.array(
        [" ".join(words[at] for at in row[:n]) for row, n in zip(places, lengths, strict=True)]
    )


def _asked() -> Iterator[tuple[str, list[str]]]:
    """Kinds of pages, and the queries of each."""
    words = sorted(
        {word for piece in _pieces()[:2000].to_pylist() for word in piece.split()}, key=len
    )
    common = _common()
    yield "first page", [""]
    yield "a common word", common[:_TIMES]
    yield "a word in a thousand", common[300 : 300 + _TIMES]
    yield (
        "two words, one excluded",
        [f"{a} {b} -{c}" for a, b, c in zip(common[9:], common[19:], common[29:], strict=False)][
            :_TIMES
        ],
    )
    yield "a word in one text", [f"heard:{word}" for word in common[40 : 40 + _TIMES]]
    yield "the beginning of a word", [f"{word[:3]}*" for word in words[-_TIMES:]]
    yield "a phrase", [f'"{piece}"' for piece in _pieces()[:_TIMES].to_pylist()]
    yield "a filter", [f"kind:video support<{n / 10}" for n in range(1, _TIMES + 1)]
    yield "filters and a word", [f"{w} kind:audio language:de" for w in common[60 : 60 + _TIMES]]


def _common() -> list[str]:
    """Words, the commonest first."""
    counts: Counter[str] = Counter()
    for piece in _pieces().to_pylist():
        counts.update(piece.split())
    return [word for word, _ in counts.most_common()]


def ask(folder: Path) -> dict[str, float]:
    """Median seconds of pages, by what they show."""
    shown = inspected(folder)
    reviews = Workspace.create(folder.parent / "reviews")
    begun = time.monotonic()
    medians: dict[str, float] = {}
    with (
        Media(shown, 2) as media,
        app(Start(shown, reviews, "bench", "token", "cookie", print), media) as asgi,
        TestClient(asgi, base_url="http://127.0.0.1") as browser,
    ):
        browser.cookies.set("cookie", "token")
        medians["opening"] = time.monotonic() - begun
        for name, queries in _asked():
            medians[name] = statistics.median(_page(browser, query, "") for query in queries)
        for order in ("support", "-confidence", "heard", "random"):
            medians[f"sorted by {order}"] = _page(browser, "", order)
        text = browser.get("/", params={"q": "kind:video", "sort": "-confidence"}).text
        clip = text.partition('data-clip="')[2][:32]
        begun = time.monotonic()
        assert (
            browser.get(
                f"/clip/{clip}", params={"q": "kind:video", "sort": "-confidence"}
            ).status_code
            == 200
        )
        medians["a clip, with its neighbours"] = time.monotonic() - begun
        begun = time.monotonic()
        headers = {"origin": "http://127.0.0.1"}
        for _ in range(100):
            answer = browser.post(f"/clip/{clip}/review", headers=headers, json={"verdict": "bad"})
            assert answer.status_code == 200
        medians["a review"] = (time.monotonic() - begun) / 100
    return medians


def _page(browser: TestClient, query: str, order: str) -> float:
    begun = time.monotonic()
    answer = browser.get("/", params={"q": query, "sort": order})
    assert answer.status_code == 200
    return time.monotonic() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--only", choices=("made", "index", "ask"))
    given = parser.parse_args()
    os.environ["CAPTIONMILL_CACHE"] = str(given.folder / "cache")
    if given.only is None:
        for part in ("made", "index", "ask"):
            command = [sys.executable, "-m", "benchmarks.inspect", *sys.argv[1:], "--only", part]
            subprocess.run(command, check=True)
        return
    folder = given.folder / f"release-{given.rows}"
    begun = time.monotonic()
    told: dict[str, object] = {"part": given.only, "rows": given.rows}
    if given.only == "made":
        make(folder, given.rows)
    elif given.only == "index":
        path = prepare(inspected(folder), lambda line: None)
        told["index MB"] = path.stat().st_size // 1_000_000
    else:
        told["seconds"] = {name: round(seconds, 3) for name, seconds in ask(folder).items()}
    used = resource.getrusage(resource.RUSAGE_SELF)
    told["took s"] = round(time.monotonic() - begun, 1)
    told["CPU s"] = round(used.ru_utime + used.ru_stime, 1)
    told["peak MB"] = used.ru_maxrss >> 10
    print(json.dumps(told))


if __name__ == "__main__":
    main()
