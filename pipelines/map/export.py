"""A map as a folder for a static web server: Embedding Atlas's page, and the clips in Parquet."""

import json
import shutil
from html import escape
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from manifests.errors import UserError
from manifests.ids import digest
from pipelines.map.points import UNCHARTED, Points
from pipelines.report.shown import visible

MARK = "captionmill-map.json"
"""Written last: a folder that has it may be made again."""

_INSTALL = (
    'a map needs Embedding Atlas: pip install "captionmill[map]", or pip install embedding-atlas'
)
_POLICY = (
    "default-src 'self'; script-src 'self' blob: 'wasm-unsafe-eval' 'unsafe-eval'; "
    "worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self' data: blob:; base-uri 'none'; form-action 'none'"
)
"""The page may load nothing from elsewhere, and runs no script but its own."""
_PLACE = {"x": "x", "y": "y", "text": "caption"}


class MapError(UserError):
    """Why there is no map; says what to do."""


def require_ours(folder: Path) -> None:
    """Raises MapError where there is something at a path that is no map of ours."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise MapError(f"{folder} is no folder: name another one with -o")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).is_file():
        raise MapError(f"{folder} has other files: name a new folder with -o")


def require_atlas() -> None:
    """Raises MapError where what a map needs is not installed."""
    try:
        for name in ("embedding_atlas.data_source", "umap"):
            import_module(name)
    except ImportError as error:
        raise MapError(f"{_INSTALL} ({error})") from error


def export(made: Points, places: npt.NDArray[np.float32], folder: Path) -> None:
    """Writes a map; one that is there is replaced as a whole. places: of the points, (clips, 2). Raises
    MapError, OSError."""
    require_ours(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _write(made, places, work)
        work.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        work.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _write(made: Points, places: npt.NDArray[np.float32], folder: Path) -> None:
    from embedding_atlas.data_source import DataSource
    from embedding_atlas.options import make_embedding_atlas_props

    table = made.rows
    for name, at in (("x", 0), ("y", 1)):
        table = table.append_column(name, pa.array(places[:, at]))
    props: dict[str, Any] = make_embedding_atlas_props(
        row_id="clip_id",
        **_PLACE,
        initial_state={"columnStyles": {"clip": {"renderer": "url", "display": "badge"}}},
    )
    props["defaultChartsConfig"] = {
        "embedding": {"title": f"By {made.by}", "data": {**_PLACE, "category": "tier"}},
        "exclude": list(UNCHARTED),
    }
    told = {"name": made.name, "by": made.by, "clips": len(table), "vectored": made.vectored}
    static = files("embedding_atlas") / "static"
    source = DataSource(digest(told), table.to_pandas(), {"props": props})
    source.export_to_folder(str(static), str(folder))
    page = folder / "index.html"
    page.write_text(_ours(page.read_text("utf-8"), made.name), "utf-8")
    (folder / MARK).write_text(json.dumps(told, indent=1) + "\n", "utf-8")


def _ours(page: str, name: str) -> str:
    """The viewer's page under our policy, in a language that screen readers know, with the set's name."""
    policy = f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    title = f"<title>{escape(visible(name, 80))}: map of clips</title>"
    for old, new in (
        ("<html>", '<html lang="en">'),
        ("<head>", f"<head>\n    {policy}"),
        ("<title>Embedding Atlas</title>", title),
    ):
        if page.count(old) != 1:
            raise MapError(f"this Embedding Atlas has another page than expected: {_INSTALL}")
        page = page.replace(old, new)
    return page
