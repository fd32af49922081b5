"""Imports go one way, and in no circle: the contracts stand in pyproject.toml."""

from importlinter.cli import lint_imports


def test_imports_keep_their_contracts() -> None:
    assert lint_imports(no_cache=True) == 0
