"""Keys of running servers, looked for before work starts."""

from collections.abc import Iterable

from engine.profile.profile import ProfileError
from engine.servers.spec import ServerError, ServerSpec


def require_keys(servers: Iterable[ServerSpec]) -> None:
    """Raises ProfileError for a server whose `api_key_env` is not set."""
    for server in servers:
        try:
            server.api_key()
        except ServerError as error:
            raise ProfileError(str(error)) from None
