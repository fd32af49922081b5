"""What a run says of files that it passed over, and of captions that it refused."""

from collections import Counter

from engine.run.view import View
from engine.stages.progress import Progress
from manifests.books import Books
from pipelines.cli.progress import done
from pipelines.cli.summary import account, refusals, refusals_json, skipped, status
from pipelines.status import JobStatus


def test_skipped_files_are_counted_by_suffix() -> None:
    counts = {".json": 3, "without extension": 1, ".txt": 8}
    assert skipped(counts) == "12 files skipped: 8 .txt, 3 .json, 1 without extension"
    assert skipped({".txt": 1}) == "1 file skipped: 1 .txt"


def test_many_kinds_of_skipped_files_stay_one_line() -> None:
    counts = {f".{number}\n\x1b[31m": 100 - number for number in range(50)}
    line = skipped(counts)
    assert line.count("\n") == 0
    assert "\x1b" not in line
    assert line.endswith(f"{sum(100 - n for n in range(6, 50))} of other kinds")


def progress(**counts: int) -> Progress:
    tallies = Counter({f"rejected: {name}": count for name, count in counts.items()})
    examples = {f"rejected: {name}": (f"A {name}\n\x1b[31m.", "why") for name in counts}
    return Progress(tallies=tallies, examples=examples)


def test_the_most_frequent_refusals_are_told_with_an_example() -> None:
    counts = {"lost": 9, "leak": 2, "unsupported": 30, "counts": 3, "torn": 4, "loop": 1}
    lines = refusals(progress(**counts))
    assert lines[0] == '  unsupported 30: "A unsupported \ufffd[31m." (why)'
    assert [line.split()[0] for line in lines] == ["unsupported", "lost", "torn", "counts", "leak"]
    told = refusals_json(progress(lost=2))
    assert told == [{"guard": "lost", "count": 2, "example": "A lost\n\x1b[31m.", "why": "why"}]


def test_a_long_example_is_cut_and_a_missing_one_is_no_error() -> None:
    long = Progress(tallies=Counter({"rejected: loop": 1}))
    long.examples["rejected: loop"] = ("a " * 500, "")
    (line,) = refusals(long)
    assert len(line) < 200 and line.endswith('..."')
    assert refusals(Progress(tallies=Counter({"rejected: loop": 1}))) == ['  loop 1: ""']
    assert refusals(Progress()) == []


def test_examples_of_several_workers_are_one_for_each_guard() -> None:
    first, second = progress(lost=1), progress(lost=2, leak=1)
    second.examples["rejected: lost"] = ("another", "")
    first.add(second)
    assert len(first.examples) == 2 and first.examples["rejected: lost"][1] == "why"


def test_the_books_of_a_stage_name_its_own_outcome() -> None:
    localized = Books(6, {"localized": 3, "filtered": 2, "quarantined": 1}, 0, {})
    assert account(localized) == "6 clips = 3 localized + 2 filtered + 1 quarantined + 0 pending"
    assert "0 captioned" in account(Books(2, {}, 2, {}))
    job = JobStatus("d" * 16, "localize", "cpu", "c" * 16, localized, "spans")
    assert status(job).splitlines() == [
        f"localize {'d' * 16}, profile cpu: finished",
        f"  {account(localized)}",
        "  spans",
    ]


def test_what_a_stage_worked_counts_as_done() -> None:
    counted = Counter({"localized": 3, "filtered": 2, "quarantined": 1, "llm": 9})
    assert done(View(6, "localizing", {}, done=counted)) == 6
