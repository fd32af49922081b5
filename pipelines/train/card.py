"""The card of a trained encoder: what it learned from, how well it finds what it never saw, its terms."""

from collections import Counter
from collections.abc import Sequence

from captioners.encoder.pairs import Pair
from pipelines.length import LONGEST_MS
from pipelines.terminal import counted
from pipelines.train.compare import Recalls
from pipelines.train.examples import Example
from pipelines.train.recipe import Recipe


def terms(clips: Sequence[Example]) -> tuple[Counter[str], list[str]]:
    """Licences of the captions with how many clips have each, and what has to be said of them."""
    licences = Counter(clip.licence for clip in clips)
    forbidden = sum(clip.outputs_train is False for clip in clips)
    unknown = sum(clip.outputs_train is None for clip in clips)
    warnings = []
    if forbidden:
        warnings.append(
            f"{counted(forbidden, 'clip')} have captions of models whose terms do not let their outputs "
            "train other models."
        )
    if unknown:
        warnings.append(
            f"{counted(unknown, 'clip')} have captions of models of which it is not known whether their "
            "outputs may train other models."
        )
    return licences, warnings


def card(
    encoder: str,
    recipe: Recipe,
    batch: int,
    clips: Sequence[Example],
    sources: Sequence[str],
    recalls: Recalls,
    held_out: int,
) -> str:
    """The card, in Markdown. clips: those trained on. sources: where their captions come from; paths
    stay private. recalls: on so many held-out clips."""
    authors = Counter(author for clip in clips for author in clip.by)
    licences, warnings = terms(clips)
    captions = ", ".join(f"{count} by the {author}" for author, count in sorted(authors.items()))
    real = sum(bool(clip.texts.real) for clip in clips)
    listed = "\n".join(f"- {source}" for source in sources)
    kinds = "\n".join(f"- {licence}: {counted(n, 'clip')}" for licence, n in licences.most_common())
    begun = "random weights" if recipe.start == "nothing" else "its weights"
    return f"""`{encoder}`, from {begun}: {recipe.steps} steps of {batch} clips,
learning rate {recipe.learning_rate:g}, pairs of {recipe.pairs}.

Trained on {counted(len(clips), "clip")} (captions: {captions or "none"}; {counted(real, "clip")} with
captions by people), of each at most the first {LONGEST_MS / 1000:g} s. Their captions are those of
{listed}

### Retrieval
R@1 among {counted(held_out, "clip")} of sources that were held out, by the plain product of the vectors,
with their own captions: these are what captioners said, not what people heard or saw. By chance it is
one clip of those that have both sides.

{_table(recipe.compared, recalls)}

### Terms
Licences of the models behind the captions:
{kinds}

{" ".join(warnings) or "All of them let their outputs train other models."}
"""


def _table(pairs: Sequence[Pair], recalls: Recalls) -> str:
    rows = [
        "| pair | clips with both | finds the right by the left | finds the left by the right |",
        "|---|---|---|---|",
    ]
    for pair in pairs:
        if pair.name in recalls:
            ways = recalls[pair.name]
            there, back = (100 * ways[way] for way in ("right_of_left", "left_of_right"))
            rows.append(f"| {pair.name} | {ways['clips']} | {there:.1f} % | {back:.1f} % |")
    return "\n".join(rows) if len(rows) > 2 else "Nothing was held out."
