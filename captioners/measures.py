"""What needs no model: facts measured in samples and pixels, as claims of kind "signal".

A claim's score is the measure itself in the unit stated below; its text is empty unless the fact can
stand in a caption ("there is silence"). The engine's gates and filters read these labels by name.

| class | label | score |
|---|---|---|
| AudioMeasures | silence | share of the time, 0..1 (`captioners.silence`) |
| AudioMeasures | loudness | LUFS, -70 for less |
| AudioMeasures | clipping | share of the samples, 0..1 |
| VideoMeasures | black | share of the frames, 0..1 |
| VideoMeasures | still | share of neighbouring frames that show the same, 0..1 |
| VideoMeasures | cuts | neighbouring frames that a cut parts, a count |
| VideoMeasures | motion | mean change of luma where there is no cut, 0..1 |
| VideoMeasures | brightness | mean luma, 0..1 |

Frames are sampled, not all there are: between two samples a cut back and forth goes unseen.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from captioners.contract import Captioner
from captioners.sentences import sentence
from captioners.silence import HZ, WINDOW_MS, silent_windows
from captioners.video._vision import chosen, spans
from manifests.evidence import Claim, Modality, WeakCaption
from manifests.media import Audio, Frames, Media, Needs

_SHORTEST_SILENCE_MS = 500
_CLIPPED = 0.999
# From this share on a measure of the whole clip is said of the clip.
_WHOLE = 0.98

# Longest side of what is measured: pixels are skipped, not averaged.
_SIDE = 160
# ffmpeg's blackdetect: pixel_black_th 0.10, picture_black_ratio_th 0.98.
_BLACK_LUMA, _BLACK_SHARE = 0.10 * 255, 0.98
# Two frames show the same when fewer than 1 in 500 pixels change by more than 12 of 255: above what
# codecs do to a fixed picture, below a person walking far away. Our choice.
_CHANGED_LUMA, _CHANGED_SHARE = 12.0, 0.002
# A cut: three in ten pixels change place in a histogram of 4 x 4 x 4 colours. Our choice: cuts of a
# street film have 0.32 to 0.61, neighbouring frames of one shot 0.01 to 0.2.
_CUT = 0.3
_REC601 = np.array([0.299, 0.587, 0.114], dtype=np.float32)

_Floats = npt.NDArray[np.float64]


class AudioMeasures(Captioner):
    """Silence (with spans of half a second and more), loudness and clipping of the mono sound.

    loudness is the gated loudness of ITU-R BS.1770-4 for one channel, worked at 16 kHz: what lies
    above 8 kHz is not in it. A sine of 997 Hz at full scale has -3.0 LUFS.
    """

    modality = "audio"
    version = 3
    needs = Needs(audio_hz=HZ)

    def load(self) -> None:
        """Nothing to load."""

    def caption(self, batch: Sequence[Media]) -> list[WeakCaption]:
        """The measures of each clip."""
        return [self._weak(media) for media in batch]

    def _weak(self, media: Media) -> WeakCaption:
        samples = np.nan_to_num(media.audio[HZ])
        silent = silent_windows(samples)
        share = float(silent.mean()) if len(silent) else 1.0
        claims = (
            _signal(
                "audio",
                "silence",
                share,
                "there is silence" if share >= _WHOLE else "",
                _stretches(silent, media.duration_ms),
            ),
            _signal("audio", "loudness", loudness(samples)),
            _signal("audio", "clipping", float(np.mean(np.abs(samples) >= _CLIPPED)))
            if len(samples)
            else _signal("audio", "clipping", 0.0),
        )
        return self.weak(media, text=_sentence(claims, "audio"), claims=claims)


class VideoMeasures(Captioner):
    """Black, still, cuts, motion and brightness over 16 evenly spaced frames.

    Of a single frame (a picture, not a film) still is 1, cuts and motion are 0.
    """

    modality = "video"
    version = 2
    needs = Needs(frames=16, frame_px=_SIDE)

    def load(self) -> None:
        """Nothing to load."""

    def caption(self, batch: Sequence[Media]) -> list[WeakCaption]:
        """The measures of each clip."""
        return [self._weak(media) for media in batch]

    def _weak(self, media: Media) -> WeakCaption:
        frames, times = chosen(media, self.needs.frames)
        step = -(-max(frames.shape[1:3]) // _SIDE)
        small = frames[:, ::step, ::step]
        luma = small @ _REC601
        black = (luma < _BLACK_LUMA).mean(axis=(1, 2)) >= _BLACK_SHARE
        change = np.abs(np.diff(luma, axis=0))
        still = (change > _CHANGED_LUMA).mean(axis=(1, 2)) < _CHANGED_SHARE
        cut = ~still & (_histogram_change(small) > _CUT)
        moving = change[~cut].mean() / 255 if (~cut).any() else 0.0
        black_share = float(black.mean())
        still_share = float(still.mean()) if len(still) else 1.0
        blackness = "a black picture" if black_share >= _WHOLE else ""
        film = len(still) > 0  # of a photo it would tell nothing
        stillness = "a still picture" if film and still_share >= _WHOLE and not blackness else ""
        at = tuple((times[i], times[i + 1]) for i in np.nonzero(cut)[0])
        claims = (
            _signal(
                "video",
                "black",
                black_share,
                blackness,
                spans(black.tolist(), times, media.duration_ms),
            ),
            _signal("video", "still", still_share, stillness),
            _signal("video", "cuts", float(cut.sum()), spans_ms=at),
            _signal("video", "motion", float(moving)),
            _signal("video", "brightness", float(luma.mean()) / 255),
        )
        return self.weak(media, text=_sentence(claims, "video"), claims=claims)


def loudness(samples: Audio) -> float:
    """Gated loudness of 16 kHz mono sound in LUFS, at least -70 (ITU-R BS.1770-4, annex 1).

    Blocks of 400 ms overlap by three quarters; the K-weighting is applied to their power spectra.
    Sound shorter than a block is one block.
    """
    block, hop = HZ * 400 // 1000, HZ * 100 // 1000
    if len(samples) == 0:
        return -70.0
    padded = np.pad(samples, (0, max(0, block - len(samples)))).astype(np.float64)
    blocks = np.lib.stride_tricks.sliding_window_view(padded, block)[::hop]
    # Parseval: the mean square of the weighted block, from the one-sided spectrum.
    weights = _k_weights(block)
    weights[1:-1] *= 2
    power = np.array([np.abs(np.fft.rfft(b)) ** 2 @ weights for b in blocks]) / block**2
    level = -0.691 + 10 * np.log10(np.maximum(power, 1e-12))
    gated = power[level > -70]
    if len(gated) == 0:
        return -70.0
    relative = -0.691 + 10 * np.log10(gated.mean()) - 10
    gated = gated[-0.691 + 10 * np.log10(gated) > relative]
    return float(max(-70.0, -0.691 + 10 * np.log10(gated.mean())))


def _k_weights(size: int) -> _Floats:
    """Squared response of the K-weighting at the frequencies of an rfft: its 48 kHz filters."""
    stages = (
        (
            (1.53512485958697, -2.69169618940638, 1.19839281085285),
            (1.0, -1.69065929318241, 0.73248077421585),
        ),
        ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621)),
    )
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(size, 1 / HZ) / 48_000)
    response = np.ones(len(z), dtype=np.complex128)
    for above, below in stages:
        response *= np.polynomial.polynomial.polyval(z, above)
        response /= np.polynomial.polynomial.polyval(z, below)
    squared: _Floats = np.abs(response) ** 2
    return squared


def _stretches(silent: npt.NDArray[np.bool_], duration_ms: int) -> tuple[tuple[int, int], ...]:
    """Spans of silence of half a second and more."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], silent.astype(np.int8), [0]])))
    stretches = ((int(a) * WINDOW_MS, int(b) * WINDOW_MS) for a, b in edges.reshape(-1, 2))
    return tuple(
        (start, min(end, duration_ms))
        for start, end in stretches
        if end - start >= _SHORTEST_SILENCE_MS and start < duration_ms
    )


def _histogram_change(frames: Frames) -> _Floats:
    """Share of the pixels that change colour from frame to frame, (n, h, w, 3) -> (n - 1,)."""
    coarse = (frames >> 6).astype(np.int64) @ np.array([16, 4, 1])
    counts = np.stack([np.bincount(c.ravel(), minlength=64) for c in coarse])
    shares = counts / coarse[0].size
    half: _Floats = np.abs(np.diff(shares, axis=0)).sum(axis=1) / 2
    return half


def _signal(
    modality: Modality,
    label: str,
    score: float,
    text: str = "",
    spans_ms: tuple[tuple[int, int], ...] = (),
) -> Claim:
    return Claim(
        label=label, text=text, kind="signal", modality=modality, score=score, spans=spans_ms
    )


def _sentence(claims: Sequence[Claim], modality: Modality) -> str:
    """The sentence of the facts that can stand in one; empty without any."""
    sayable = [c for c in claims if c.text]
    return sentence(sayable, modality) if sayable else ""
