"""The settings of a job, as kept in its workspace: enough to check its captions, nothing that is secret
and nothing that is run.

`configs/<digest>.json` says how captions were made. A workspace is handed around, so of the profile it
holds:

- of a server's `env` the names of the variables alone;
- of `args` the flags, with values only behind flags known to be harmless (`engine.servers.redact`);
- every URL without user name, password, query and fragment, wherever it stands;
- of captioners' options no value whose name looks like a secret's (key, token, secret, password,
  credential and the like), at any depth.

It may as well come from somebody else. So no profile is ever made of it: `job_of` takes the installed
profile of the same name, or the file that the user names, and compares digests. What is read of it is
data: names of tables, the writer's ladder.
"""

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.servers.redact import HIDDEN, is_secret_name, public_url, redacted
from engine.servers.spec import ServerError, ServerSpec
from manifests.errors import UserError
from manifests.workspace import Workspace, WorkspaceError, write_atomic

if TYPE_CHECKING:
    from pipelines.caption.job import Job


class ProfileNeeded(UserError):
    """The profile that a workspace was captioned with has to be named; says how."""


def keep(workspace: Workspace, job: "Job") -> None:
    """Writes the settings of a job without their secrets.

    Each time that a job is run: sizes and servers may have changed, and the newest file tells which job
    is the newest.
    """
    kept = {
        "digest": job.digest,
        "profile": _public(job.profile.model_dump(mode="json")),
        "settings": job.settings(),
    }
    text = json.dumps(kept, indent=1, sort_keys=True, ensure_ascii=False)
    write_atomic(workspace.config(job.digest), text.encode())


def read(workspace: Workspace, digest: str) -> Mapping[str, Any]:
    """What was kept of a job: `digest`, `profile` (never to be run), `settings`. Raises WorkspaceError
    when it is missing or damaged."""
    path = workspace.config(digest)
    try:
        kept: Any = json.loads(path.read_text(encoding="utf-8"))
        names = [kept["digest"], kept["profile"]["name"], kept["settings"]["cut"]]
        if not all(isinstance(name, str) for name in names):
            raise ValueError("a name in it is no text")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WorkspaceError(f"can't read the settings of job {digest}: {error!r}") from error
    settings: Mapping[str, Any] = kept
    return settings


def job_of(
    workspace: Workspace, digest: str, profile: str | None, command: str, differs: bool = False
) -> "Job":
    """The job of this digest, made of an installed or a named profile: a stored one could name a module
    to import or an interpreter to start, so it is never used.

    profile: name or file, as the user gave it; without one, the built-in profile of the stored name is
    used if it makes the same job. command: what the user ran, for the error. differs: a named profile
    may make another job. Raises ProfileNeeded, ProfileError, WorkspaceError.
    """
    from engine.profile.profile import available, load
    from pipelines.caption.job import Job

    if profile is not None:
        job = Job(load(profile))
        if not differs and job.digest != digest:
            raise ProfileNeeded(
                f"{workspace.root} was captioned by job {digest}, and profile {profile} makes job "
                f"{job.digest}. Name the profile that it was captioned with. If models or code have "
                f"changed since, run `captionmill caption SOURCE {_quoted(workspace.root)} --profile "
                f"{shlex.quote(profile)}`: it makes a new version of all captions."
            )
        return job
    name = read(workspace, digest)["profile"]["name"]
    if name in available():
        job = Job(load(name))
        if job.digest == digest:
            return job
        reason = f'the built-in profile "{name}" makes job {job.digest} here'
    else:
        reason = f'its profile "{name}" is not built in'
    raise ProfileNeeded(
        f"{workspace.root} was captioned by job {digest}, and {reason}. A profile stored in a workspace "
        "is never run, because it could run any code. Name the profile's file: "
        f"{command} --profile FILE"
    )


def require_keys(servers: Sequence[ServerSpec]) -> None:
    """Raises ProfileError for a server whose `api_key_env` is not set: before work starts."""
    from engine.profile.profile import ProfileError

    for server in servers:
        try:
            server.api_key()
        except ServerError as error:
            raise ProfileError(str(error)) from None


def _public(profile: dict[str, Any]) -> dict[str, Any]:
    """A dumped profile without secrets."""
    servers = [
        server | {"env": sorted(server["env"]), "args": redacted(server["args"])}
        for server in profile["servers"]
    ]
    captioners = [
        captioner | {"options": _without_secrets(captioner["options"])}
        for captioner in profile["captioners"]
    ]
    public: dict[str, Any] = _without_urls(profile | {"servers": servers, "captioners": captioners})
    return public


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: HIDDEN if is_secret_name(name) else _without_secrets(part)
            for name, part in value.items()
        }
    return [_without_secrets(part) for part in value] if isinstance(value, list) else value


def _without_urls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_urls(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_without_urls(part) for part in value]
    return public_url(value) if isinstance(value, str) else value


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
