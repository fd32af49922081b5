"""The app in a real browser: look, search, review by keyboard, and find the review again."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.media.ffmpeg import run
from tests.browser import BOTH, WIDER, needs_chromium
from tests.manifests.made import Made
from tests.pipelines.inspect.looking import looked_at
from tests.pipelines.inspect.made import Started, let_in, opened_app, real, reviews_of
from tests.pipelines.report.hostile import hostile_row
from tests.pipelines.report.made import made

if TYPE_CHECKING:
    from playwright.sync_api import Dialog, Route

pytestmark = [pytest.mark.run, needs_chromium]

_FILM = ["-f", "lavfi", "-i", "testsrc2=s=96x64:r=25:d=4", "-f", "lavfi", "-i", "sine=440:d=4"]
_H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Two clips of a film that browsers play, and two of one that they do not."""
    folder = tmp_path_factory.mktemp("films")
    run([*_FILM, *_H264, f"file:{folder / 'a.mp4'}"])
    run([*_FILM, "-c:v", "mpeg4", "-c:a", "libmp3lame", f"file:{folder / 'b.avi'}"])
    return real(folder / "set", [folder / "a.mp4", folder / "b.avi"], max_seconds=2)


def test_a_clip_is_found_reviewed_by_keyboard_and_found_again(
    place: Made, started: Started
) -> None:
    _, port, token = opened_app(started, place.root, "--reviewer", "ada")
    with let_in(port, token) as page:
        assert "token" not in page.url
        page.keyboard.press("/")
        page.keyboard.type('heard:"sound 1"')
        page.keyboard.press("Enter")
        page.wait_for_url("**q=heard*")
        assert page.locator(".row").count() == 1
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url("**/clip/**")
        page.keyboard.press("4")
        page.get_by_text("stored", exact=True).wait_for()
        (review,) = reviews_of(place.root)
        assert (review["verdict"], review["reasons"]) == ("bad", ["wrong modality"])
        page.keyboard.press("e")
        page.locator("textarea").first.fill("A tone is heard.")
        page.keyboard.press("Control+Enter")
        page.locator("[data-state]", has_text="bad: wrong modality, edited").wait_for()
        page.reload()
        assert page.locator("[data-state]").inner_text() == "bad: wrong modality, edited"
        assert page.locator("textarea").first.input_value() == "A tone is heard."
        assert (
            page.locator('[data-reason="wrong modality"]').get_attribute("aria-pressed") == "true"
        )
        page.keyboard.press("u")
        page.wait_for_url(re.compile(r"/\?q=heard"))
        page.goto(f"http://127.0.0.1:{port}/?q=why:%22wrong%20modality%22")
        assert page.locator(".row").count() == 1
        # Good takes its place, and good again takes it back; the edit stays.
        page.keyboard.press("j")
        page.keyboard.press("g")
        page.locator("[data-state]", has_text="good, edited").wait_for()
        page.keyboard.press("g")
        page.locator("[data-state]", has_text=re.compile("^edited$")).wait_for()
    (review,) = reviews_of(place.root)
    assert (review["verdict"], review["audio_caption"]) == (None, "A tone is heard.")


def test_nothing_that_was_said_is_lost(tmp_path: Path, started: Started) -> None:
    place = made(tmp_path / "set")
    _, port, token = opened_app(started, place.root, "--reviewer", "ada")
    with let_in(port, token) as page:
        page.goto(f"http://127.0.0.1:{port}/?q=captions:3")
        page.locator(".row h3 a").first.click()
        clip = page.url
        other = page.context.new_page()
        other.goto(clip)
        # Two pages of one clip, each with an edit of its own.
        for tab, name, key in ((page, "audio_caption", "3"), (other, "visual_caption", "2")):
            tab.locator("body").press("e")
            tab.locator(f"textarea[name={name}]").fill(f"Of {name}.")
            tab.keyboard.press("Control+Enter")
            tab.get_by_text("stored", exact=True).wait_for()
            tab.keyboard.press("Escape")
            tab.keyboard.press(key)
            tab.locator(f'[data-reason][aria-pressed="true"] kbd:text-is("{key}")').wait_for()
        (review,) = reviews_of(place.root)
        assert review["audio_caption"] == "Of audio_caption."
        assert review["visual_caption"] == "Of visual_caption."
        assert review["reasons"] == ["missed", "wrong"]
        assert other.locator("textarea").first.input_value() == "Of audio_caption."
        other.close()

        # An edit can't be empty; who leaves with one that is not stored is asked.
        asked: list[str] = []

        def stay(dialog: "Dialog") -> None:
            asked.append(dialog.message)
            dialog.dismiss()

        page.on("dialog", stay)
        page.locator("textarea").first.fill("")
        page.keyboard.press("Control+Enter")
        page.get_by_text("mark the clip as bad: invented").wait_for()
        page.keyboard.press("Escape")
        page.keyboard.press("j")
        page.wait_for_function("() => document.activeElement === document.body")
        assert asked == ["An edited caption is not stored. Leave without it?"]
        assert page.url == clip
        page.locator("textarea").first.fill("Of audio_caption.")
        page.keyboard.press("Escape")

        # A full disk: one stays, sees why, and is asked when one goes on.
        full = "It can't be stored: No space left on device."
        held: list[Route] = []
        page.route("**/review", lambda route: held.append(route))
        with page.expect_request("**/review"):
            page.keyboard.press("g")
        page.keyboard.press("j")
        while not held:
            page.title()
        held[0].fulfill(status=507, body=full)
        page.get_by_text(f"Not stored: {full}").wait_for()
        assert page.url == clip
        page.keyboard.press("j")
        assert asked[1:] == ["A review is not stored. Leave without it?"]
        page.unroute("**/review")

        # A slow disk: a link waits for what was said. Caps Lock changes no key.
        page.evaluate(
            "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'G', bubbles: true}))"
        )
        page.locator("[data-state]", has_text="good, edited").wait_for()
        held.clear()
        page.route("**/review", lambda route: held.append(route))
        with page.expect_request("**/review"):
            page.click("[data-say=bad]")
        page.click('[data-reason="leaked"]')
        page.click("a[rel=next]")
        while not held:
            page.title()
        held[0].continue_()
        page.locator("[data-state]", has_text=re.compile("^bad")).wait_for()
        while len(held) < 2:
            page.title()  # lets the next request come
        assert page.url == clip
        held[1].continue_()
        page.wait_for_url(lambda url: url != clip)
    (review,) = reviews_of(place.root)
    assert (review["verdict"], review["reasons"]) == ("bad", ["leaked"])


