"""Arrow without pandas, until somebody asks it for a DataFrame."""

import sys
import threading
from functools import cache
from typing import Any

import pyarrow as pa


@cache
def spare() -> None:
    """Lets Arrow look for pandas and not find it.

    Else it imports pandas with the first list that it makes an array of, which takes half a second in
    every process of a run. Who asks Arrow for a DataFrame, or gives it one, has pandas all the same.
    """
    if "pandas" in sys.modules:
        return
    mine = threading.get_ident()

    class Hidden:
        @staticmethod
        def find_spec(name: str, path: Any = None, target: Any = None) -> None:
            if name == "pandas" and threading.get_ident() == mine:
                raise ImportError("not needed yet", name=name)

    sys.meta_path.insert(0, Hidden)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(Hidden)
