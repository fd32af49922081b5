"""Every package that the code imports is one that pyproject.toml asks for."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]
_PROJECT = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]
_OWN = ("manifests", "captioners", "prompts", "engine", "pipelines", "captionmill")
_BESIDE = ("tests", "benchmarks", "recipes")
_NOT_HERE = {"umap": "umap-learn"}
"""Whose imports have another name, of distributions that need not be installed to run the tests."""


@cache
def _imports(package: str) -> dict[str, Path]:
    """First names of the absolute imports of a package or module, and a file that has each."""
    found: dict[str, Path] = {}
    for path in [*(_ROOT / package).rglob("*.py"), *_ROOT.glob(f"{package}.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0]: path for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found[node.module.split(".")[0]] = path
    return found


@cache
def _distributions() -> Mapping[str, list[str]]:
    """Of each package that is installed."""
    return packages_distributions()


def _names(requirements: Iterable[str]) -> set[str]:
    """Normalised names of the distributions that requirements ask for."""
    return {
        re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement, maxsplit=1)[0]).lower()
        for requirement in requirements
    }


def _undeclared(packages: Iterable[str], declared: set[str]) -> dict[str, str]:
    """What the packages import from distributions that are not `declared`, and a file that does so."""
    passed = {*sys.stdlib_module_names, *_OWN, *_BESIDE}
    return {
        name: str(path.relative_to(_ROOT))
        for package in packages
        for name, path in _imports(package).items()
        if name not in passed
        and not declared & _names(_distributions().get(name, [_NOT_HERE.get(name, name)]))
    }


def _declared(*extras: str) -> set[str]:
    optional = _PROJECT["optional-dependencies"]
    return _names([*_PROJECT["dependencies"], *(r for extra in extras for r in optional[extra])])


@pytest.mark.parametrize("extra", ["cpu", "gpu"])
def test_what_the_code_imports_is_declared(extra: str) -> None:
    assert _undeclared(_OWN, _declared(extra, "map")) == {}


def test_what_tests_and_benchmarks_import_is_declared() -> None:
    assert _undeclared(_BESIDE, _declared("cpu", "test", "map")) == {}


def test_each_declared_package_has_a_tested_version() -> None:
    tested = _names((_ROOT / "constraints.txt").read_text().splitlines())
    assert _declared("cpu", "test") <= tested


def test_one_build_of_opencv_is_asked_for() -> None:
    tested = _names((_ROOT / "constraints.txt").read_text().splitlines())
    assert [name for name in tested if name.startswith("opencv")] == ["opencv-python-headless"]


def test_an_import_that_nobody_declared_is_found() -> None:
    assert "pytest" in _undeclared(["tests"], _declared("cpu"))
