"""What a rebuild says of inputs that are not what they were."""

from collections.abc import Iterable

from manifests.errors import UserError
from manifests.ids import content_hash
from manifests.release.shards import Input, Shard


class WritingError(UserError):
    """Rows of a workspace that are not what their keys said."""


def unreadable(path: str, given: Input, error: Exception) -> WritingError:
    """What to say of a file of an input that can't be read."""
    return WritingError(
        f"{path} can't be read: {error}. captionmill verify {given.root} tells what is damaged."
    )


def require_committed(given: Input, shard: Shard, paths: Iterable[str]) -> None:
    """Raises WritingError for a file of a shard that is not, byte for byte, what was committed."""
    for path in paths:
        try:
            found = content_hash(path)
        except OSError as error:
            raise unreadable(path, given, error) from error
        if found != shard.sums.get(path, found):
            raise WritingError(
                f"{path} is not what was committed: it was damaged or changed. captionmill verify "
                f"{given.root} tells more; put the file back as it was, or caption its clips into a new "
                "workspace."
            )
