"""What the shim does, seen from processes that import torch beside made-up companions of it."""

import os
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.run

_CUDA = b"\x7fELF ... libtorch_cuda.so\x00"
_PLAIN = b"\x7fELF ... libtorch_cpu.so\x00"
_ROOT = Path(__file__).parents[2]


def _run(code: str, *folders: Path, switch: str | None = "1") -> str:
    """What a new Python prints, with `folders` first on its path and the variable set to `switch`."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [*folders, _ROOT]))}
    environment.pop("CAPTIONMILL")
    if switch is not None:
        environment["CAPTIONMILL"] = switch
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _companions(folder: Path, library: bytes) -> Path:
    """Packages of the three names with one shared library each, and captionmill's entry point as an
    installation from here would have it."""
    for name in ("torchvision", "torchaudio", "torchcodec"):
        package = folder / name
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(f"made_up = {name!r}\n")
    for place in ("torchvision/_C.so", "torchaudio/lib/_torchaudio.so", "torchcodec/core.so"):
        (folder / place).parent.mkdir(exist_ok=True)
        (folder / place).write_bytes(library)
    (folder / "torchcodec" / "empty.so").write_bytes(b"")
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]
    installed = folder / "captionmill-0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: captionmill\nVersion: 0\n")
    (target,) = project["entry-points"]["torch.backends"].values()
    (installed / "entry_points.txt").write_text(f"[torch.backends]\ncaptionmill = {target}\n")
    return folder


# Which of the two are found, what importing one gives, which operators exist, and whether settling a
# second time changes anything.
_SEEN = """
    import importlib.util, sys, torch
    print([importlib.util.find_spec(n) is not None for n in ("torchaudio", "torchcodec")])
    try:
        import torchaudio
        print(torchaudio.made_up)
    except ModuleNotFoundError as error:
        print("no module", error.name)
    print(hasattr(torch.ops.torchvision, "nms"), hasattr(torch.ops.torchvision, "qnms"))
    from engine.torch_cpu import settle
    before = list(sys.meta_path)
    settle()
    print(sys.meta_path == before)
"""


def test_cuda_builds_beside_a_cpu_torch_are_made_harmless(tmp_path: Path) -> None:
    seen = _run(_SEEN, _companions(tmp_path, _CUDA))
    assert seen == "[False, False]\nno module torchaudio\nTrue True\nTrue\n"


def test_matching_builds_are_left_alone(tmp_path: Path) -> None:
    seen = _run(_SEEN, _companions(tmp_path, _PLAIN))
    assert seen == "[True, True]\ntorchaudio\nFalse False\nTrue\n"


@pytest.mark.parametrize(
    "switch", [None, *(pytest.param(off, marks=pytest.mark.exhaustive) for off in ("", "0"))]
)
def test_a_process_that_is_not_captionmill_s_is_left_alone(
    switch: str | None, tmp_path: Path
) -> None:
    code = """
        import sys
        before = list(sys.meta_path)
        import torch
        print(sys.meta_path == before, hasattr(torch.ops.torchvision, "nms"))
    """
    assert _run(code, _companions(tmp_path, _CUDA), switch=switch) == "True False\n"


def test_switching_on_settles_where_torch_is_imported_already(tmp_path: Path) -> None:
    code = """
        import importlib.util, torch
        from engine.torch_cpu import switch_on
        switch_on()
        print(importlib.util.find_spec("torchaudio"), hasattr(torch.ops.torchvision, "nms"))
    """
    assert _run(code, _companions(tmp_path, _CUDA), switch=None) == "None True\n"


def test_switching_on_settles_children_that_import_torch(tmp_path: Path) -> None:
    code = """
        import subprocess, sys
        from engine.torch_cpu import switch_on
        switch_on()
        assert "torch" not in sys.modules
        child = "import torch, importlib.util; print(importlib.util.find_spec('torchaudio'))"
        print(subprocess.run([sys.executable, "-c", child], capture_output=True).stdout)
    """
    assert _run(code, _companions(tmp_path, _CUDA), switch=None) == "b'None\\n'\n"


def test_nothing_changes_beside_a_cuda_torch(tmp_path: Path) -> None:
    code = """
        import os, sys
        os.environ["TORCH_DEVICE_BACKEND_AUTOLOAD"] = "0"
        import torch
        torch.version.cuda = "13.0"
        before = list(sys.meta_path)
        from engine.torch_cpu import settle
        settle()
        print(sys.meta_path == before, hasattr(torch.ops.torchvision, "nms"))
    """
    assert _run(code, _companions(tmp_path, _CUDA)) == "True False\n"


def test_torchvision_of_this_environment_imports() -> None:
    assert _run("import torchvision.transforms.v2; print('imported')") == "imported\n"


def test_the_command_marks_its_process_and_what_it_starts() -> None:
    code = """
        import os, sys
        sys.argv = ["captionmill", "--help"]
        from pipelines.cli.main import main
        try:
            main()
        finally:
            print(os.environ["CAPTIONMILL"])
    """
    assert _run(code + "    ", switch=None).endswith("\n1\n")


def test_the_module_costs_nothing_to_import() -> None:
    code = """
        import sys, engine.torch_cpu
        print([name for name in ("torch", "numpy", "ray") if name in sys.modules])
    """
    assert _run(code) == "[]\n"
