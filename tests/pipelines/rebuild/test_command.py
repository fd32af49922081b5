"""`captionmill rebuild` on a captioned workspace and on Ray: killed, stopped, explained."""

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from ray._common.utils import reset_ray_address
from ray.cluster_utils import Cluster
from typer.testing import CliRunner, Result

from engine import processes
from engine.run.cluster import SYSTEM_CONFIG
from manifests.release.layout import load
from manifests.release.rules import load as load_rules
from pipelines.cli.main import app
from pipelines.rebuild.inputs import open_inputs
from pipelines.rebuild.work import Work
from tests.conftest import CLIPS, run, wait_until
from tests.pipelines.rebuild import built
from tests.pipelines.rebuild.built import content

pytestmark = pytest.mark.run

_RULES = """
[[input]]
workspace = "{workspace}"
name = "one"

[caps]
source = 1

[split]
train = 0.7
test = 0.3

[output]
part_rows = 3
media = "webdataset"
"""


@pytest.fixture(scope="module")
def asked(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of rules for the captions of the dummy profile."""
    path = tmp_path_factory.mktemp("asked") / "rules.toml"
    path.write_text(_RULES.format(workspace=workspace))
    return path


@pytest.fixture(scope="module")
def unbroken(asked: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The release that these rules give, built in one go without Ray."""
    out = tmp_path_factory.mktemp("unbroken") / "out"
    rules = load_rules(asked)
    built.release(rules, open_inputs(rules), out)
    return content(out)


def test_any_number_of_workers_gives_the_same_bytes(
    asked: Path, unbroken: dict[str, bytes], tmp_path: Path, cluster: str
) -> None:
    done = run("rebuild", asked, tmp_path / "out", RAY_ADDRESS=cluster)
    assert done.returncode == 0, done.stderr
    assert f"{CLIPS} rows = {CLIPS} kept + 0 dropped" in done.stdout
    assert content(tmp_path / "out") == unbroken
    verified = run("verify", tmp_path / "out", RAY_ADDRESS=cluster)
    assert verified.returncode == 0, verified.stdout


@pytest.mark.exhaustive
def test_on_nodes_other_than_its_own_it_gives_the_same_bytes(
    asked: Path, unbroken: dict[str, bytes], tmp_path: Path, nodes: str
) -> None:
    done = run("rebuild", asked, tmp_path / "out", RAY_ADDRESS=nodes)
    assert done.returncode == 0, done.stderr
    assert content(tmp_path / "out") == unbroken


@pytest.fixture
def nodes() -> Iterator[str]:
    """The address of a Ray cluster with a head that works on nothing and two nodes of one core."""
    size = {"object_store_memory": 80 << 20, "include_dashboard": False, "no_monitor": True}
    head = {"num_cpus": 0, "_system_config": SYSTEM_CONFIG}
    started = Cluster(initialize_head=True, head_node_args=size | head)
    for _ in range(2):
        started.add_node(num_cpus=1, object_store_memory=80 << 20)
    reset_ray_address()  # else whoever starts a Ray of his own on this machine would join this one
    started.wait_for_nodes()
    yield started.address
    started.shutdown()


_IN_TURN = (
    *("rebuild.keys", "rebuild.scatter", "rebuild.gather:2", "rebuild.media:2"),
    "rebuild.after_release",
)
"""Points that one folder comes to, each with something else that could be lost."""


def test_killed_in_one_phase_after_another_it_goes_on_and_leaves_no_process(
    asked: Path, unbroken: dict[str, bytes], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    for point in _IN_TURN:
        killed = run("rebuild", asked, out, CAPTIONMILL_KILL_AT=point)
        assert killed.returncode == -signal.SIGKILL, f"{point}: {killed.stderr}"
        assert (out / "release.json").exists() == (point == "rebuild.after_release")
        assert (out / ".rebuild").exists()
        wait_until(lambda: not _processes_of(out))
    again = run("rebuild", asked, out)
    assert again.returncode == 0, again.stderr
    assert content(out) == unbroken
    assert not (out / ".rebuild").exists() and not _processes_of(out)


def _processes_of(out: Path) -> list[psutil.Process]:
    """What runs for a rebuild."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(processes.MARK, "").startswith(Work(out).place_id):
                found.append(process)
    return found


@pytest.mark.exhaustive
@pytest.mark.parametrize("point", [*_IN_TURN, "rebuild.selecting", "rebuild.before_release"])
def test_killed_in_any_phase_it_goes_on(
    point: str, asked: Path, unbroken: dict[str, bytes], tmp_path: Path, cluster: str
) -> None:
    out = tmp_path / "out"
    killed = run("rebuild", asked, out, RAY_ADDRESS=cluster, CAPTIONMILL_KILL_AT=point)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert (out / "release.json").exists() == (point == "rebuild.after_release")
    again = run("rebuild", asked, out, RAY_ADDRESS=cluster)
    assert again.returncode == 0, again.stderr
    assert content(out) == unbroken
    assert not (out / ".rebuild").exists()


@pytest.mark.parametrize(
    "point", ["rebuild.packing", pytest.param("rebuild.gathering", marks=pytest.mark.exhaustive)]
)
def test_workers_that_die_end_it_and_it_goes_on(
    point: str, asked: Path, unbroken: dict[str, bytes], tmp_path: Path, cluster: str
) -> None:
    out = tmp_path / "out"
    died = run("rebuild", asked, out, CAPTIONMILL_KILL_AT=point)
    assert died.returncode == 1
    assert "died again and again" in died.stderr and "to go on" in died.stderr
    assert "Traceback" not in died.stderr
    again = run("rebuild", asked, out, RAY_ADDRESS=cluster)
    assert again.returncode == 0, again.stderr
    assert content(out) == unbroken


def test_ctrl_c_leaves_it_for_later(
    asked: Path,
    unbroken: dict[str, bytes],
    tmp_path: Path,
    cluster: str,
    started: Callable[..., subprocess.Popen[str]],
) -> None:
    out = tmp_path / "out"
    process = started("rebuild", asked, out, RAY_ADDRESS=cluster)
    wait_until(lambda: (out / ".rebuild" / "plan.json").exists(), poll_s=0.001)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 130, told
    assert "rerun the command to continue" in told
    assert not (out / "release.json").exists()
    again = run("rebuild", asked, out, RAY_ADDRESS=cluster)
    assert again.returncode == 0, again.stderr
    assert content(out) == unbroken


@pytest.fixture
def dropping(workspace: Path, tmp_path: Path) -> Path:
    """A file of rules that drop every row."""
    rules = tmp_path / "rules.toml"
    rules.write_text(
        f'[[input]]\nworkspace = "{workspace}"\nname = "one"\n[keep]\nmin_ms = 100000\n'
    )
    return rules


@pytest.mark.exhaustive
def test_it_explains_without_writing(dropping: Path, tmp_path: Path, cluster: str) -> None:
    done = run("rebuild", dropping, tmp_path / "out", "--explain", RAY_ADDRESS=cluster)
    assert done.returncode == 0, done.stderr
    assert f"length: {CLIPS} dropped" in done.stdout
    assert done.stdout.count("clip0") == 10
    assert {path.name for path in tmp_path.iterdir()} == {"rules.toml"}


def _in_this_process(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["rebuild", *map(str, arguments)])


@pytest.mark.usefixtures("in_process")
def test_it_explains_to_programs(dropping: Path, tmp_path: Path) -> None:
    done = _in_this_process(dropping, tmp_path / "out", "--explain", "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["rows"], told["kept"]) == (CLIPS, 0)
    (length,) = (rule for rule in told["rules"] if rule["rule"] == "length")
    assert length["dropped"] == CLIPS and len(length["examples"]) == 10
    assert {row["input"] for row in length["examples"]} == {"one"}


@pytest.mark.usefixtures("in_process")
def test_flags_stand_for_a_file_of_rules(workspace: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    flags = ("--workspace", workspace, "--min-confidence", "0.1", "--split", "train=0.5,test=0.5")
    done = _in_this_process(out, *flags, "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["rows"] == CLIPS == told["kept"] + sum(told["dropped"].values())
    assert told["splits"].keys() == {"train", "test"}
    assert sum(told["splits"].values()) == told["kept"]
    release = load(out)
    assert release.rules["split"] == {"train": 0.5, "test": 0.5}
    assert {file.split for file in release.files} <= {"train", "test"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("rules.toml",), "name a file of rules and the folder"),
        (("rules.toml", "out", "--workspace", "w"), "with --workspace name OUT alone"),
        (("rules.toml", "out", "--split", "train=1"), "go with --workspace"),
        (("out", "--workspace", "w", "--split", "train"), "write NAME=SHARE"),
    ],
)
def test_what_can_not_be_meant_is_told(arguments: tuple[str, ...], told: str) -> None:
    done = _in_this_process(*arguments)
    assert done.exit_code == 2
    assert told in " ".join(done.stderr.replace("│", " ").split())
