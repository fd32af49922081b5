"""What becomes of each clip of a batch, with stand-ins of decoders and localizer."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from captioners.localizers.localizer import ASKED, Heard, Localized
from engine.profile.profile import load
from engine.stages.contract import Batch, Fault, Rows
from engine.stages.pools import Answers, DecodedClip
from engine.stages.worker import check_rows
from manifests import tables
from manifests.kinds import SPANS
from pipelines.localize.names import CAPTIONED, LEFT_OUT
from pipelines.localize.stage import LocalizeStage
from pipelines.localize.work import LocalizeWork, spans_row
from tests.pipelines.localize.made import BARKS, CLIP, OTHER, caption, claim

ID = CLIP["clip_id"]


@dataclass
class _Tools:
    """Decodes to `decoded` and answers `heard` of every clip; remembers what was asked."""

    decoded: Any = field(default_factory=lambda: DecodedClip("media", 0.0))
    heard: dict[str, Heard] = field(default_factory=dict)
    fault: Fault | None = None
    asked: dict[str, Any] = field(default_factory=dict)
    workspace: Path = Path("out")

    async def decode(self, clips: Any, twins: Any) -> dict[str, Any]:
        return {clip["clip_id"]: self.decoded for clip in clips}

    async def ask(self, unit: str, media: Any, inputs: Any) -> Answers:
        self.asked = dict(inputs)
        if self.fault is not None:
            return Answers(faults=dict.fromkeys(media, self.fault))
        of = CLIP["content_hash"]
        return Answers({clip: Localized(clip, of, "ears", self.heard) for clip in media})


def _worked(tools: _Tools, rows: dict[str, Any], clip: Any = CLIP) -> Rows:
    stage = LocalizeStage(load("dummy"), "a" * 16, "c" * 16)
    batch = Batch((clip,), {clip["clip_id"]: rows}, {})
    work = LocalizeWork(stage, tools)  # type: ignore[arg-type]
    worked = asyncio.run(work.run(stage.steps[0], ["localizer"], batch))
    check_rows(batch, worked, stage.tables)
    return {table: given for table, given in worked.items() if given}


def test_claims_of_a_clip_get_their_spans(tmp_path: Path) -> None:
    tools = _Tools(heard={"a dog barks": Heard(((40, 120),), 0.75, 0.125)})
    row = caption(BARKS, claim("«sit»", "whisper"))
    (worked,) = _worked(tools, {CAPTIONED: row})["spans"]
    tables.write(tmp_path, "x", "spans", [worked], SPANS.schema)
    (stored,) = tables.read(tmp_path, "x")
    assert stored["caption_digest"] == row["caption_digest"]
    assert (stored["licence"], stored["outputs_train"]) == ("CC0-1.0", True)
    bark, quoted = stored["claims"]
    assert bark == {
        "caption": "audio_caption",
        "text": "a dog barks",
        "by": "ears",
        "threshold": pytest.approx(0.3),
        "spans": [{"start_ms": 40, "end_ms": 120}],
        "inside": 0.75,
        "outside": 0.125,
    }
    assert quoted == dict.fromkeys(bark) | {"caption": "audio_caption", "text": "«sit»"}
    (said,) = tools.asked.values()
    assert [(c.text, c.label) for c in said[ASKED].claims] == [
        ("a dog barks", "Bark"),
        ("«sit»", ""),
    ]


@pytest.mark.parametrize("why", ["no sound", "no claims", "no sound after all"])
def test_a_clip_without_sound_or_claims_has_a_row_without_claims(why: str) -> None:
    claims = () if why == "no claims" else (BARKS,)
    row = caption(*claims) | {"has_audio": why != "no sound"}
    tools = _Tools(DecodedClip("media", 0.0, audio_reason="no_samples"))
    (worked,) = _worked(tools, {CAPTIONED: row})["spans"]
    assert worked["claims"] == [] and tools.asked == {}


def test_a_clip_that_captioning_left_out_is_left_out() -> None:
    (row,) = _worked(_Tools(), {LEFT_OUT: {"clip_id": ID, "rule": "silent"}})["filtered"]
    assert (row["clip_id"], row["rule"]) == (ID, "silent")


def test_a_clip_without_captions_is_in_quarantine() -> None:
    (row,) = _worked(_Tools(), {})["quarantine"]
    assert (row["clip_id"], row["stage"], row["reason"]) == (ID, "caption", "not_captioned")


@pytest.mark.parametrize("where", ["decode", "localizer"])
def test_a_clip_with_a_fault_is_in_quarantine(where: str) -> None:
    fault = Fault(where, "broken", "it broke")
    tools = _Tools(fault) if where == "decode" else _Tools(fault=fault)
    (row,) = _worked(tools, {CAPTIONED: caption(BARKS)})["quarantine"]
    assert (row["clip_id"], row["stage"], row["reason"]) == (ID, where, "broken")


@pytest.mark.parametrize(
    ("clip", "found"),
    [
        (OTHER, None),
        (CLIP, Localized(OTHER["clip_id"], CLIP["content_hash"], "ears")),
        (CLIP, Localized(ID, "f" * 64, "ears")),
    ],
)
def test_parts_of_different_clips_make_no_row(clip: Any, found: Localized | None) -> None:
    with pytest.raises(RuntimeError, match="about to land"):
        spans_row(clip, caption(BARKS), [], found)
