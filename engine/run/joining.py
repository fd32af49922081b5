"""Joining a Ray that runs already: whether it answers, and whether it asks for a token.

One that `ray start` starts asks for a token where ~/.ray/auth_token is, and refuses whoever shows none. A
program shows it only where RAY_AUTH_MODE says so, or where the cluster is asked first, as here.
"""

import logging
import os
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from engine.run.tokens import NAMES, show_token, unchanged
from manifests.errors import UserError

_PLACE = re.compile(r"\[?(?P<host>[^/\[\]]+)\]?:(?P<port>\d+)")
_ANSWER_S = 10.0
"""Time that a connection may take."""


class NoCluster(UserError):
    """The cluster that RAY_ADDRESS names can't be joined."""


def named() -> str | None:
    """The cluster that $RAY_ADDRESS names; None where it names none, or a new one of this machine."""
    address = os.environ.get("RAY_ADDRESS", "").strip()
    return None if address in ("", "local") else address


@contextmanager
def joined(address: str, environment: Mapping[str, str] | None = None) -> Iterator[None]:
    """The Ray cluster at an address for the block, by the user's token where it asks for one.
    environment: what the processes get that it starts. Raises NoCluster."""
    with connected(lambda: _join(address, environment)):
        yield


@contextmanager
def connected(begin: Callable[[], None]) -> Iterator[None]:
    """Ray for the block, to which `begin` connects this process, which is left as it was."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    stop = signal.getsignal(signal.SIGTERM)
    with unchanged():
        begin()
        _handle_sigterm(stop)
        try:
            yield
        finally:
            ray.shutdown()


def _handle_sigterm(handler: Any) -> None:
    """Puts back the handler that Ray replaced by its own, which ends the process without a word."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler)


def _join(address: str, environment: Mapping[str, str] | None) -> None:
    """Joins the cluster at an address. Raises NoCluster."""
    import ray
    from ray._private.services import canonicalize_bootstrap_address_or_die
    from ray.exceptions import AuthenticationError

    logging.getLogger("ray").setLevel(logging.ERROR)
    try:
        if address == "auto":
            address = canonicalize_bootstrap_address_or_die(address)
        if place := _PLACE.fullmatch(address):
            _reach(address, place["host"], int(place["port"]))
            _be_let_in(address)
        ray.init(
            address=address,
            log_to_driver=False,
            logging_level=logging.ERROR,
            runtime_env={"env_vars": dict(environment)} if environment else None,
        )
    except (ConnectionError, ValueError, AuthenticationError) as error:
        raise _no_cluster(address, str(error)) from error


def _reach(address: str, host: str, port: int) -> None:
    """Raises NoCluster where nothing answers: Ray itself would wait for minutes."""
    try:
        socket.create_connection((host, port), _ANSWER_S).close()
    except (OSError, OverflowError, UnicodeError) as error:
        raise _no_cluster(address, getattr(error, "strerror", None) or str(error)) from error


def _be_let_in(address: str) -> None:
    """Shows the user's token if the cluster asks for one. Raises NoCluster where it asks for another."""
    if _is_let_in(address):
        return
    said = [name for name in NAMES if name in os.environ]
    show_token()
    if not _is_let_in(address):
        raise NoCluster(
            f"the Ray cluster at {address} asks for a token that this user does not show: "
            + (f"look at {' and '.join(said)} in the environment, or " if said else "")
            + "copy ~/.ray/auth_token from the machine where it was started"
        )


def _is_let_in(address: str) -> bool:
    """Whether the cluster takes what this process shows."""
    from ray import _raylet
    from ray.exceptions import AuthenticationError

    raylet: Any = _raylet  # its types are not complete
    with _quiet():
        try:
            raylet.GcsClient(address=address)
        except AuthenticationError:
            return False
        except Exception as error:  # whatever Ray says of what is no Ray
            raise _no_cluster(address, str(error)) from error
    return True


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps what Ray's C++ writes from the screen: it writes past Python."""
    try:
        kept = os.dup(2)
    except OSError:  # there is no screen
        yield
        return
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def _no_cluster(address: str, why: str) -> NoCluster:
    return NoCluster(
        f"no Ray cluster answers at {address} ({why}): start one with ray start --head, or unset "
        "RAY_ADDRESS to work on this machine alone"
    )
