"""What `captionmill show` prints of evidence."""

from typing import Any

import pytest

from manifests.evidence import Claim, Confidence, Evidence, WeakCaption, evidence_to_rows
from pipelines.show import evidence, origin


def _shown(*claims: Claim) -> list[str]:
    """The lines of the claims of one captioner."""
    weak = WeakCaption("c" * 32, "h" * 64, "writer", "", claims)
    rows: list[dict[str, Any]] = evidence_to_rows(Evidence("c" * 32, True, True, 4000, (weak,)))
    return [line.plain.strip() for line in evidence({"evidence": rows})][2:]


def _claim(own: Confidence, fused: Confidence | None = None) -> Claim:
    return Claim("horn", "a train horn blows", "sound", "audio", 0.5, (), own, fused)


@pytest.mark.parametrize("tier", ["low", "medium"])
def test_a_confidence_without_a_number_is_shown_as_its_word(tier: Any) -> None:
    (line,) = _shown(_claim(Confidence(None, tier, "clap")))
    assert line == f"a train horn blows [{tier} by clap; raw 0.50]"


def test_a_number_that_others_measured_is_shown_beside_the_word_alone() -> None:
    own, fused = Confidence(None, "medium", "clap"), Confidence(0.9, "high", "platt-map ears")
    (line,) = _shown(_claim(own, fused))
    assert "[high 0.90 by platt-map ears; alone medium by clap; raw 0.50]" in line


def test_what_was_refused_is_told_in_words() -> None:
    row = dict.fromkeys(["clip_id", "evidence_digest", "writer", "prompt_digest"])
    row |= dict.fromkeys(["config_digest", "licence"])
    (told, *_) = origin(row | {"lints": ["first:loop"]})
    assert told.plain.strip() == "rejected first:loop  (the same words again and again)"


def test_a_score_is_shown_with_its_rank() -> None:
    ranked = Claim("writer/horn", "", "score", "audio", 0.31, rank=0.985)
    assert _shown(ranked) == ["writer/horn 0.31, above 98.5% of decoys"]
    bare = Claim("writer/horn", "", "score", "audio", 0.31)
    assert _shown(bare) == ["writer/horn 0.31"]
