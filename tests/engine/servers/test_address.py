"""What counts as this machine alone."""

import pytest

from engine.servers.address import is_loopback, is_loopback_url
from engine.servers.spec import ServerSpec

LOCAL = ["localhost", "127.0.0.1", "127.8.9.10", "::1"]
AWAY = [
    *("127.evil.example", "127.0.0.1.nip.io", "localhost.evil.example", "::1234:5678", "::1.evil"),
    *("0.0.0.0", "::", "192.0.2.7", "127.1", "", "[::1]"),
]


@pytest.mark.parametrize("host", LOCAL)
def test_loopback_addresses_are_loopback(host: str) -> None:
    assert is_loopback(host) and ServerSpec(host=host).is_local


@pytest.mark.parametrize("host", AWAY)
def test_what_only_begins_like_a_loopback_address_is_none(host: str) -> None:
    assert not is_loopback(host) and not ServerSpec(host=host).is_local


@pytest.mark.parametrize("host", ["127.evil.example", "::1234:5678"])
def test_prompt_embeddings_never_leave_loopback(host: str) -> None:
    with pytest.raises(ValueError, match="prompt_embeds only on a loopback address"):
        ServerSpec(host=host, prompt_embeds=True)


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://user:word@localhost/v1", True),
        ("http://127.0.0.1@evil.example/v1", False),
        ("http://127.evil.example/v1", False),
        ("http://[::1", False),
    ],
)
def test_a_url_is_judged_by_its_host(url: str, local: bool) -> None:
    assert is_loopback_url(url) is local
