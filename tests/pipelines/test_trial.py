"""`captionmill prompt try` on a workspace of the dummy profile."""

import json
from pathlib import Path

import pytest

from tests.conftest import CLIPS, files_of, here, quick_profile
from tests.engine.fake_openai import FakeOpenAI, Request

pytestmark = pytest.mark.run

WRONG = {"heard": "Thunder rumbles.", "seen": "A unicorn.", "both": "Thunder over a unicorn."}


def quick(workspace: Path) -> tuple[str | Path, ...]:
    """Names the profile that captioned the workspace: it is none that is built in."""
    return ("--profile", workspace.parent / "quick.toml")


def asking(url: str, folder: Path) -> Path:
    """The quick profile with a writer's server that runs already."""
    before, _, after = quick_profile().partition('kind = "dummy"')
    away = f'urls = ["{url}"]' + after.replace("slots = 16", "")
    (folder / "away.toml").write_text(before + away)
    return folder / "away.toml"


def test_replies_stand_side_by_side_and_nothing_is_written(workspace: Path) -> None:
    before = files_of(workspace)
    prompts = ("--prompt", "draft", "--prompt", "terse", "--sample", "3")
    done = here("prompt", "try", workspace, *prompts, *quick(workspace))
    assert done.returncode == 0, done.stderr
    assert files_of(workspace) == before
    lines = done.stdout.splitlines()
    assert sum(line.startswith("  known: ") for line in lines) == 3
    heard = [line.split()[1] for line in lines if line.startswith("  heard")]
    assert heard == ["draft", "terse"] * 3
    totals = [line for line in lines if "captions accepted" in line]
    assert [line.split()[0] for line in totals] == ["draft", "terse"]
    assert "9 of 9 captions accepted (100%)" in totals[0]


def test_without_names_the_ladder_s_prompts_are_tried(workspace: Path) -> None:
    found = json.loads(here("prompt", "try", workspace, "--json", *quick(workspace)).stdout)
    assert [total["prompt"] for total in found["totals"]] == ["draft"]
    assert len(found["clips"]) == CLIPS


def test_the_same_clips_are_drawn_again(workspace: Path) -> None:
    def drawn() -> list[str]:
        options = ("--sample", "2", "--json", *quick(workspace))
        found = json.loads(here("prompt", "try", workspace, *options).stdout)
        return [clip["clip_id"] for clip in found["clips"]]

    first = drawn()
    assert len(first) == 2 and drawn() == first


def test_what_the_guards_refuse_is_shown_with_the_reason(workspace: Path, tmp_path: Path) -> None:
    with FakeOpenAI(lambda request, number: json.dumps(WRONG)) as fake:
        arguments = ("--prompt", "terse", "--profile", asking(fake.url, tmp_path))
        done = here("prompt", "try", workspace, *arguments)
    assert "Thunder rumbles.  REJECTED: unsupported: thunder rumbl" in done.stdout
    count = 3 * CLIPS
    assert f"0 of {count} captions accepted (0%)" in done.stdout
    assert f"unsupported {count}" in done.stdout


def test_a_request_that_is_refused_is_one_clip_s(workspace: Path, tmp_path: Path) -> None:
    refused: list[int] = []

    def script(request: Request, number: int) -> str | int:
        seed = request["seed"]
        refused.append(seed) if not refused else None
        return 400 if seed == refused[0] else json.dumps(WRONG)

    with FakeOpenAI(script) as fake:
        arguments = ("--prompt", "terse", "--profile", asking(fake.url, tmp_path), "--json")
        found = json.loads(here("prompt", "try", workspace, *arguments).stdout)
    whole = [reply["whole"] for clip in found["clips"] for reply in clip["replies"]]
    assert sorted(whole, key=str) == [None] * (CLIPS - 1) + ["request_refused"]


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("nonsense", 'no prompt "nonsense"; choose one of draft, rich'),
        ("missing.toml", 'no prompt "missing.toml"'),
        ("broken.toml", "the prompt broken.toml is not valid"),
    ],
)
def test_a_prompt_that_is_none_is_told(
    workspace: Path, tmp_path: Path, prompt: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.toml").write_text("id = 3")
    monkeypatch.chdir(tmp_path)
    done = here("prompt", "try", workspace, "--prompt", prompt, *quick(workspace))
    assert done.returncode == 1 and told in done.stderr


def test_a_workspace_without_captions_is_told(tmp_path: Path) -> None:
    done = here("prompt", "try", tmp_path / "none")
    assert done.returncode == 1 and "is not a captionmill workspace" in done.stderr
