"""SQL that is put together: values and files as literals."""

import re
from collections.abc import Iterable

_GLOB = re.compile(r"[*?\[]")


def literal(text: str) -> str:
    """A text as a literal."""
    return "'" + text.replace("'", "''") + "'"


def array(texts: Iterable[str]) -> str:
    """Texts as a list of literals."""
    return f"[{', '.join(map(literal, texts))}]"


def files(paths: Iterable[str]) -> str:
    """Paths for `read_parquet`, which takes `*`, `?` and `[` in them for patterns."""
    return array(_GLOB.sub(lambda sign: f"[{sign[0]}]", path) for path in paths)
