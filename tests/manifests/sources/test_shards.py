"""A shard's size follows from its number, and 100M clips make about 20,000 shards."""

from itertools import count

from manifests.sources.shards import shard_size


def test_sizes_double_every_four_thousand_shards() -> None:
    sizes = [shard_size(number, 1024) for number in (0, 3999, 4000, 7999, 8000, 12000, 10**6)]
    assert sizes == [1024, 1024, 2048, 2048, 4096, 8192, 8192]


def test_the_profile_says_the_first_size() -> None:
    assert [shard_size(number, 8) for number in (0, 4000, 12000)] == [8, 16, 64]


def test_100m_clips_make_about_twenty_thousand_shards() -> None:
    left = 100_000_000
    for number in count():
        if left <= 0:
            break
        left -= shard_size(number, 1024)
    assert number == 20_708
