"""Imports go one way: benchmarks may use recipes; the packages use neither."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

_PACKAGES = ("manifests", "captioners", "prompts", "engine", "pipelines")


def _imported(folder: str) -> Iterator[tuple[Path, str]]:
    """Each file of a folder with the top-level names that it imports."""
    for file in Path(folder).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((file, alias.name.partition(".")[0]) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield file, node.module.partition(".")[0]


@pytest.mark.parametrize(
    ("folder", "never"),
    [("recipes", {"benchmarks"}), *((name, {"benchmarks", "recipes"}) for name in _PACKAGES)],
)
def test_nothing_imports_what_is_built_on_it(folder: str, never: set[str]) -> None:
    imported = list(_imported(folder))
    assert imported
    assert [(file, name) for file, name in imported if name in never] == []
