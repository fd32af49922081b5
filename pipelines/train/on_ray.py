"""A training on Ray Train: one process a rank, gloo on CPUs, NCCL on GPUs.

Checkpoints are ours (`pipelines.train.checkpoints`), whole files in the training's folder: what Ray
starts again after a death goes on as what the user starts again does.
"""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from manifests.errors import UserError
from pipelines.train.log import Line, lines
from pipelines.train.loop import Training

_DEATHS = 3
_POLL_S = 1.0


class FitError(UserError):
    """A training whose processes ended; says why."""


def fit(training: Training, ranks: int, storage: Path, tell: Callable[[str], None]) -> None:
    """Trains to the end; needs Ray. storage: for what Ray Train writes. Raises FitError, and the
    UserError that a rank raised."""
    from ray.train import FailureConfig, RunConfig, ScalingConfig

    cpus, gpus = _resources()
    use_gpu = gpus >= ranks
    if ranks > cpus:
        raise FitError(f"{ranks} ranks need as many CPUs, and Ray has {cpus}")
    # Ray Train would make its own folder each rank's working directory.
    os.environ["RAY_CHDIR_TO_TRIAL_DIR"] = "0"
    share: dict[str, float] = {"CPU": max(1, cpus // ranks)}
    trainer: Any = _trainer()(
        _rank,
        train_loop_config={"training": training, "use_gpu": use_gpu},
        scaling_config=ScalingConfig(
            num_workers=ranks,
            use_gpu=use_gpu,
            resources_per_worker=share | ({"GPU": 1} if use_gpu else {}),
        ),
        run_config=RunConfig(
            name="train",
            storage_path=str(storage),
            failure_config=FailureConfig(max_failures=_DEATHS),
        ),
    )
    with _Following(training.files.log, tell):
        try:
            trainer.fit()
        except Exception as error:
            raise _reason(error) from error


def _trainer() -> Any:
    """Ray Train's trainer, without its handler of SIGINT: that asks the training to end and waits, or
    ends this process without a word. Ours raises KeyboardInterrupt, and Ray ends with this process."""
    from ray.train.torch import TorchTrainer

    class Trainer(TorchTrainer):
        def _register_sigint_handler(self, controller: Any) -> None:
            pass

    return Trainer


def _resources() -> tuple[int, int]:
    import ray

    have: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return int(have.get("CPU", 0)), int(have.get("GPU", 0))


def _rank(config: dict[str, Any]) -> None:
    """One rank's process."""
    import ray.train
    import ray.train.torch
    import torch

    from pipelines.train.loop import train
    from pipelines.train.parallel import Place

    device = ray.train.torch.get_device() if config["use_gpu"] else torch.device("cpu")

    def report(line: Line) -> None:
        ray.train.report(dict(line))

    train(config["training"], Place.here(device), report)


def _reason(error: Exception) -> Exception:
    """The error of the rank that failed first, where it is one for the user."""
    failures: dict[int, Exception] = getattr(error, "worker_failures", {})
    for failure in failures.values():
        cause = getattr(failure, "cause", None) or failure
        if isinstance(cause, UserError):
            return cause
    return FitError(f"training ended: {_last_line(error)}. Run the same command to go on.")


def _last_line(error: Exception) -> str:
    told = [line for line in str(error).splitlines() if line.strip()]
    return told[-1].strip() if told else type(error).__name__


class _Following:
    """Tells of comparisons as the log gets them, in a thread of its own."""

    def __init__(self, log: Path, tell: Callable[[str], None]) -> None:
        self._log, self._tell = log, tell
        self._told = self._last()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="log", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *error: object) -> None:
        self._end.set()
        self._thread.join()

    def _last(self) -> int:
        return max((line["step"] for line in lines(self._log) if "held_out" in line), default=0)

    def _follow(self) -> None:
        while not self._end.wait(_POLL_S):
            self._once()
        self._once()

    def _once(self) -> None:
        loss: float | None = None
        for line in lines(self._log):
            if "loss" in line:
                loss = sum(line["loss"].values())
                speed = line["samples_per_s"]
            elif line["step"] > self._told and loss is not None:
                self._told = line["step"]
                best = ", ".join(
                    f"{pair} {ways['right_of_left']:.0%}" for pair, ways in line["held_out"].items()
                )
                self._tell(f"step {line['step']}: loss {loss:.3f}, {speed:.0f} clips/s; R@1 {best}")
