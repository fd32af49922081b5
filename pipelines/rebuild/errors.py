"""What a rebuild says of inputs that are not what they were."""

from manifests.errors import UserError
from manifests.release.shards import Input


class WritingError(UserError):
    """Rows of a workspace that are not what their keys said."""


def unreadable(path: str, given: Input, error: Exception) -> WritingError:
    """What to say of a file of an input that can't be read."""
    return WritingError(
        f"{path} can't be read: {error}. captionmill verify {given.root} tells what is damaged."
    )
