"""The model card (README.md) of a PE-AV that was trained here."""


def written(normalised: bool, trained: str) -> str:
    """The card as Markdown. trained: what it was trained from, Markdown."""
    length = (
        "Embeddings are of unit length: transformers' code gives them raw, so divide them by their norm."
        if normalised
        else "Embeddings are not of unit length."
    )
    return f"""---
library_name: transformers
pipeline_tag: feature-extraction
---
# PE-AV, trained with captionmill

An encoder of sound, picture and text in the format of transformers' `PeAudioVideoModel`
(Vyas et al., arXiv 2512.19687). {length}

## What it was trained from
{trained.strip() or "Not recorded."}

## How to use it
`PeAudioVideoModel.from_pretrained(FOLDER)` and `AutoProcessor.from_pretrained(FOLDER)`. Sound is 48 kHz
mono, a picture is 16 evenly spaced frames. `captionmill.json` says whether captionmill makes unit
vectors of it.
"""
