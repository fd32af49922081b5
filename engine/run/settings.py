"""The settings of a job, as kept in its workspace: enough to check its captions, nothing that is secret
and nothing that is run.

`configs/<digest>.json` says how captions were made. A workspace is handed around, so of the profile it
holds:

- of a server's `env` the names of the variables alone;
- of `args` the flags, with values only behind flags known to be harmless (`engine.servers.redact`);
- every URL without user name, password, query and fragment, wherever it stands;
- of models' options no value whose name looks like a secret's (key, token, secret, password,
  credential and the like), at any depth.

It may as well come from somebody else. So no profile is ever made of it: `stage_of` takes the installed
profile of the same name, or the file that the user names, and compares digests. What is read of it is
data: names of tables, the writer's ladder.
"""

import json
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from engine.servers.redact import HIDDEN, is_secret_name, public_url, redacted
from manifests.atomic import write_atomic
from manifests.errors import UserError
from manifests.workspace import Workspace, WorkspaceError

# Profiles and stages bring half of captionmill with them; who only reads settings can do without.
if TYPE_CHECKING:
    from engine.profile.profile import Profile
    from engine.stages.contract import Stage

S = TypeVar("S", bound="Stage")


class ProfileNeeded(UserError):
    """The profile that a workspace was captioned with has to be named; says how."""


def keep(workspace: Workspace, stage: "Stage") -> None:
    """Writes the settings of a job without their secrets.

    Each time that a job is run: sizes and servers may have changed, and the newest file tells which job
    is the newest.
    """
    kept = {
        "digest": stage.digest,
        "stage": stage.name,
        "cut": stage.cut,
        "profile": _public(stage.profile.model_dump(mode="json")),
        "settings": stage.settings(),
    }
    text = json.dumps(kept, indent=1, sort_keys=True, ensure_ascii=False)
    write_atomic(workspace.config(stage.digest), text.encode())


def read(workspace: Workspace, digest: str) -> Mapping[str, Any]:
    """What was kept of a job: `digest`, `stage`, `cut`, `profile` (never to be run), `settings`. Raises
    WorkspaceError when it is missing or damaged."""
    path = workspace.config(digest)
    try:
        kept: Any = json.loads(path.read_text(encoding="utf-8"))
        names = [kept["digest"], kept["stage"], kept["cut"], kept["profile"]["name"]]
        if not all(isinstance(name, str) for name in names) or not isinstance(
            kept["settings"], dict
        ):
            raise ValueError("it is not what captionmill writes")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WorkspaceError(f"can't read the settings of job {digest}: {error!r}") from error
    settings: Mapping[str, Any] = kept
    return settings


def stage_of(
    workspace: Workspace,
    digest: str,
    profile: str | None,
    make: "Callable[[Profile], S]",
    command: str,
    differs: bool = False,
) -> S:
    """The stage whose job has this digest, made of an installed or a named profile: a stored one could
    name a module to import or an interpreter to start, so it is never used.

    profile: name or file, as the user gave it; without one, the built-in profile of the stored name is
    used if it makes the same job. command: what the user ran, for the error. differs: a named profile
    may make another job. Raises ProfileNeeded, ProfileError, WorkspaceError.
    """
    from engine.profile.profile import available, load

    if profile is not None:
        stage = make(load(profile))
        if not differs and stage.digest != digest:
            raise ProfileNeeded(
                f"{workspace.root} was made by job {digest}, and profile {profile} makes job "
                f"{stage.digest}. Name the profile that it was made with. If models or code have "
                f"changed since, run `captionmill {stage.name} SOURCE {_quoted(workspace.root)} "
                f"--profile {shlex.quote(profile)}`: it makes a new version."
            )
        return stage
    name = read(workspace, digest)["profile"]["name"]
    if name in available():
        stage = make(load(name))
        if stage.digest == digest:
            return stage
        reason = f'the built-in profile "{name}" makes job {stage.digest} here'
    else:
        reason = f'its profile "{name}" is not built in'
    raise ProfileNeeded(
        f"{workspace.root} was made by job {digest}, and {reason}. A profile stored in a workspace is "
        "never run, because it could run any code. Name the profile's file: "
        f"{command} --profile FILE"
    )


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
    parts: dict[str, Any] = {"servers": servers, "captioners": captioners}
    for name in ("encoder", "localizer"):
        if model := profile.get(name):
            parts[name] = model | {"options": _without_secrets(model["options"])}
    public: dict[str, Any] = _without_urls(profile | parts)
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
