"""What the journal keeps of a batch's perception: weak captions by captioner, who ran, who fell out.

Where stages take turns on a card an entry grows with every turn. Pure.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from manifests.evidence import WeakCaption, weak_from_row

NOTHING: Mapping[str, Any] = {"ran": [], "weak": {}, "filtered": [], "quarantine": []}


def merged(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of several turns: of a clip that fell out in the later one nothing stays of
    what earlier ones said but where its row says so."""
    out = {row["clip_id"] for row in now["quarantine"]}
    names = dict.fromkeys([*before["weak"], *now["weak"]])
    return {
        "ran": [*before["ran"], *(name for name in now["ran"] if name not in before["ran"])],
        "weak": {
            name: [
                row
                for row in (*before["weak"].get(name, []), *now["weak"].get(name, []))
                if row["clip_id"] not in out
            ]
            for name in names
        },
        "filtered": [*before["filtered"], *now["filtered"]],
        "quarantine": [*before["quarantine"], *now["quarantine"]],
    }


def left(
    clips: Sequence[dict[str, Any]],
    known: Mapping[str, Mapping[str, WeakCaption]],
    weak: Mapping[str, Any],
) -> tuple[list[dict[str, Any]], dict[str, dict[str, WeakCaption]]]:
    """Clips that neither a filter nor a fault took so far, and all that was said of them."""
    said: dict[str, dict[str, WeakCaption]] = {clip: dict(by) for clip, by in known.items()}
    for name, found in weak["weak"].items():
        for row in found:
            said.setdefault(row["clip_id"], {})[name] = weak_from_row(row)
    out = {row["clip_id"] for row in (*weak["filtered"], *weak["quarantine"])}
    return [clip for clip in clips if clip["clip_id"] not in out], said


def committed_since(
    weak: Mapping[str, Any], known: Mapping[str, Mapping[str, WeakCaption]]
) -> bool:
    """Whether another job committed weak captions that this journal holds too: they stand there."""
    return any(
        name in known.get(row["clip_id"], {}) for name, said in weak["weak"].items() for row in said
    )
