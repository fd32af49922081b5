"""A clip's evidence as the two parsed sides that captions are compared with.

All that the bench knows of `prompts.meaning` stands here.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks.quality.rich.report import Outcome
from captioners.minilm import MiniLM
from captioners.weights.models import Models
from manifests.captions import CaptionName
from manifests.languages import language_name
from prompts.meaning.compare import Comparison
from prompts.meaning.evidence import Side, Sides
from prompts.meaning.likeness import Likeness
from prompts.meaning.wordnet import WordNet


def likeness() -> Likeness:
    """Relations of words by WordNet and all-MiniLM-L6-v2, which are fetched if they are not here."""
    models = Models()
    wordnet = WordNet(models.fetch("wordnet") / "wordnet.sqlite")
    return Likeness(wordnet, MiniLM(models.fetch("all-minilm-l6-v2")))


def judge(
    evidence: Sequence[Mapping[str, Any]], like: Likeness
) -> Callable[[CaptionName, str], Outcome]:
    """What judges the captions of a clip. evidence: a list of items as the case files have them."""
    heard, seen = (_side(evidence, modality, like) for modality in ("audio", "video"))
    comparison = Comparison(like, Sides(heard, seen))
    return lambda name, text: comparison.judge([(name, text)])[0][0]


def _side(evidence: Sequence[Mapping[str, Any]], modality: str, like: Likeness) -> Side:
    items = [item for item in evidence if item["modality"] == modality]
    return Side.of(
        like.wordnet,
        texts=[item["text"] for item in items if "text" in item],
        tags=[label for item in items for label, _ in item.get("tags", ())],
        transcripts=[item["transcript"] for item in items if "transcript" in item],
        languages=[name for item in items if (name := language_name(item.get("language")))],
    )
