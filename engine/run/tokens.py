"""The token that Ray asks every process for, so that no other user of a machine can join a run.

By itself a Ray that a program starts (2.60) writes a token to ~/.ray/auth_token. By that file each later
`ray start` asks for it too, and where the home directory can't be written Ray does not start. So a run
draws a token of its own, which lives as long as the run.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

NAMES = _MODE, _TOKEN = "RAY_AUTH_MODE", "RAY_AUTH_TOKEN"
"""What of the environment says which token is shown."""


def draw_token() -> None:
    """Lets a Ray that this process starts ask for a new token; not where RAY_AUTH_MODE says something."""
    if _MODE not in os.environ:
        os.environ[_TOKEN] = secrets.token_hex(32)
        os.environ[_MODE] = "token"
        _read()


def show_token() -> None:
    """Lets this process show the user's token, if there is one, unless RAY_AUTH_MODE says no."""
    from ray._private.authentication import authentication_token_setup as setup

    setup.maybe_enable_token_auth_if_token_available(warn_if_disabled=False)


@contextmanager
def unchanged() -> Iterator[None]:
    """Puts back after the block which token this process shows: another Ray may be joined later, and one
    that asks for no token takes whoever shows one and drops its actors without a word."""
    before = {name: os.environ.get(name) for name in NAMES}
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        _read()


def _read() -> None:
    """Lets Ray read again what the environment says."""
    from ray import _raylet

    raylet: Any = _raylet  # its types are not complete
    raylet.Config.initialize("")
    raylet.AuthenticationTokenLoader.instance().reset_cache()
