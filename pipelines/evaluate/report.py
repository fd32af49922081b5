"""What an evaluation tells, for people and as JSON."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from captioners.encoder.encoder import TEXT_OF
from pipelines import length
from pipelines.evaluate.evaluate import Evaluation
from pipelines.evaluate.media import SHORT_MS
from pipelines.evaluate.metrics import KS, Retrieval
from pipelines.terminal import counted, one_line

_MOST_PROBLEMS = 10
"""Clips with a problem that are named on a terminal."""
_WHY = 200


def to_json(done: Evaluation) -> dict[str, Any]:
    """For `--json`. Shares are from 0 to 1."""
    clips = done.clips
    return {
        "set": {
            "name": done.set.name,
            "reader": done.set.reader,
            "clips": len(done.set.items),
            "captions": sum(len(item.captions) for item in done.set.items),
            "notes": list(done.set.notes),
        },
        "encoder": {"name": done.encoder, "width": done.width},
        "embedded": {
            "clips": clips.embedded,
            **{medium: len(clips.items[medium]) for medium in TEXT_OF},
            **length.told(clips.longer),
            "audio_ms": _spread(clips.audio_ms),
            "frames": _spread(clips.frames),
            "silent": clips.silent,
            "short": clips.short,
        },
        "problems": [
            {"clip": each.name, "reason": each.reason, "message": each.message}
            for each in clips.problems
        ],
        "retrieval": [
            {
                "query": each.query,
                "item": each.item,
                "queries": each.plain.queries,
                "items": each.plain.items,
                "plain": _figures(each.plain),
                "reweighted": {"transductive": True, **_figures(each.reweighted)},
            }
            for each in done.directions
        ],
        "classification": [
            {
                "medium": each.medium,
                "clips": each.clips,
                "classes": each.classes,
                "templates": each.templates,
                **{f"top_{k}": accuracy for k, accuracy in each.accuracies.items()},
                "mean_average_precision": each.mean_average_precision,
            }
            for each in done.classifications
        ],
    }


def _figures(measured: Retrieval) -> dict[str, float]:
    return {
        **{f"recall_at_{k}": measured.recalls[k] for k in KS},
        "median_rank": measured.median_rank,
        "mean_average_precision": measured.mean_average_precision,
    }


def _spread(values: Sequence[int]) -> dict[str, int] | None:
    """Shortest, middle and longest."""
    if not values:
        return None
    ordered = sorted(values)
    return {"least": ordered[0], "median": ordered[len(ordered) // 2], "most": ordered[-1]}


def text(done: Evaluation) -> str:
    """For people: what was embedded, a table of directions, one of classes."""
    return "\n".join(
        [*_embedded(done), *_problems(done), *_retrieval(done), *_classification(done)]
    )


def _embedded(done: Evaluation) -> Iterator[str]:
    clips, several = done.clips, done.set
    yield (
        f"{one_line(several.name)} ({several.reader}), encoder {one_line(done.encoder)}: "
        f"{clips.embedded} of {counted(len(several.items), 'clip')} embedded"
    )
    kinds = {"audio": "with sound", "video": "with a picture", "audio_video": "with both"}
    yield "  " + ", ".join(f"{len(clips.items[m])} {kinds[m]}" for m in TEXT_OF)
    spread = _spread(clips.audio_ms)
    heard = ""
    if spread is not None:
        least, median, most = (spread[name] / 1000 for name in ("least", "median", "most"))
        heard = f"; sound of {least:g} to {most:g} s, median {median:g} s"
    yield f"  {length.sentence(clips.longer)}{heard}"
    if clips.silent:
        yield f"  silent, and embedded all the same: {clips.silent}"
    if clips.short:
        yield f"  shorter than {SHORT_MS} ms: {clips.short}"
    yield from (f"  {one_line(note)}" for note in several.notes)


def _problems(done: Evaluation) -> Iterator[str]:
    problems = done.clips.problems
    if not problems:
        return
    reasons = Counter(each.reason for each in problems)
    yield "  problems: " + ", ".join(f"{n} {reason}" for reason, n in reasons.most_common())
    for each in problems[:_MOST_PROBLEMS]:
        yield f"    {one_line(each.name)}: {each.reason}: {one_line(each.message)[:_WHY]}"
    if len(problems) > _MOST_PROBLEMS:
        yield f"    and {len(problems) - _MOST_PROBLEMS} more; --json names them all"


def _retrieval(done: Evaluation) -> Iterator[str]:
    if not done.directions:
        return
    names = [f"R@{k}" for k in KS]
    yield ""
    yield (
        f"{'retrieval':<22}{'queries':>8}{'items':>8}"
        + "".join(f"{name:>7}" for name in names)
        + f"{'median':>8}{'mAP':>7}  re-weighted*"
        + "".join(f"{name:>7}" for name in names)
    )
    for each in done.directions:
        plain, changed = each.plain, each.reweighted
        yield (
            f"{f'{each.query} -> {each.item}':<22}{plain.queries:>8}{plain.items:>8}"
            + "".join(f"{100 * plain.recalls[k]:>7.1f}" for k in KS)
            + f"{plain.median_rank:>8.6g}{100 * plain.mean_average_precision:>7.1f}{'':>14}"
            + "".join(f"{100 * changed.recalls[k]:>7.1f}" for k in KS)
        )
    yield (
        "* transductive, as published for PE-AV: scores x 10, times their softmax over all queries; one "
        "query's figure depends on the others"
    )


def _classification(done: Evaluation) -> Iterator[str]:
    if not done.classifications:
        return
    yield ""
    yield f"{'zero-shot classes':<22}{'clips':>8}{'classes':>8}{'top 1':>7}{'top 5':>7}{'mAP':>7}"
    for each in done.classifications:
        precision = each.mean_average_precision
        yield (
            f"{each.medium:<22}{each.clips:>8}{each.classes:>8}"
            + "".join(f"{100 * accuracy:>7.1f}" for accuracy in each.accuracies.values())
            + ("" if precision is None else f"{100 * precision:>7.1f}")
        )
