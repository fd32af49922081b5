"""Shares and ratios that can't be had, as people are told."""

from pathlib import Path
from typing import Any

import pytest

from manifests.release.errors import RulesError
from tests.manifests.release.keyed import row, rules, selected


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        (
            {"shares": {"music": 0.001}},
            r"shares\.music: 0\.001 is less than one row: .*least 0\.0233,",
        ),
        (
            {"shares": {"music": 0.999}},
            r"another domain: .* one row: lower them to 0\.975 together",
        ),
        (
            {"mix": {"real": 1, "synthetic": 1e5}},
            "mix: real = 1 to synthetic = 100000 leaves no real rows: ask for at most synthetic = 80 to",
        ),
        (
            {"mix": {"real": 1e5, "synthetic": 1}},
            "leaves no synthetic rows: ask for at most real = 3 to synthetic = 1,",
        ),
    ],
)
def test_a_share_of_less_than_a_row_is_an_error(
    tmp_path: Path, sections: dict[str, Any], message: str
) -> None:
    wanted = rules(tmp_path, 2, real=[1], **sections)
    shards = {
        (0, 0): [row(f"{d}{n}", domain=d) for d in ("speech", "music") for n in range(40)],
        (1, 0): [row(f"r{n}", real=True) for n in range(3)],
    }
    with pytest.raises(RulesError, match=message):
        selected(tmp_path, wanted, shards)
