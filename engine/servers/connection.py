"""HTTP connections to one replica of a server: JSON goes there, a status and a text come back.

aiohttp alone: the openai library builds a thousand classes of replies when it is imported, which takes a
second of every process that asks a server.
"""

import json
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

_JSON = {"Content-Type": "application/json"}


class NoAnswer(Exception):
    """Nothing came back; says why."""


class WrongProxy(Exception):
    """The environment names a proxy that can't be used; says which variable to change."""


class Connection:
    """Connections to one replica, on the event loop that is running when it is made.

    url: its base URL. direct: goes past any proxy. timeout_s: of one request. Raises WrongProxy.
    """

    def __init__(self, url: str, key: str | None, direct: bool, timeout_s: float) -> None:
        from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

        self._url = url.rstrip("/")
        self._proxy = None if direct else proxy_of(url)
        self._session = ClientSession(
            connector=TCPConnector(limit=0),  # whoever asks bounds how many requests are in work
            cookie_jar=DummyCookieJar(),
            headers={} if key is None else {"Authorization": f"Bearer {key}"},
            timeout=ClientTimeout(total=timeout_s),
        )

    async def post(self, path: str, body: Mapping[str, Any]) -> tuple[int, str]:
        """Status and text of the reply. path: below the base URL. Raises NoAnswer."""
        from aiohttp import ClientError

        try:
            async with self._session.post(
                self._url + path, data=json.dumps(body).encode(), headers=_JSON, proxy=self._proxy
            ) as reply:
                return reply.status, await reply.text(errors="replace")
        except TimeoutError:
            raise NoAnswer("no reply in time") from None
        except (ClientError, OSError) as error:
            raise NoAnswer(str(error) or type(error).__name__) from None

    async def close(self) -> None:
        """Closes them."""
        await self._session.close()


def proxy_of(url: str) -> str | None:
    """The proxy for a URL, by HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY; None for none. Raises
    WrongProxy for one that speaks neither HTTP nor HTTPS."""
    parts = urlsplit(url)
    proxies = urllib.request.getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or urllib.request.proxy_bypass(parts.hostname or ""):
        return None
    scheme, separator, _ = proxy.partition("://")
    if not separator:
        return f"http://{proxy}"
    if scheme not in ("http", "https"):
        variable = f"{parts.scheme.upper()}_PROXY"
        raise WrongProxy(
            f"the proxy of the environment speaks {scheme}, which captionmill can't: set {variable} to "
            f"an HTTP proxy, or NO_PROXY to {parts.hostname}"
        )
    return proxy
