"""Networks that onnxruntime runs on the CPU."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

_Floats = npt.NDArray[np.float32]


class OnnxNetwork:
    """A network of one input, on one thread: captioners share a process. Threads may share it."""

    def __init__(self, file: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session: Any = onnxruntime.InferenceSession(
            str(file), options, providers=["CPUExecutionProvider"]
        )
        (wanted,) = self._session.get_inputs()
        self._input: str = wanted.name

    def run(self, outputs: list[str], batch: _Floats) -> list[_Floats]:
        """These outputs for a batch."""
        result: list[_Floats] = self._session.run(outputs, {self._input: batch})
        return result
