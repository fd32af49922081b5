"""Lets a CPU torch live beside CUDA builds of torchvision, torchaudio and torchcodec.

PyPI's Linux wheels of the three are CUDA builds, and pip can't know that the torch beside them is not.
Then importing torchvision fails ("operator torchvision::nms does not exist") and the other two raise
OSError, which vLLM does not catch. `settle` makes them harmless. Where torch has CUDA, or the libraries
match it, it changes nothing; PyTorch's CPU wheel index has ones that match.

Every process of captionmill that imports torch needs this, vLLM's servers too. torch calls `on_import`
at the end of its own import, through the entry point group `torch.backends` of pyproject.toml, in
every process of the environment: a user's notebook too, where nothing may change. So it acts only
where the environment variable `SWITCH` says so. `switch_on` sets it, for this process and all that it
starts; `Marked` sets it in processes that a Ray of the user's starts.

The price: torchvision's compiled operators (nms, roi_align, image decoding) are missing, and torchaudio
and torchcodec are not found. Nothing in captionmill uses them.
"""

import mmap
import os
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

SWITCH = "CAPTIONMILL"
"""The environment variable that, set to 1, marks a process as captionmill's."""
_CUDA_LIBRARY = b"libtorch_cuda.so"
_HIDDEN = ("torchaudio", "torchcodec")
# What torchvision registers fake kernels for without asking whether its C++ part has been loaded:
# csrc/ops/nms.cpp and csrc/ops/quantized/cpu/qnms_kernel.cpp.
_TORCHVISION_OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_keep: list[Any] = []  # a torch.library.Library takes its operators along when it is collected


def switch_on() -> None:
    """Makes this process and those that it starts settle as soon as they import torch; this one at
    once if it has."""
    os.environ[SWITCH] = "1"
    if "torch" in sys.modules:
        settle()


class Marked:
    """A value that is sent to a process that may not be captionmill's yet: there it arrives as the value
    itself, after `switch_on`, since unpickling may import a captioner's module, and that torch.

    For arguments of actors on a cluster that was joined. Ray's own way, `runtime_env`, starts every
    process twice.
    """

    def __init__(self, value: Any) -> None:
        self._value = value

    def __reduce__(self) -> tuple[Callable[[bytes], Any], tuple[bytes]]:
        from ray import cloudpickle

        pickled: bytes = cloudpickle.dumps(self._value)  # type: ignore[no-untyped-call]
        return _arrived, (pickled,)


def _arrived(pickled: bytes) -> Any:
    from ray import cloudpickle

    switch_on()
    return cloudpickle.loads(pickled)


def on_import() -> None:
    """Settles in captionmill's processes and does nothing in any other; torch calls it."""
    if os.environ.get(SWITCH) == "1":
        settle()


def settle() -> None:
    """Makes mismatched builds of the three libraries harmless; does nothing the second time.

    Imports torch if need be. Changes `sys.meta_path`.
    """
    import torch

    if torch.version.cuda is not None or torch.version.hip is not None:
        return
    if not _keep and _is_cuda_build("torchvision"):
        untyped: Any = torch.library
        library = untyped.Library("torchvision", "DEF")
        for operator in _TORCHVISION_OPERATORS:
            library.define(operator)
        _keep.append(library)
    hidden = frozenset(name for name in _HIDDEN if _is_cuda_build(name))
    if hidden and PathFinder in sys.meta_path:
        sys.meta_path[sys.meta_path.index(PathFinder)] = _finder_without(hidden)


def _is_cuda_build(package: str) -> bool:
    """Whether a shared library of `package` is linked to torch's CUDA library."""
    spec = PathFinder.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return False
    folders = [Path(folder) for folder in spec.submodule_search_locations]
    libraries = [path for folder in folders for path in _shared_libraries(folder)]
    return any(_names(path, _CUDA_LIBRARY) for path in libraries)


def _shared_libraries(folder: Path) -> list[Path]:
    """The extension modules of a package's folder, small ones first: they answer fastest."""
    libraries = [*folder.glob("*.so"), *(folder / "lib").glob("*.so")]
    return sorted(libraries, key=lambda path: path.stat().st_size)


def _names(path: Path, library: bytes) -> bool:
    if path.stat().st_size == 0:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(library) >= 0


def _finder_without(hidden: frozenset[str]) -> type[PathFinder]:
    """A PathFinder that finds everything but `hidden`.

    It answers None, as for a package that is not installed: a finder that raises would break code that
    only asks, such as transformers.
    """

    class FinderWithoutCudaBuilds(PathFinder):
        @classmethod
        def find_spec(
            cls,
            fullname: str,
            path: Sequence[str] | None = None,
            target: ModuleType | None = None,
        ) -> ModuleSpec | None:
            return None if fullname in hidden else super().find_spec(fullname, path, target)

    return FinderWithoutCudaBuilds
