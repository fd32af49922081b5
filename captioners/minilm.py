"""Sentence embeddings by all-MiniLM-L6-v2 (Wang et al. 2020; sentence-transformers), for guards.

Its own recipe: the mean over all tokens of the last layer, at unit length.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


class MiniLM:
    """Loaded from the folder of a model; float32 on the CPU, one thread: it is asked for single words."""

    def __init__(self, folder: Path) -> None:
        import torch  # noqa: F401 - before transformers, which looks for what torch has hidden
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # it would stand between what a command prints
        self._words: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self._model: Any = AutoModel.from_pretrained(folder, local_files_only=True).eval()

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """n texts to (n, 384), rows of unit length."""
        import torch

        with torch.inference_mode():
            batch = self._words(list(texts), padding=True, truncation=True, return_tensors="pt")
            hidden = self._model(**batch).last_hidden_state
            mask = batch["attention_mask"][..., None]
            mean = (hidden * mask).sum(1) / mask.sum(1)
            unit: NDArray[np.float32] = torch.nn.functional.normalize(mean, dim=1).numpy()
        return unit
