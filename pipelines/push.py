"""`captionmill push`: a release as a dataset of the Hugging Face hub, through huggingface_hub.

`release.json` is uploaded last, in a commit of its own: a dataset without one holds a release that is not
whole yet. What is there already is not uploaded again, so the same command goes on after a stop. Never
tried against the hub itself, only against a server of the tests that answers as the hub documents.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from manifests.errors import UserError
from manifests.release.layout import RELEASE, Document, Release, ReleaseFile, load
from pipelines.terminal import counted
from pipelines.verify_release import verify_release

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_TARGET = re.compile(r"hf://(?:datasets/)?([\w][\w.-]*/[\w][\w.-]*)/?", re.ASCII)
_DATASET = "dataset"
_EMPTY = {".gitattributes", "README.md"}
"""What the hub puts into a new dataset."""


class PushError(UserError):
    """Why a release can't be pushed; says what to do."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """A release that lies on the hub. url: of the dataset. files: of the release, and their bytes."""

    url: str
    release: str
    files: int
    bytes: int

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "url": self.url,
            "release": self.release,
            "files": self.files,
            "bytes": self.bytes,
        }

    def text(self) -> str:
        """For people."""
        size = f"{counted(self.files, 'file')}, {self.bytes / 1e6:,.1f} MB"
        return f"{self.url} holds release {self.release}: {size}; the hub has the same checksums"


def push(folder: Path, target: str, public: bool, tell: Callable[[str], None]) -> Pushed:
    """Uploads a release to `hf://owner/name` and compares what lies there with it.

    public: whether everybody may see a dataset that this makes. tell: is called with what happens now.
    Raises PushError, and ReleaseError for what is no release.
    """
    parsed = _TARGET.fullmatch(target)
    if parsed is None:
        raise PushError(f"{target!r} is no dataset of the hub: name it as hf://owner/name")
    repo = parsed[1]
    release = load(folder)
    tell(f"verifying {folder}")
    if problems := verify_release(folder).checked.problems:
        raise PushError(
            f"{folder} is not as it was built, so it is not pushed; captionmill verify tells all. First: "
            f"{problems[0].where}: {problems[0].message}"
        )
    from httpx2 import TransportError
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    api = HfApi(library_name="captionmill")
    try:
        url = api.create_repo(repo, repo_type=_DATASET, private=not public, exist_ok=True)
        _require_own(api, repo, release)
        tell(f"uploading to {url}")
        _upload(api, repo, folder, release)
        _compare(api, repo, folder, release)
    except HfHubHTTPError as error:
        raise PushError(_refused(repo, error)) from error
    except OfflineModeIsEnabled as error:
        raise PushError(
            f"the hub is not asked for anything: unset HF_HUB_OFFLINE ({error})"
        ) from None
    except (OSError, TransportError) as error:
        raise PushError(
            f"the upload to {repo} stopped: {error}. Run the same command again; it goes on."
        ) from error
    sizes = [file.bytes for file in _files(release)]
    return Pushed(str(url), release.digest, len(sizes) + 1, sum(sizes))


def _files(release: Release) -> list[ReleaseFile | Document]:
    """All files of a release but release.json; nothing else in the folder is uploaded."""
    return [*release.files, *release.documents]


def _paths(release: Release) -> list[str]:
    return [file.path for file in _files(release)]


def _require_own(api: "HfApi", repo: str, release: Release) -> None:
    """Raises PushError for a dataset that holds something else: a release is never changed, and what
    another one left would be read with it."""
    there = set(api.list_repo_files(repo, repo_type=_DATASET))
    if RELEASE in there:
        digest = load(Path(api.hf_hub_download(repo, RELEASE, repo_type=_DATASET)).parent).digest
        if digest != release.digest:
            raise PushError(
                f"{repo} holds release {digest}, not {release.digest}, and releases are never changed. "
                "Name another dataset."
            )
    if others := sorted(there - _EMPTY - {RELEASE, *_paths(release)}):
        raise PushError(
            f"{repo} holds other files, such as {others[0]}: a release needs a dataset of its own. "
            "Name another one."
        )


def _upload(api: "HfApi", repo: str, folder: Path, release: Release) -> None:
    common: dict[str, Any] = {"repo_id": repo, "repo_type": _DATASET, "folder_path": folder}
    what = f"{release.name} {release.digest}"
    # By folders: each file is matched with each pattern, and there may be a hundred thousand files.
    parts = sorted({f"{Path(path).parts[0]}/*" for path in _paths(release) if "/" in path})
    parts += [document.path for document in release.documents]
    api.upload_folder(**common, allow_patterns=parts, commit_message=f"Add files of {what}")
    api.upload_folder(**common, allow_patterns=[RELEASE], commit_message=f"Add {what}")


def _compare(api: "HfApi", repo: str, folder: Path, release: Release) -> None:
    """Raises PushError where the hub's checksums are not those of the files."""
    compared = api.verify_repo_checksums(repo, repo_type=_DATASET, local_dir=folder)
    files = {RELEASE, *_paths(release)}
    off = {mismatch["path"] for mismatch in compared.mismatches} | set(compared.extra_paths)
    if wrong := sorted(off & files):
        raise PushError(
            f"{counted(len(wrong), 'file')} of {repo} differ from the release, such as {wrong[0]}: "
            "run the same command again"
        )


def _refused(repo: str, error: Any) -> str:
    """Why the hub refused, and what to do."""
    status = getattr(error.response, "status_code", None)
    if status in (401, 403):
        return (
            f"the hub does not let you write to {repo}: `hf auth whoami` says who you are, "
            f"`hf auth login` takes a token that may write ({error.server_message or status})"
        )
    if status == 404:
        return f"the hub knows no owner {repo.split('/')[0]!r}, or does not show it to you"
    return (
        f"the hub refused {repo}: {error}. If it is busy, run the same command later; it goes on."
    )
