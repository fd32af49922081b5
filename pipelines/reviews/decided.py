"""What reviewers together decide of captions: whether they stay, and which edits hold.

Of each reviewer the last review of these very captions counts. One that calls them bad and mends nothing
is against them; one that calls them good, or edits one of them, is for them as they are then. They leave
where at least as many are against them as for them: in doubt they leave. Of several edits of one caption
the newest holds.
"""

import pyarrow as pa

from manifests.captions import CAPTIONS
from manifests.duck import connect
from manifests.release.edits import DECIDED

_EDITED = f"coalesce({', '.join(CAPTIONS)}) IS NOT NULL"
_AGAINST = f"verdict = 'bad' AND NOT ({_EDITED})"
_NEWEST = ", ".join(
    f"arg_max({name}, {{'ms': reviewed_ms, 'id': review_id}}) FILTER ({name} IS NOT NULL) AS {name}"
    for name in CAPTIONS
)


def decided(reviews: pa.Table) -> pa.Table:
    """Rows of `manifests.release.edits.DECIDED`, by clip and captions. reviews: all of them; what was
    said of a clip without captions is left out."""
    with connect(threads=1) as connection:
        connection.register("given", reviews)
        made = connection.sql(
            f"""
            WITH last AS (
                SELECT * FROM given WHERE caption_digest IS NOT NULL QUALIFY row_number() OVER (
                    PARTITION BY clip_id, caption_digest, reviewer
                    ORDER BY reviewed_ms DESC, review_id DESC) = 1
            ), said AS (
                SELECT *, coalesce({_AGAINST}, false) AS against FROM last
                WHERE verdict IS NOT NULL OR {_EDITED}
            )
            SELECT clip_id, caption_digest, count(*)::INTEGER AS reviews,
                count_if(against) > 0 AND 2 * count_if(against) >= count(*) AS leaves, {_NEWEST}
            FROM said GROUP BY clip_id, caption_digest ORDER BY clip_id, caption_digest
            """
        ).to_arrow_table()
    return made.cast(DECIDED)
