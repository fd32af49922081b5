"""Claims and evidence as flat tables."""

import pyarrow as pa

from manifests import schemas
from manifests.captions import CaptionClaim, claims_to_rows
from manifests.evidence import Claim, Confidence, Evidence, WeakCaption, evidence_to_rows
from pipelines.flat import claims, evidence
from pipelines.spans import rows

_RANKED = Confidence(None, "medium", "clap")


def test_a_claim_without_a_number_has_its_tier() -> None:
    said = CaptionClaim("audio_caption", "a dog barks", ("writer",), _RANKED, ((0, 960),), True)
    row = {"clip_id": "c", "uri": "u", "claims": claims_to_rows([said])}
    (flat,) = claims(pa.Table.from_pylist([row])).to_pylist()
    assert (flat["probability"], flat["tier"]) == (None, "medium")


def test_evidence_has_ranks_and_tiers_without_numbers() -> None:
    barks = Claim("Dog", "a dog barks", "sound", "audio", 0.9, (), _RANKED, _RANKED)
    score = Claim("writer/Dog", "", "score", "audio", 0.3, rank=0.97)
    said = Evidence(
        "c",
        True,
        False,
        4000,
        (
            WeakCaption("c", "h", "writer", "", (barks,)),
            WeakCaption("c", "h", "clap", "", (score,)),
        ),
    )
    row = {"clip_id": "c", "uri": "u", "evidence": evidence_to_rows(said)}
    wanted = pa.schema(
        [("clip_id", pa.string()), ("uri", pa.string()), ("evidence", schemas.EVIDENCE)]
    )
    first, second = evidence(pa.Table.from_pylist([row], schema=wanted)).to_pylist()
    assert (first["rank"], first["probability"], first["fused_tier"]) == (None, None, "medium")
    assert (second["rank"], second["score"], second["tier"]) == (0.97, 0.3, None)


def test_spans_keep_a_claim_without_a_number() -> None:
    said = CaptionClaim("audio_caption", "a dog barks", ("writer",), _RANKED, ((0, 960),), True)
    same = ("clip_id", "content_hash", "uri", "start_ms", "end_ms", "caption_digest")
    (row,) = rows({**dict.fromkeys(same), "claims": claims_to_rows([said])})
    assert (row["probability"], row["tier"]) == (None, "medium")
