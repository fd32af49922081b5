"""The proxy that the environment names for a URL."""

import pytest

from engine.servers.connection import WrongProxy, proxy_of

HTTP, HTTPS = "http://models.example/v1", "https://models.example/v1"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize(
    ("url", "environment", "proxy"),
    [
        (HTTP, {}, None),
        (HTTP, {"HTTP_PROXY": "http://p:1"}, "http://p:1"),
        (HTTPS, {"HTTP_PROXY": "http://p:1"}, None),
        (HTTPS, {"HTTPS_PROXY": "http://p:1", "ALL_PROXY": "http://q:2"}, "http://p:1"),
        (HTTPS, {"all_proxy": "p:1"}, "http://p:1"),
        (HTTP, {"HTTP_PROXY": "http://p:1", "NO_PROXY": "models.example"}, None),
        (HTTP, {"HTTP_PROXY": "http://p:1", "NO_PROXY": ".example"}, None),
        (HTTP, {"HTTP_PROXY": "http://p:1", "NO_PROXY": "other.example"}, "http://p:1"),
    ],
)
def test_the_proxy_of_a_url(
    url: str, environment: dict[str, str], proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_of(url) == proxy


def test_a_proxy_that_can_not_be_used_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://p:1")
    with pytest.raises(WrongProxy, match=r"speaks socks5.*set HTTPS_PROXY.*NO_PROXY to models"):
        proxy_of(HTTPS)
