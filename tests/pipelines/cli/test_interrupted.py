"""Ctrl-C while DuckDB works ends a command as it does elsewhere."""

import pytest

from pipelines.cli.terminal import errors


def test_what_duckdb_makes_of_ctrl_c_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="130"), errors():
        raise RuntimeError("Query interrupted")  # DuckDB 2.0, in place of KeyboardInterrupt
    assert capsys.readouterr().err == "\nstopped; rerun the command to continue\n"


def test_another_error_is_told_whole(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="1"), errors():
        raise RuntimeError("Query broken")
    assert "RuntimeError: Query broken" in capsys.readouterr().err
