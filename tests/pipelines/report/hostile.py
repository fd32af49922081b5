"""What somebody may put into captions, transcripts and names to break a page, and a report with it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from pipelines.preview import Preview
from pipelines.report import page
from pipelines.report.report import make
from tests.pipelines.report.made import Row, made

TEXTS = (
    "<script>document.title='ran'</script>",
    "<img src=x onerror=\"document.title='ran'\">",
    "</style></title></textarea><svg onload=document.title='ran'>",
    "'\"><iframe srcdoc='<script>parent.document.title=1</script>'></iframe>",
    "{{ 7 * 7 }} {% for %} ${7*7}",
    "\x1b[31m\x1b]0;ran\x07 red \x00\x9b",
    "\u202etxet desrever\u2066 \u200f\ufeff",
    "x" * 10_000,
    "Z" + "\u0301" * 500,
    "שלום عليكم 12:30",
    "javascript:document.title='ran' data:text/html,<script>",
)


def hostile_row(row: Row) -> Row:
    """A caption row whose texts are hostile."""
    number = int(row["clip_id"][:8], 16)

    def text(at: int) -> str:
        return TEXTS[(number + at) % len(TEXTS)]

    claims: list[dict[str, Any]] = [
        claim | {"text": text(at), "captioners": [text(at)] if claim["supported"] else []}
        for at, claim in enumerate(row["claims"])
    ]
    weak = [
        each | {"captioner": text(at), "text": text(at + 1)}
        for at, each in enumerate(row["evidence"])
    ]
    captions = {
        f"{name}_caption": text(at) for at, name in enumerate(("audio", "visual", "audio_visual"))
    }
    others = {"transcript": text(3), "language": text(4), "writer": text(5), "licence": text(6)}
    lints = [f"first:{text(7)}"]
    return row | captions | others | {"claims": claims, "evidence": weak, "lints": lints}


def hostile(root: Path, preview: Preview | None = None) -> Path:
    """A page of a workspace that is hostile throughout. preview: of each clip."""
    name = "<b>set<b> \u202e" + "n" * 60
    place = made(root / name, change=hostile_row)
    report = make(Path(place.root), None, [])
    figures = report.report.figures.model_copy(update={"made": TEXTS[0]})
    previews = {row["clip_id"]: preview or Preview(why=TEXTS[1]) for row in report.clips}
    target = root / "report.html"
    page.write(target, replace(report.report, figures=figures), previews)
    return target
