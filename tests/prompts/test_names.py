"""The guards that a caption is said to have passed are those that look at it; each has a meaning."""

import re
from pathlib import Path

import prompts
from manifests.faults import FAULTS, MEANINGS
from prompts import grounding, lints
from prompts.meaning import compare

_HERE = Path(prompts.__file__).parent
_FINDING = re.compile(r'Finding\(\s*"([\w-]+)"(?: if \w+ else "([\w-]+)")?')
_VIOLATION = re.compile(r'Violation\("(\w+)"')


def _in(pattern: re.Pattern[str], *files: Path) -> set[str]:
    """The names that files give to what they find."""
    matches = (match for file in files for match in pattern.finditer(file.read_text()))
    return {name for match in matches for name in match.groups() if name}


def test_grounding_by_words_finds_what_it_says() -> None:
    assert _in(_VIOLATION, _HERE / "grounding.py") == set(grounding.FAULTS)


def test_comparing_by_meaning_finds_what_it_says() -> None:
    assert _in(_FINDING, *(_HERE / "meaning").glob("*.py")) == set(compare.FAULTS)


def test_lints_find_what_they_say() -> None:
    assert lints.FAULTS[: len(lints.LINTS)] == tuple(lints.LINTS)
    others = {name for name in lints.FAULTS if name not in lints.LINTS}
    text = (_HERE / "lints.py").read_text()
    assert set(re.findall(r'details\.append\(\("(\w+)"', text)) == others | {"truncated"}


def test_every_fault_has_a_meaning_in_the_docs_too() -> None:
    assert list(MEANINGS) == list(FAULTS)
    page = Path("docs/writing.md").read_text()
    rows = [f"| `{name}` | {meaning} |" for name, meaning in MEANINGS.items()]
    assert "\n".join(rows) in page
