"""What a look at rows drawn at random says of all."""

from dataclasses import dataclass
from typing import Any

from manifests.verify.chance import CONFIDENCE, bound


@dataclass(frozen=True, slots=True)
class Sampled:
    """rows: that were drawn, of so many in all. left_out: what was not looked at."""

    rows: int
    total: int
    left_out: str

    @property
    def bound(self) -> int:
        """Bad rows in all of which one would have been drawn with 95 % probability; 0 where all were."""
        return bound(self.rows, self.total)

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {"rows": self.rows, "confidence": CONFIDENCE, "found_if_bad_rows": self.bound}

    def lines(self) -> list[str]:
        """For people, where nothing is off."""
        lines = [f"no problems in {self.rows:,} of {counted_rows(self.total)}, drawn at random"]
        if limit := self.bound:
            lines.append(
                f"if {limit:,} rows or more ({limit / self.total:.2%}) were bad, one of them would have "
                f"been drawn with {CONFIDENCE:.0%} probability"
            )
        lines.append(f"not looked at: {self.left_out}; for these verify without --sample")
        return lines


def counted_rows(count: int) -> str:
    """A count of rows for people."""
    return f"{count:,} row{'' if count == 1 else 's'}"
