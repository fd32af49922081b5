"""A diff of releases in words."""

from collections.abc import Iterator

from manifests.captions import CAPTIONS
from pipelines.diff.diff import Diff, Example
from pipelines.terminal import one_line

_LISTED = 20
"""Rules, and shares, that are told."""
_SHOWN = 160
"""Characters of a caption that are shown."""


def lines(diff: Diff) -> Iterator[str]:
    """Each a line of its own."""
    clips = diff.clips
    yield f"before: {diff.before.books.kept:,} clips; after: {diff.after.books.kept:,} clips"
    yield (
        f"{clips.added:,} added, {clips.gone:,} gone, {clips.changed:,} with other captions, "
        f"{clips.same:,} with the same"
    )
    for count, what in ((clips.split, "split"), (clips.licence_class, "class of licences")):
        if count:
            yield f"{count:,} in another {what}"
    if diff.rules:
        yield "rules:"
        for name, (old, new) in list(diff.rules.items())[:_LISTED]:
            yield one_line(f"  {name}: {_short(old)} -> {_short(new)}")
        if len(diff.rules) > _LISTED:
            yield f"  and {len(diff.rules) - _LISTED} more (--json lists them)"
    for name, (before, after) in diff.inputs.items():
        became = "is new" if before is None else "is gone" if after is None else "changed"
        yield one_line(f"input {name} {became}")
    if diff.dropped:
        yield "rows dropped by rule:"
        for name, (fewer, more) in diff.dropped.items():
            yield one_line(f"  {name}: {fewer:,} -> {more:,}")
    if diff.shares:
        yield "shares that moved:"
        for share in diff.shares[:_LISTED]:
            yield one_line(
                f"  {share.of} {share.value}: {share.before_share:.1%} -> {share.after_share:.1%} "
                f"({share.before:,} -> {share.after:,})"
            )
        if len(diff.shares) > _LISTED:
            yield f"  and {len(diff.shares) - _LISTED} more (--json lists them)"
    for kind, examples in diff.examples.items():
        for example in examples:
            yield one_line(f"{kind}: clip {example.clip_id}")
            yield from _texts(example)


def _texts(example: Example) -> Iterator[str]:
    for name in CAPTIONS:
        before, after = ((side or {}).get(name) for side in (example.before, example.after))
        if example.before is None or example.after is None:
            if text := before or after:
                yield f"  {name}: {_short(text)}"
        elif before != after:
            yield f"  {name}: {_short(before)}"
            yield f"  {' ' * len(name)}> {_short(after)}"


def _short(value: object) -> str:
    text = one_line("none" if value is None else str(value))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
