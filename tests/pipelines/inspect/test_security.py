"""Only a browser that has the link of this run may ask, and only the app's pages may change something."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from pipelines.inspect.security import Guarded
from tests.pipelines.inspect.made import COOKIE, HOST, ORIGIN, TOKEN


@pytest.fixture
def browser() -> TestClient:
    """A browser that was let in to an app that answers everything."""
    asgi = Guarded(PlainTextResponse("inside"), TOKEN, COOKIE)
    browser = TestClient(asgi, base_url=HOST, follow_redirects=False)
    browser.cookies.set(COOKIE, TOKEN)
    return browser


@pytest.fixture
def stranger(browser: TestClient) -> TestClient:
    """One that was not."""
    browser.cookies.clear()
    return browser


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8017", "localhost:9", "[::1]:80", "LOCALHOST"]
)
def test_loopback_is_answered(host: str, browser: TestClient) -> None:
    assert browser.get("/", headers={"host": host}).text == "inside"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "evil.example:8017",
        "localhost.evil.example",
        "0.0.0.0",
        "127.0.0.1:8017@evil.example",
        "[::1].evil.example",
        ":80",
        "",
    ],
)
def test_another_host_is_refused(host: str, browser: TestClient) -> None:
    answer = browser.get("/", headers={"host": host})
    assert (answer.status_code, "inside" in answer.text) == (403, False)


def test_the_token_of_the_link_becomes_a_cookie_and_leaves_the_address(
    stranger: TestClient,
) -> None:
    answer = stranger.get("/clip/a?q=a%20dog&token=" + TOKEN)
    assert (answer.status_code, answer.headers["location"]) == (303, "/clip/a?q=a+dog")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert stranger.get("/").text == "inside"


def test_no_link_leads_to_another_site(stranger: TestClient) -> None:
    for path in ("//evil.example", "/\\evil.example", "///evil.example/%0d%0aX: y"):
        answer = stranger.request("GET", f"{HOST}{path}?token={TOKEN}")
        assert answer.headers["location"].lstrip("/").startswith(("evil", "%5Cevil"))
        assert not answer.headers["location"].startswith(("//", "/\\"))


@pytest.mark.parametrize("url", ["/", "/?token=", "/?token=another", f"/?token={TOKEN}x"])
def test_without_the_token_nothing_is_shown(url: str, stranger: TestClient) -> None:
    answer = stranger.get(url)
    assert (answer.status_code, "inside" in answer.text) == (403, False)
    stranger.cookies.set(COOKIE, "another")
    assert stranger.get("/").status_code == 403


def test_nothing_is_changed_without_the_token(stranger: TestClient) -> None:
    for url in ("/", f"/?token={TOKEN}"):
        assert stranger.post(url, headers=ORIGIN).status_code == 403


def test_a_page_of_the_app_may_change_something(browser: TestClient) -> None:
    assert browser.post("/", headers=ORIGIN).text == "inside"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "null"},
        {"origin": "http://evil.example"},
        {"origin": "https://127.0.0.1"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": HOST, "sec-fetch-site": "cross-site"},
        {"origin": HOST, "sec-fetch-site": "same-site"},
    ],
)
def test_another_page_may_not(headers: dict[str, str], browser: TestClient) -> None:
    assert browser.post("/", headers=headers).status_code == 403


def test_another_site_may_link_to_a_page_but_not_load_from_it(browser: TestClient) -> None:
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert browser.get("/", headers=link).text == "inside"
    for site in ("cross-site", "same-site"):
        load = {"sec-fetch-site": site, "sec-fetch-mode": "no-cors"}
        assert browser.get("/", headers=load).status_code == 403


def test_every_answer_forbids_scripts_of_others(browser: TestClient) -> None:
    for answer in (browser.get("/"), browser.get("/", headers={"host": "evil.example"})):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self';" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


def test_a_large_body_is_refused(browser: TestClient) -> None:
    assert browser.post("/", headers=ORIGIN, content=b"x" * 70_000).status_code == 413


def test_a_web_socket_is_closed() -> None:
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "websocket.connect"}

    asgi = Guarded(PlainTextResponse("inside"), TOKEN, COOKIE)
    asyncio.run(asgi({"type": "websocket", "headers": []}, receive, send))
    assert [message["type"] for message in sent] == ["websocket.close"]
