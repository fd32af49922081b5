"""What was checked, for people and for programs."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from manifests.captions import CAPTIONS, CaptionClaim, CaptionName
from pipelines.check.check import OUTCOMES, Checked, Clip
from pipelines.show import TITLES
from pipelines.terminal import counted, one_line

_TEXT, _WHY, _ID = 400, 300, 100
_MOST_CLAIMS = 20
"""Claims of a caption that are shown on a terminal."""


class Totals:
    """How many captions had each outcome, and how many lines could not be read."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.unread = 0

    def add(self, clip: Clip) -> None:
        """Counts a line."""
        self.unread += clip.fault is not None
        self.outcomes.update(checked.outcome for checked in clip.captions.values())

    @property
    def status(self) -> int:
        """Exit status: 2 where a line could not be read, else 1 where a caption is refused."""
        return 2 if self.unread else 1 if self.outcomes["refused"] else 0

    def text(self) -> str:
        """One line."""
        listed = ", ".join(f"{self.outcomes[outcome]} {outcome}" for outcome in OUTCOMES)
        line = f"{counted(self.outcomes.total(), 'caption')}: {listed}"
        return f"{line}; {counted(self.unread, 'line')} can't be read" if self.unread else line


def unread(name: str, clip: Clip) -> str:
    """Why a line can't be read. name: of its file."""
    return f"error: {one_line(name)}, line {clip.line}: {one_line(str(clip.fault))}"


def to_json(clip: Clip) -> dict[str, Any]:
    """A line for `--json`."""
    if clip.fault is not None:
        return {"line": clip.line, "error": clip.fault}
    captions = {n: _json(clip.captions[n]) if n in clip.captions else None for n in CAPTIONS}
    return {"line": clip.line, "id": clip.id, "captions": captions}


def _json(checked: Checked) -> dict[str, Any]:
    return {
        "outcome": checked.outcome,
        "text": checked.text,
        "faults": [
            {"guard": fault.name, "why": fault.detail, "doubt": fault.doubt}
            for fault in checked.faults
        ],
        "claims": [
            {
                "text": claim.text,
                "supported": claim.supported,
                "captioners": list(claim.captioners),
                "confidence": claim.confidence and asdict(claim.confidence),
            }
            for claim in checked.claims
        ],
    }


def lines(clip: Clip) -> Iterator[str]:
    """A clip for people, where any of its captions is refused or in doubt."""
    if all(checked.outcome == "accepted" for checked in clip.captions.values()):
        return
    yield f"{_short(clip.id, _ID)}  (line {clip.line})"
    for name, checked in _ordered(clip.captions):
        yield f'  {TITLES[name]:<9}{checked.outcome}: "{_short(checked.text, _TEXT)}"'
        if checked.outcome != "accepted":
            for fault in checked.faults:
                yield f"    {one_line(fault.name)}: {_short(fault.detail, _WHY)}"
            yield from _claims(checked.claims)
    yield ""


def _ordered(captions: Mapping[CaptionName, Checked]) -> Iterator[tuple[CaptionName, Checked]]:
    return ((name, captions[name]) for name in CAPTIONS if name in captions)


def _claims(claims: tuple[CaptionClaim, ...]) -> Iterator[str]:
    for claim in claims[:_MOST_CLAIMS]:
        text = _short(claim.text, _WHY)
        if not claim.supported:
            yield f"    claim: {text}  [not supported]"
            continue
        sure = claim.confidence
        known = "" if sure is None else sure.tier
        number = "" if sure is None or sure.probability is None else f" {sure.probability:.2f}"
        by = ", ".join(_short(name, _ID) for name in claim.captioners)
        yield f"    claim: {text}  [{known}{number}; {by}]"
    if len(claims) > _MOST_CLAIMS:
        yield f"    and {len(claims) - _MOST_CLAIMS} more claims"


def _short(text: str, at_most: int) -> str:
    text = one_line(text)
    return text if len(text) <= at_most else f"{text[: at_most - 3]}..."
