"""What Chromium plays, hears and shows of a preview."""

from base64 import b64encode
from typing import Any

from pipelines.preview import Preview


def url_of(preview: Preview) -> str:
    """The media as a page holds them."""
    assert preview.media is not None, preview.why
    return f"data:{preview.media_type};base64,{b64encode(preview.media).decode()}"


_PLAYED = """async (url) => {
    const player = document.createElement('video');
    document.body.replaceChildren(player);
    const failed = new Promise((_, no) => player.onerror = () => no(new Error(player.error.message)));
    const moved = new Promise((yes) => player.ontimeupdate = () => player.currentTime > 0.2 && yes());
    player.src = url;
    await Promise.race([failed, Promise.all([moved, player.play()])]);
    player.pause();
    return [player.currentTime, player.duration, player.videoWidth, player.videoHeight];
}"""

_HEARD = """async (url) => {
    const bytes = await (await fetch(url)).arrayBuffer();
    const sound = await new OfflineAudioContext(1, 1, 32000).decodeAudioData(bytes);
    const samples = sound.getChannelData(0), levels = [];
    for (let n = 0; n + 128 <= samples.length; n += 128) {
        let most = 0;
        for (let k = n; k < n + 128; k++) most = Math.max(most, Math.abs(samples[k]));
        levels.push(most);
    }
    return levels;
}"""

_SEEN = """async ([url, moments]) => {
    const player = document.createElement('video');
    document.body.replaceChildren(player);
    player.src = url;
    await new Promise((yes) => player.onloadeddata = yes);
    const canvas = new OffscreenCanvas(8, 8), drawing = canvas.getContext('2d');
    const lights = [];
    for (const moment of moments) {
        const there = new Promise((yes) => player.onseeked = yes);
        const shown = new Promise((yes) => player.requestVideoFrameCallback(yes));
        player.currentTime = moment;
        await Promise.all([there, shown]);  // on a busy machine the picture comes later
        drawing.drawImage(player, 0, 0, 8, 8);
        lights.push(drawing.getImageData(4, 4, 1, 1).data[1]);
    }
    return lights;
}"""


def played(page: Any, preview: Preview) -> tuple[float, float, int, int]:
    """Where playing came to (seconds), how long the media are (seconds), width and height."""
    at, seconds, width, height = page.evaluate(_PLAYED, url_of(preview))
    return at, seconds, width, height


def heard(page: Any, preview: Preview) -> list[float]:
    """How loud each 4 ms are as the browser decodes them."""
    levels: list[float] = page.evaluate(_HEARD, url_of(preview))
    return levels


def seen(page: Any, preview: Preview, moments: list[float]) -> list[int]:
    """How light the middle of the picture is at these seconds, from 0 to 255."""
    lights: list[int] = page.evaluate(_SEEN, [url_of(preview), moments])
    return lights
