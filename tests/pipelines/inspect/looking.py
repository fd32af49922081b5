"""Going from clip to clip by keyboard, and what the tab holds meanwhile."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

_PLAYED = """async () => {
    const player = document.querySelector('#player');
    player.muted = true;
    while (!player.currentSrc) await new Promise(done => setTimeout(done, 10));
    await player.play();
    const first = player.currentTime;
    await new Promise(done => player.ontimeupdate = () => player.currentTime > first && done());
}"""


@dataclass(frozen=True, slots=True)
class Held:
    """What a tab holds after a garbage collection. heap: of scripts, in kB."""

    heap: int
    nodes: int
    documents: int
    listeners: int

    def told(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def looked_at(page: "Page", address: str, clips: int) -> Iterator[Held]:
    """Plays so many clips from the first of the list on, each opened by a key; what is held then."""
    tools = page.context.new_cdp_session(page)
    tools.send("Performance.enable")
    for number in range(clips):
        if number == 0 or not page.locator('a[rel="next"]').count():
            page.goto(address)
            page.keyboard.press("j")
            key = "Enter"
        else:
            key = "j"
        with page.expect_navigation(url="**/clip/**"):
            page.keyboard.press(key)
        page.evaluate(_PLAYED)
        yield _held(tools)


def _held(tools: Any) -> Held:
    tools.send("HeapProfiler.collectGarbage")
    metrics = {m["name"]: m["value"] for m in tools.send("Performance.getMetrics")["metrics"]}
    return Held(
        round(metrics["JSHeapUsedSize"] / 1000),
        int(metrics["Nodes"]),
        int(metrics["Documents"]),
        int(metrics["JSEventListeners"]),
    )
