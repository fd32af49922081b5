"""Does a row of captions belong to its clip, to its evidence and to its job?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from manifests.captions import CAPTIONS, CaptionSet, Variant, caption_digest
from manifests.evidence import Evidence, evidence_from_row, weak_from_row, weak_to_row
from manifests.verify.flood import Said, said
from manifests.verify.problems import Problem, Recheck, Row


@dataclass(slots=True)
class Captions:
    """Checks the captions of one shard.

    weak: by captioner and clip, what the weak tables say; None for a captioner with a damaged file.
    written: the captions that an LLM wrote.
    """

    job: str
    weak: Mapping[str, Mapping[str, Row] | None]
    recheck: Recheck | None
    written: list[Said] = field(default_factory=list)

    def check(self, where: str, row: Row) -> Iterator[Problem]:
        """Problems of one row: every digest must be that of what it is said to digest."""
        clip = row["clip_id"]
        if row["duration_ms"] != row["end_ms"] - row["start_ms"]:
            yield Problem("join", where, "duration_ms is not that of the clip", clip)
        if row["config_digest"] != self.job:
            yield Problem("digest", where, f"the row is of job {row['config_digest']}", clip)
        texts = CaptionSet(**{name: row[name] for name in CAPTIONS})
        variants = [Variant(**variant) for variant in row["variants"]]
        parts = (row["transcript"], row["evidence_digest"], row["prompt_digest"], variants)
        if caption_digest(clip, texts, *parts) != row["caption_digest"]:
            message = "the captions are not those that were written for this clip"
            yield Problem("digest", where, message, clip)
        try:
            evidence = evidence_from_row(row)
        except (TypeError, ValueError) as error:
            yield Problem("evidence", where, f"it is no evidence: {error}", clip)
            return
        yield from self._evidence(where, row, evidence)
        self.written += said(row, evidence)
        for message in self.recheck(row) if self.recheck else ():
            yield Problem("guard", where, message, clip)

    def _evidence(self, where: str, row: Row, evidence: Evidence) -> Iterator[Problem]:
        """The evidence must be what the captioners' own tables say of this clip, all of it."""
        clip = row["clip_id"]
        if evidence.digest() != row["evidence_digest"]:
            yield Problem("evidence", where, "the evidence is not what its digest says", clip)
        by_captioner = {caption.captioner: weak_to_row(caption) for caption in evidence.captions}
        if len(by_captioner) < len(evidence.captions):
            yield Problem("evidence", where, "a captioner is in the evidence twice", clip)
        for captioner in sorted(by_captioner.keys() - self.weak.keys()):
            message = f"{captioner} is no captioner of the job"
            yield Problem("evidence", where, message, clip)
        for captioner, rows in self.weak.items():
            if rows is None:
                continue
            weak = rows.get(clip)
            # A stored row has its columns in the order of the table: compared is what it means.
            stored = None if weak is None else weak_to_row(weak_from_row(weak))
            if by_captioner.get(captioner) != stored:
                message = f"what {captioner} said is not what its weak table says of this clip"
                yield Problem("evidence", where, message, clip)