def test_an_edit_is_of_the_characters_of_the_caption(tmp_path: Path, started: Started) -> None:
    caption = "A co\u00adoperative man says \u200f\u05e9\u05dc\u05d5\u05dd\u200f loudly."
    place = made(tmp_path / "set", change=lambda row: row | {"audio_caption": caption})
    _, port, token = opened_app(started, place.root, "--reviewer", "ada")
    with let_in(port, token) as page:
        page.locator(".row h3 a").first.click()
        page.wait_for_url("**/clip/**")
        page.keyboard.press("e")
        field = page.locator("textarea[name=audio_caption]")
        assert field.input_value() == caption
        page.keyboard.press("Control+Enter")
        page.get_by_text("No caption is changed.").wait_for()
        field.fill(caption.replace("loudly", "quietly"))
        page.keyboard.press("Control+Enter")
        page.get_by_text("stored", exact=True).wait_for()
        (review,) = reviews_of(place.root)
        # Marks that turn text go into no release.
        stored = "A co\u00adoperative man says \u05e9\u05dc\u05d5\u05dd quietly."
        assert review["audio_caption"] == stored == field.input_value()
        field.fill(caption)
        page.keyboard.press("Control+Enter")
        page.locator("[data-state]", has_text="not reviewed").wait_for()
        assert field.input_value() == caption
    assert reviews_of(place.root) == []


def test_j_and_k_go_through_all_clips(place: Made, started: Started) -> None:
    _, port, token = opened_app(started, place.root)
    with let_in(port, token) as page:
        clips = page.locator(".row").evaluate_all("rows => rows.map(row => row.dataset.clip)")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        for clip in clips:
            page.wait_for_url(f"**/clip/{clip}")
            page.keyboard.press("j")
        page.get_by_text("That was the last clip.").wait_for()
        for clip in clips[-2::-1]:
            page.keyboard.press("k")
            page.wait_for_url(f"**/clip/{clip}")


@pytest.mark.parametrize(
    ("name", "from_source"), [("a.mp4", True), ("b.avi", False)], ids=["source", "preview"]
)
def test_clips_play(name: str, from_source: bool, place: Made, started: Started) -> None:
    _, port, token = opened_app(started, place.root)
    second = [row for row in place.rows("clips") if name in row["uri"]][1]
    with let_in(port, token) as page:
        page.goto(f"http://127.0.0.1:{port}/clip/{second['clip_id']}")
        page.keyboard.press("p")
        at = page.locator("#player").evaluate(
            """async player => {
                while (!player.currentSrc) await new Promise(done => setTimeout(done, 20));
                await player.play();
                const first = player.currentTime;
                await new Promise(done => player.ontimeupdate = () =>
                    player.currentTime > first + 0.2 && done());
                return [first, player.currentTime, player.currentSrc];
            }"""
        )
        assert ("/source#t=" in at[2]) == from_source
        # The clip is the film's third and fourth second.
        assert at[0] >= (2 if from_source else 0)
        assert at[1] < (4.1 if from_source else 2.1)


@BOTH
def test_hostile_text_neither_runs_nor_breaks_the_layout(
    size: tuple[int, int], tmp_path: Path, started: Started
) -> None:
    place = made(tmp_path / "<b>set", change=hostile_row)
    _, port, token = opened_app(started, place.root)
    with let_in(port, token, size) as page:
        clips = page.locator(".row").evaluate_all("rows => rows.map(row => row.dataset.clip)")
        for path in ("/", *(f"/clip/{clip}" for clip in clips[:6])):
            page.goto(f"http://127.0.0.1:{port}{path}")
            page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            assert "ran" not in page.title().split()
            scripts = "[...document.scripts].map(script => script.getAttribute('src'))"
            assert page.evaluate(scripts) == ["/static/common.js", "/static/app.js"]
            assert page.evaluate("document.documentElement.scrollWidth") == size[0]
            assert page.evaluate(WIDER) == []


@pytest.mark.exhaustive
def test_a_tab_does_not_grow_while_clips_are_looked_at(place: Made, started: Started) -> None:
    _, port, token = opened_app(started, place.root)
    with let_in(port, token) as page:
        held = list(looked_at(page, f"http://127.0.0.1:{port}", 20))
    first, last = held[4:12], held[12:]
    assert max(each.documents for each in last) <= max(each.documents for each in first)
    assert max(each.nodes for each in last) <= 1.2 * max(each.nodes for each in first)
    assert max(each.heap for each in last) <= 1.2 * max(each.heap for each in first)
