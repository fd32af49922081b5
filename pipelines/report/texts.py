"""What captions say again and again, how many words they know, and which captioners agree: of a sample.

Captions are taken in the order of their clips' ids, which are hashes: as good as shuffled, and the same
each time.
"""

from manifests.captions import CAPTIONS
from pipelines.report.figures import Agreement, Count, Growth, Pair, TextFigures
from pipelines.report.query import Query

_LISTED, _POINTS, _CAPTIONERS = 15, 20, 20
_WORDS, _SHOWN = 400, 300
"""Words of a caption that are looked at, and characters of one that are told."""

_TEXTS = """
CREATE TABLE texts AS SELECT *, row_number() OVER (ORDER BY clip_id, caption) AS place,
    regexp_extract_all(lower(text[:{chars}]), '[\\p{{L}}\\p{{N}}][\\p{{L}}\\p{{N}}''’]*')[:{words}]
        AS words
FROM ({captions}) WHERE text IS NOT NULL"""


def texts(query: Query, clips: int) -> TextFigures:
    """Repeated captions and phrases, and the vocabulary. clips: of the whole set."""
    union = " UNION ALL ".join(
        f"SELECT clip_id, '{name}' AS caption, {name} AS text FROM sample" for name in CAPTIONS
    )
    query.rows(_TEXTS.format(captions=union, words=_WORDS, chars=20 * _WORDS))
    (sampled,) = query.row("SELECT count(*) FROM sample")
    captions, distinct, words = query.row(
        "SELECT count(*), count(DISTINCT text), avg(len(words)) FROM texts"
    )
    groups = (
        "SELECT caption, text, count(*) AS n, min(clip_id) AS clip FROM texts GROUP BY 1, 2 "
        "HAVING count(*) > 1"
    )
    (repeated,) = query.row(f"SELECT coalesce(sum(n), 0)::BIGINT FROM ({groups})")
    most = query.rows(
        f"SELECT text[:{_SHOWN}], n, clip FROM ({groups}) ORDER BY n DESC, text, caption "
        f"LIMIT {_LISTED}"
    )
    query.rows(
        "CREATE TABLE vocabulary AS SELECT word, min(place) AS first "
        "FROM (SELECT place, unnest(words) AS word FROM texts) GROUP BY 1"
    )
    (vocabulary,) = query.row("SELECT count(*) FROM vocabulary")
    return TextFigures(
        clips=sampled,
        whole=sampled == clips,
        captions=captions,
        distinct=distinct,
        repeated=repeated,
        words=words,
        vocabulary=vocabulary,
        most_repeated=tuple(Count(name=t, count=n, example=clip) for t, n, clip in most),
        phrases=_phrases(query),
        growth=_growth(query, captions),
    )


def _phrases(query: Query) -> tuple[Count, ...]:
    three = (
        "list_distinct(list_transform(range(1, len(words) - 1), "
        "lambda i: words[i] || ' ' || words[i + 1] || ' ' || words[i + 2]))"
    )
    rows = query.rows(
        f"SELECT phrase, count(*) AS n, min(clip_id) FROM (SELECT clip_id, unnest({three}) AS phrase "
        f"FROM texts) GROUP BY 1 HAVING n > 1 ORDER BY n DESC, phrase LIMIT {_LISTED}"
    )
    return tuple(Count(name=name[:_SHOWN], count=n, example=clip) for name, n, clip in rows)


def _growth(query: Query, captions: int) -> tuple[Growth, ...]:
    sizes = sorted({-(-captions * point // _POINTS) for point in range(1, _POINTS + 1)})
    told = []
    for size in sizes if captions else ():
        (words,) = query.row("SELECT count(*) FROM vocabulary WHERE first <= ?", [size])
        told.append(Growth(captions=size, words=words))
    return tuple(told)


def agreement(query: Query) -> Agreement:
    """Which captioners support the same claims. A claim that two captions of a clip make counts once."""
    query.rows(
        "CREATE TABLE supporters AS SELECT DISTINCT clip_id, claim, "
        "list_distinct(captioners) AS captioners FROM supported WHERE len(captioners) > 0"
    )
    names = query.rows(
        "SELECT name FROM (SELECT unnest(captioners) AS name FROM supporters) GROUP BY 1 "
        f"ORDER BY count(*) DESC, 1 LIMIT {_CAPTIONERS}"
    )
    captioners = tuple(sorted(name for (name,) in names))
    both = {
        (first, second): count
        for first, second, count in query.rows(
            "SELECT a, b, count(*) FROM (SELECT a, unnest(captioners) AS b FROM "
            "(SELECT captioners, unnest(captioners) AS a FROM supporters)) GROUP BY 1, 2"
        )
    }
    pairs = tuple(
        Pair(first=a, second=b, claims=both[a, a], both=both.get((a, b), 0))
        for a in captioners
        for b in captioners
        if a != b
    )
    return Agreement(captioners=captioners, pairs=pairs)
