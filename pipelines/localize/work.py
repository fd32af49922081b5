"""Localizing at work in a shard worker: a batch's claims are looked for in its sound."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from captioners.localizers.localizer import Localized, asked
from engine.stages.contract import Batch, Fault, Row, Rows, Step, Work
from engine.stages.rows import CLIP_COLUMNS, filtered_row, quarantine_row
from engine.stages.tools import Tools
from pipelines.localize import claims
from pipelines.localize.claims import Asked
from pipelines.localize.names import CAPTIONED, LEFT_OUT
from pipelines.waiting import not_captioned

if TYPE_CHECKING:
    from pipelines.localize.stage import LocalizeStage


class LocalizeWork(Work):
    """Works batches of `LocalizeStage` with the tools of one turn."""

    def __init__(self, stage: "LocalizeStage", tools: Tools) -> None:
        self._stage = stage
        self._tools = tools

    async def run(self, step: Step, units: Sequence[str], batch: Batch) -> Rows:
        """The claims of each captioned clip with their spans, or why there are none."""
        clips = {clip["clip_id"]: clip for clip in batch.clips}
        captions = {i: batch.rows[i][CAPTIONED] for i in clips if CAPTIONED in batch.rows[i]}
        looked_for = {i: claims.asked(row) for i, row in captions.items()}
        wanted = [clips[i] for i, of_clip in looked_for.items() if of_clip]
        decoded = await self._tools.decode(wanted, batch.twins)
        faults = {i: each for i, each in decoded.items() if isinstance(each, Fault)}
        silent = {
            i for i, d in decoded.items() if not isinstance(d, Fault) and d.audio_reason is not None
        }
        media = {
            i: d.media for i, d in decoded.items() if not isinstance(d, Fault) and i not in silent
        }
        said = {i: asked(i, clips[i]["content_hash"], claims.texts(looked_for[i])) for i in media}
        result = await self._tools.ask(units[0], media, said)
        faults |= result.faults
        rows: dict[str, list[Row]] = {table: [] for table in self._stage.tables}
        for i, clip in clips.items():
            if i not in captions:
                table, row = self._left_out(clip, batch.rows[i])
            elif i in faults:
                table, row = "quarantine", quarantine_row(clip, faults[i], self._tools.workspace)
            else:
                found = cast(Localized | None, result.answers.get(i))
                row = spans_row(clip, captions[i], [] if i in silent else looked_for[i], found)
                table, row = "spans", row | self._stage.licence
            rows[table].append(row)
        return rows

    def _left_out(self, clip: Mapping[str, Any], read: Mapping[str, Row]) -> tuple[str, Row]:
        """The outcome of a clip without captions: that of captioning."""
        if LEFT_OUT in read:
            return "filtered", filtered_row(clip, read[LEFT_OUT]["rule"])
        return "quarantine", quarantine_row(clip, not_captioned(), self._tools.workspace)


def spans_row(
    clip: Mapping[str, Any],
    caption: Mapping[str, Any],
    looked_for: Sequence[Asked],
    found: Localized | None,
) -> Row:
    """The row of `manifests.schemas.SPANS`, but for the licence. found: None of a clip of which nothing
    was asked. Raises RuntimeError for parts of different clips."""
    ids = {clip["clip_id"], caption["clip_id"]}
    content = {clip["content_hash"], caption["content_hash"]}
    if found is not None:
        ids.add(found.clip_id)
        content.add(found.content_hash)
    if len(ids) > 1 or len(content) > 1:
        raise RuntimeError(f"spans of {caption['clip_id']} were about to land on {clip['clip_id']}")
    return {key: clip[key] for key in (*CLIP_COLUMNS, "content_hash")} | {
        "caption_digest": caption["caption_digest"],
        "claims": [_claim(each, found) for each in looked_for],
    }


def _claim(claim: Asked, found: Localized | None) -> Row:
    """One claim, with nulls where the localizer can't tell."""
    row: Row = {"caption": claim.caption, "text": claim.text}
    row |= dict.fromkeys(("by", "threshold", "spans", "inside", "outside"))
    if found is None or (heard := found.heard.get(claim.text)) is None:
        return row
    return row | {
        "by": found.by,
        "threshold": found.threshold,
        "spans": [{"start_ms": start, "end_ms": end} for start, end in heard.spans],
        "inside": heard.inside,
        "outside": heard.outside,
    }
