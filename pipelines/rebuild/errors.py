"""What a rebuild says of inputs that are not what they were."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from manifests.errors import UserError
from manifests.ids import content_hash


class WritingError(UserError):
    """Rows of a workspace that are not what their keys said."""


def unreadable(path: str, workspace: Path, error: Exception) -> WritingError:
    """What to say of a file of a workspace that can't be read."""
    return WritingError(
        f"{path} can't be read: {error}. captionmill verify {workspace} tells what is damaged."
    )


def require_committed(workspace: Path, sums: Mapping[str, str], paths: Iterable[str]) -> None:
    """Raises WritingError for a file of a workspace that is not, byte for byte, what was committed. sums:
    sha256 by path."""
    for path in paths:
        try:
            found = content_hash(path)
        except OSError as error:
            raise unreadable(path, workspace, error) from error
        if found != sums.get(path, found):
            raise WritingError(
                f"{path} is not what was committed: it was damaged or changed. captionmill verify "
                f"{workspace} tells more; put the file back as it was, or caption its clips into a new "
                "workspace."
            )
