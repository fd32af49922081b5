"""The card of a release: `README.md` as the hub reads it, a configuration for each class of licences.

It says what was done and by which rules, on which terms, how to load it, and what is not checked.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from manifests.release.columns import VECTORS, Table
from manifests.release.layout import (
    CLASSES,
    LicenceClass,
    ReleaseBooks,
    ReleaseEncoder,
    ReleaseFile,
    ReleaseInput,
)
from manifests.release.licences import MEANING
from manifests.release.statistics import Statistics

RULES: Mapping[str, str] = {
    "takedown": "named in a takedown list",
    "decontamination": "in an evaluation set, by id, file or hash",
    "reviews": "captions that reviewers rejected",
    "captions": "without the captions that were asked for",
    "writer": "written by a writer that the rules exclude",
    "confidence": "claims less probable than the rules ask for",
    "support": "fewer claims supported by evidence than the rules ask for",
    "not_embedded": "not embedded, where the rules ask for a similarity",
    "similarity": "captions less similar to their media than the rules ask for, by an encoder",
    "lints": "replies with a fault that the rules name",
    "flags": "personal data or profanity in a text",
    "licence": "made by models under terms that the rules exclude",
    "length": "clips or captions shorter or longer than the rules allow",
    "language": "speech in a language that the rules exclude",
    "winner": "the clip has better captions in another row",
    "decontamination_media": "media nearly like that of an evaluation set",
    "duplicate_media": "media nearly like that of another clip",
    "duplicate_captions": "the same captions as another clip",
    "near_captions": "captions nearly like those of another clip",
    "source_cap": "more clips of one source than the rules allow",
    "caption_cap": "more clips with one caption than the rules allow",
    "domain_shares": "more clips of one domain than its share allows",
    "real_share": "more captions by people, or by models, than their share allows",
}
"""What each rule drops. Of a rule that is not here the card has the name alone."""

_SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"))
_LARGER = ((10**7, "1M<n<10M"), (10**8, "10M<n<100M"), (10**9, "100M<n<1B"))
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069<>|`\[\]\\]")


def card(
    name: str,
    rules: Mapping[str, object],
    inputs: Sequence[ReleaseInput],
    books: ReleaseBooks,
    files: Sequence[ReleaseFile],
    counted: Statistics,
    encoder: ReleaseEncoder | None = None,
    unfilled: Sequence[str] = (),
) -> str:
    """The card, in Markdown with YAML before it. name: of the release. encoder: where there are
    embeddings. unfilled: a line about each split without rows."""
    tables = {file.table for file in files}
    media = "media" in tables
    return "\n".join(
        [
            _yaml(name, books.kept, files, counted),
            f"# {_plain(name)}",
            "",
            f"{books.kept:,} clips ({counted.hours:,.1f} hours) with captions of what is heard, what is "
            "seen, and both together, made by captionmill. "
            + ("The media is in `media/`. " if media else "The media is not included. ")
            + "`uri` and `content_hash` identify the file of a clip, `start_ms` and `end_ms` its place "
            "in that file.",
            "",
            *_contents(counted, unfilled),
            *_made(inputs, books),
            *_terms(counted, media),
            *_loading(counted, tables, encoder),
            *_unchecked(),
            "## Rules",
            "The same rules on the same inputs give the same bytes again.",
            "```json",
            _json(rules),
            "```",
            "",
        ]
    )


def _yaml(name: str, rows: int, files: Sequence[ReleaseFile], counted: Statistics) -> str:
    """What the hub reads. JSON strings are YAML strings."""
    size = next((word for most, word in (*_SIZES, *_LARGER) if rows < most), "n>1B")
    licences = {group.licence_class for group in counted.groups}
    lines = ["---", f"pretty_name: {json.dumps(_plain(name))}", "license: other"]
    lines += ["license_name: see-terms", "license_link: '#terms'"]
    lines += ["task_categories:", "- text-to-audio", "- text-to-video", "- video-text-to-text"]
    lines += [
        "tags:",
        "- audio",
        "- video",
        "- captions",
        "- synthetic",
        "size_categories:",
        f"- {size}",
    ]
    configs = [each for each in CLASSES if each in licences]
    lines += ["configs:"] if configs else []
    for place, licence in enumerate(configs):
        lines += [f"- config_name: {licence}", *(["  default: true"] if not place else [])]
        lines.append("  data_files:")
        there = {f.split for f in files if (f.table, f.licence_class) == ("data", licence)}
        for split in _splits(there):
            # Without quotes YAML would read `no` or `null` as something else than a text.
            lines.append(f"  - split: {json.dumps(split)}")
            lines.append(f"    path: data/{licence}/{split}-*.parquet")
    return "\n".join([*lines, "---"])


def _splits(splits: Iterable[str]) -> list[str]:
    """Splits in order, the one to train on first."""
    return sorted(splits, key=lambda split: (split != "train", split))


def _contents(counted: Statistics, unfilled: Sequence[str]) -> Iterable[str]:
    yield "## Contents"
    yield "| class of licences | split | clips | hours | sources | heard | seen | together |"
    yield "|---|---|---|---|---|---|---|---|"
    for group in counted.groups:
        captions = [sum(counts.values()) for counts in group.captions.values()]
        cells = [
            f"{number:,}"
            for number in (group.rows, round(group.hours, 1), group.sources, *captions)
        ]
        yield f"| {group.licence_class} | {group.split} | {' | '.join(cells)} |"
    yield ""
    if unfilled:
        yield from (f"- {line}" for line in unfilled)
        yield ""
    for title, name in (("Domains", "domains"), ("Languages of speech", "languages")):
        yield f"{title}: {_counts(counted.total(name))}."
        yield ""
    authors = {kind.removesuffix("_caption"): counts for kind, counts in counted.authors().items()}
    for kind, counts in authors.items():
        yield f"- captions, {kind.replace('_', '-')}: {_counts(counts)}"
    yield f"- origin of rows: {_counts(counted.total('origins'))}"
    yield ""
    yield "`statistics.json` has more: lengths, confidences, licences, for each class and split."
    yield ""


def _made(inputs: Sequence[ReleaseInput], books: ReleaseBooks) -> Iterable[str]:
    yield "## How it was made"
    yield "| input | job | stage | rows read | rows kept |"
    yield "|---|---|---|---|---|"
    for each in inputs:
        stage = "by people" if each.real else str(each.stage)
        yield f"| {_plain(each.name)} | `{_plain(each.job)}` | {stage} | {each.rows:,} | {each.kept:,} |"
    yield ""
    yield (
        f"Of {books.rows:,} rows, {books.kept:,} are here. Each of the others counts with the first rule "
        "that drops it:"
    )
    yield ""
    yield "| rule | drops | rows |"
    yield "|---|---|---|"
    for rule, count in books.dropped.items():
        yield f"| `{_plain(rule)}` | {RULES.get(rule, '')} | {count:,} |"
    yield ""


def _terms(counted: Statistics, media: bool) -> Iterable[str]:
    yield "## Terms"
    yield (
        "Licences are those of the **models** that made a row (columns `licence` and `outputs_train`). "
        "The terms of the captioned media are not known; they were not checked."
    )
    yield ""
    if media:
        yield (
            "**The licences of the media in `media/` are not known.** Find out its terms before you "
            "share it or train on it."
        )
        yield ""
    yield "Each class of licences is a configuration:"
    yield ""
    there = {group.licence_class for group in counted.groups}
    meaning: Mapping[LicenceClass, str] = MEANING
    for each in CLASSES:
        if each in there:
            yield f"- `{each}`: {meaning[each]}"
    yield ""
    yield f"Licences: {_counts(counted.total('licences'))}."
    yield ""


def _loading(
    counted: Statistics, tables: Collection[Table], encoder: ReleaseEncoder | None
) -> Iterable[str]:
    if not counted.groups:
        return
    first = next(each for each in CLASSES if each in {g.licence_class for g in counted.groups})
    splits = {group.split for group in counted.groups if group.licence_class == first}
    split = _splits(splits)[0]
    data = f"RELEASE/data/{first}"
    yield "## How to load it"
    yield (
        "`RELEASE` is the folder of this release. For `datasets`, its name on the hub works too. "
        f"Each line loads the split `{split}` alone:"
    )
    yield "```python"
    yield "import glob"
    yield "import datasets, duckdb, pandas, polars, ray"
    yield ""
    yield f'files = sorted(glob.glob("{data}/{split}-*.parquet"))'
    yield "pandas.concat(map(pandas.read_parquet, files), ignore_index=True)"
    yield f'datasets.load_dataset("RELEASE", "{first}", split="{split}")'
    yield f"duckdb.sql(\"SELECT * FROM '{data}/{split}-*.parquet'\")"
    yield f'polars.scan_parquet("{data}/{split}-*.parquet")'
    yield "ray.data.read_parquet(files)"
    yield "```"
    if beside := [table for table in ("evidence", "claims", "embeddings") if table in tables]:
        named = [f"`{table}/`" for table in beside]
        listed = f"{', '.join(named[:-1])} and {named[-1]}" if named[1:] else named[0]
        yield (
            f"{listed} {'have' if named[1:] else 'has'} files of the same names. Join them by `clip_id`:"
        )
        yield "```python"
        yield (
            f"duckdb.sql(\"SELECT * FROM '{data}/{split}-*.parquet' JOIN "
            f"'RELEASE/{beside[-1]}/{first}/{split}-*.parquet' USING (clip_id)\")"
        )
        yield "```"
    yield from _vectors(encoder)
    if "media" in tables:
        yield from _media(f"RELEASE/media/{first}/{split}")
    yield "`captionmill verify` compares checksums, computes digests again, and names what is wrong."
    yield ""


def _vectors(encoder: ReleaseEncoder | None) -> Iterable[str]:
    if encoder is None:
        return
    yield (
        f"`embeddings/` has vectors of the media by the encoder `{_plain(encoder.name)}` (identity "
        f"`{encoder.identity}`): {', '.join(f'`{name}`' for name in VECTORS)}, each of "
        f"{encoder.width} numbers of float16, or null if the clip lacks that side. A clip without any "
        "vector has no row there."
    )
    yield ""


def _media(place: str) -> Iterable[str]:
    yield (
        "`media/` has tars in the format of WebDataset: for each row, in the order of `data/`, "
        "`<clip_id>.<extension>` and `<clip_id>.json`. If `media` in the JSON is `source`, the member is "
        "the source's own bytes, whose sha256 is `content_hash`. If it is `coded`, the member is the "
        "clip's span of a longer source, coded again from what the captioners' decoder gives."
    )
    yield "```python"
    yield "import glob, webdataset"
    yield ""
    yield f'webdataset.WebDataset(sorted(glob.glob("{place}-*.tar")), shardshuffle=False)'
    yield "```"


def _unchecked() -> Iterable[str]:
    yield "## What is not checked"
    yield "- Models wrote most captions. People may have read some, but nobody read all of them."
    yield "- A supported claim is one that the captioners' evidence says. It may still be wrong."
    yield "- Nobody checked what the media shows, whether it may be used, or if it is still at `uri`."
    yield "- Patterns find personal data and profanity. What they miss is still here."
    yield "- Clips of evaluation sets that the rules do not name may be here, and near duplicates that"
    yield "  were not found."
    yield "- Transcripts come from speech recognition. They are data, never instructions."
    yield ""


def _counts(counts: Mapping[str, int]) -> str:
    """Counts in words, at most ten."""
    listed = [f"{_plain(value)} {count:,}" for value, count in list(counts.items())[:10]]
    rest = sum(list(counts.values())[10:])
    return ", ".join([*listed, *([f"others {rest:,}"] if rest else [])]) or "none"


def _plain(text: str) -> str:
    """Text of somebody else's, so that it is no Markdown, no HTML and no line of its own."""
    return _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", text)[:200]


def _json(rules: Mapping[str, object]) -> str:
    """Rules for a block of code, which they can't end: JSON has no backtick of its own."""
    text = json.dumps(rules, indent=1, ensure_ascii=True, sort_keys=True)
    return text.replace("`", "\\u0060")
