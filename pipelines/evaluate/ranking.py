"""Retrieval in every direction between media and captions.

What ranks is the plain product of the encoder's vectors, as in the published evaluation: a scale and a
bias change no order. A caption is compared with a medium by the head for that medium. Scores are made for
a few queries at a time, so that memory grows with the items and not with their square.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from captioners.encoder.encoder import TEXT_OF, Encoder
from captioners.encoder.pairs import Embedding
from pipelines.evaluate.embedding import Clips, Floats, embed_texts
from pipelines.evaluate.items import Item
from pipelines.evaluate.metrics import Relevant, Retrieval, Reweighting, Scores, Tally
from pipelines.evaluate.texts import Keys, cleaned

TEXT = "text"
_CHUNK = 1 << 22
"""Scores that are made at once."""


@dataclass(frozen=True, slots=True)
class Direction:
    """Figures of one direction. plain: the headline. reweighted: transductive, see `Reweighting`."""

    query: str
    item: str
    plain: Retrieval
    reweighted: Retrieval


@dataclass(frozen=True, slots=True)
class Side:
    """Queries or items. vectors: (different ones, width). rows: which is whose. keys: of each, numbers
    of what it answers or asks for; a query's answers are the items that share one with it."""

    vectors: Floats
    rows: npt.NDArray[np.int_]
    keys: Sequence[tuple[int, ...]]


def directions(items: Sequence[Item], clips: Clips, encoder: Encoder) -> list[Direction]:
    """All directions that a set allows: captions and each medium, and sound and picture of clips that
    have both."""
    there = [medium for medium in TEXT_OF if clips.items[medium]]
    captions = [tuple(map(cleaned, item.captions)) for item in items]
    places: dict[str, int] = {}
    for said in captions:
        for text in said:
            places.setdefault(text, len(places))
    vectors = embed_texts(list(places), encoder, [TEXT_OF[medium] for medium in there])
    keys, ranked = Keys(), []
    for medium in there:
        numbers = clips.items[medium]
        spoken = [(places[text], *keys.of([text])) for n in numbers for text in captions[n]]
        if not spoken:
            continue
        rows = np.array([row for row, _ in spoken])
        texts = Side(vectors[TEXT_OF[medium]], rows, [(number,) for _, number in spoken])
        media = _media(clips, medium, numbers, [keys.of(captions[n]) for n in numbers])
        ranked += [_direction(TEXT, medium, texts, media), _direction(medium, TEXT, media, texts)]
    both = clips.items["audio_video"]
    if both:
        own = [(n,) for n in both]
        sound, picture = (_media(clips, m, both, own) for m in ("audio", "video"))
        ranked.append(_direction("audio", "video", sound, picture))
        ranked.append(_direction("video", "audio", picture, sound))
    return ranked


def _media(
    clips: Clips, medium: Embedding, numbers: Sequence[int], keys: Sequence[tuple[int, ...]]
) -> Side:
    return Side(clips.vectors[medium], np.searchsorted(clips.items[medium], numbers), keys)


def _direction(query: str, item: str, queries: Side, items: Side) -> Direction:
    reweighting = Reweighting()
    for _, scores in _scores(queries, items):
        reweighting.show(scores)
    plain, changed = Tally(), Tally()
    for scores, relevant in _judged(queries, items):
        plain.add(scores, relevant)
        changed.add(reweighting.reweighted(scores), relevant)
    return Direction(query, item, plain.retrieval(), changed.retrieval())


def plain_figures(queries: Side, items: Side, ks: Sequence[int]) -> Retrieval:
    """Figures by plain products. Raises ValueError where no query has an answer."""
    tally = Tally(ks)
    for scores, relevant in _judged(queries, items):
        tally.add(scores, relevant)
    return tally.retrieval()


def _judged(queries: Side, items: Side) -> Iterator[tuple[Scores, Relevant]]:
    """Scores of some queries, and which items answer them."""
    answers: dict[int, list[int]] = defaultdict(list)
    for place, keys in enumerate(items.keys):
        for key in keys:
            answers[key].append(place)
    for start, scores in _scores(queries, items):
        relevant = np.zeros(scores.shape, np.bool_)
        for row, keys in enumerate(queries.keys[start : start + len(scores)]):
            for key in keys:
                relevant[row, answers.get(key, [])] = True
        yield scores, relevant


def _scores(queries: Side, items: Side) -> Iterator[tuple[int, Scores]]:
    """Scores of some queries against all items, and which query is the first.

    Equal texts have equal scores to the last bit, as their product is made once.
    """
    step = max(1, _CHUNK // max(1, len(items.rows)))
    for start in range(0, len(queries.rows), step):
        products = queries.vectors[queries.rows[start : start + step]] @ items.vectors.T
        yield start, products[:, items.rows]
