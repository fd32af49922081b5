"""Addresses of model servers: what loopback is, and ports."""

import ipaddress
import socket
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether a host is this machine alone: `localhost`, or an address that `ipaddress` calls loopback.

    A name is never looked up, so `127.0.0.1.nip.io` is not loopback, whatever it resolves to.
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_loopback_url(url: str) -> bool:
    """The same for the host of a URL; False for a text that is no URL."""
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False


def free_port(host: str) -> int:
    """A port nobody uses now; another process may take it first. Raises OSError where this machine can't
    listen on `host`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def in_url(host: str) -> str:
    """A host as it stands in a URL."""
    return f"[{host}]" if ":" in host else host
