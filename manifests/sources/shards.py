"""How many clips a shard holds."""

_STEP, _DOUBLINGS = 4_000, 3


def shard_size(number: int, first: int) -> int:
    """Clips of the shard with this number, where the first shard holds `first`.

    It depends on nothing else, so a listing can be cut into shards while it is read. Sizes double every
    4,000 shards, three times: small jobs have small shards to resume, and large ones few records. With
    1,024 at first, the first three steps hold 4,000 x (1,024 + 2,048 + 4,096) = 28,672,000 clips, and
    the other 71,328,000 of 100M make 8,708 shards of 8,192: 20,708 shards in all.
    """
    return first << min(number // _STEP, _DOUBLINGS)
