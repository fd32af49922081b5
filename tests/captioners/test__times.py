"""Columns that tell when a caption is are seen, whatever they are called; others are left alone."""

from datetime import date
from typing import Any

import pytest

from captioners._times import unclear


@pytest.mark.parametrize(
    "name",
    [
        *("start", "start_sec", "Start Seconds", "t_start", "begin_time", "from", "start_frame"),
        *("start (s)", "Start [s]", "start/s", "clip_start", "clip_start_sec", "seg_start"),
        *(
            "video_start_time",
            "t0",
            "T1",
            "startTime",
            "tstart",
            "Segment Start",
            "endsec",
            "onset_s",
        ),
        *("timestamp", "time", "Time (s)", "frame", "debut"),
    ],
)
@pytest.mark.parametrize("value", [2, 2.5, "2.5", "00:02"])
def test_a_number_in_a_column_of_times_is_a_time(name: str, value: Any) -> None:
    assert unclear({"file": "a.mp4", name: value}) == name


@pytest.mark.parametrize(
    "name", ["timestamp", "timestamps", "segment", "Interval", "clip_span", "window", "start"]
)
@pytest.mark.parametrize(
    "value", [[2.0, 4.5], [[0, 2], [2, 5]], "(2.0, 5.0)", "00:00:02-00:00:05", "[2.0, 4.5]"]
)
def test_numbers_in_a_column_of_spans_are_times(name: str, value: Any) -> None:
    assert unclear({"file": "a.mp4", name: value}) == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timestamp", "2024-01-01 10:00:00"),
        ("start", date(2024, 1, 1)),
        ("time", "01.02.2024"),
        ("timestamp", 1_700_000_000),
        ("segment", 3),
        ("segment", "part 3"),
        ("start", None),
        ("end", float("nan")),
        ("from", "youtube"),
        ("time", "day 2"),
        ("duration", 5.0),
        ("frames", 120),
        ("frame_rate", 25),
        ("total", 5),
        ("user_to_id", 7),
        ("weekend", 1),
        ("start" * 100, 5),
    ],
)
def test_dates_and_other_numbers_are_no_times(name: str, value: Any) -> None:
    assert unclear({"file": "a.mp4", name: value}) is None
