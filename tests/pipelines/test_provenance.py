"""The claims of captions: in the rows of a run, shown, and checked again."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.run.settings import read
from manifests import commits
from manifests.captions import CAPTIONS
from manifests.workspace import Workspace
from pipelines.show import claims
from pipelines.status import newest
from pipelines.verify import _recheck
from tests.conftest import CLIPS, here


@pytest.fixture(scope="module")
def rows(workspace: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(here("show", workspace, "--json").stdout)
    return found


@pytest.mark.run
def test_every_caption_of_a_run_names_who_supports_it(rows: list[dict[str, Any]]) -> None:
    assert len(rows) == CLIPS
    for row in rows:
        assert {claim["caption"] for claim in row["claims"]} == {n for n in CAPTIONS if row[n]}
        for claim in row["claims"]:
            assert claim["supported"] and claim["captioners"]
            assert claim["confidence"]["tier"] in ("medium", "high")


@pytest.mark.run
def test_changed_claims_are_found(workspace: Path, rows: list[dict[str, Any]]) -> None:
    place = Workspace.open(workspace)
    job = newest(place, commits.load(place))
    recheck = _recheck(read(place, job.digest), [])
    row = rows[0]
    assert list(recheck(row)) == []
    other = {**row, "claims": [{**row["claims"][0], "captioners": ["dummy-video"]}]}
    assert list(recheck(other)) == [
        "the claims are not those that the captions make of this evidence"
    ]


@pytest.mark.run
@pytest.mark.parametrize("domain", ["speech", "music", ""])
def test_another_domain_than_that_of_the_evidence_is_found(
    domain: str, workspace: Path, rows: list[dict[str, Any]]
) -> None:
    place = Workspace.open(workspace)
    recheck = _recheck(read(place, newest(place, commits.load(place)).digest), [])
    assert rows[0]["domain"] == "general"
    (problem,) = recheck({**rows[0], "domain": domain})
    assert problem == f"the domain is general by this clip's evidence, not {domain}"


@pytest.mark.run
def test_a_variant_that_no_evidence_holds_is_found(
    workspace: Path, rows: list[dict[str, Any]]
) -> None:
    place = Workspace.open(workspace)
    recheck = _recheck(read(place, newest(place, commits.load(place)).digest), [])
    variant = {"caption": "audio_caption", "style": "plain", "text": "A lion roars."}
    found = list(recheck({**rows[0], "variants": [variant]}))
    assert found and all(one.startswith('variant "A lion roars.": ') for one in found)
    assert any("unsupported: lion" in one for one in found)


@pytest.mark.run
def test_claims_are_shown_with_what_speaks_for_them(
    workspace: Path, rows: list[dict[str, Any]]
) -> None:
    shown = here("show", workspace, rows[0]["clip_id"][:12]).stdout
    claim = rows[0]["claims"][0]
    assert f"{claim['text']}  [{claim['confidence']['tier']}" in shown
    assert "said by dummy-" in shown and "NOT SUPPORTED" not in shown


def test_a_claim_that_nothing_supports_stands_out() -> None:
    wrong = {"caption": "audio_caption", "text": "thunder", "supported": False}
    *_, line = claims({"claims": [wrong]})
    assert line.plain.strip() == "thunder  NOT SUPPORTED (in heard)"
