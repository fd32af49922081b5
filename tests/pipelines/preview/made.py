"""Media with a beep of 1 kHz and a white flash at known moments, and rows of their clips."""

from pathlib import Path
from typing import Any

from engine.media.examine import examine_one
from engine.media.ffmpeg import run
from engine.profile.profile import Cutting
from manifests.sources.examined import clip_rows

BEEP_HZ, BEEP_S = 1000, 0.2
MOMENTS = (1.0, 5.0, 25.0)
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac")


def rows(path: Path, max_seconds: float = 30) -> list[dict[str, Any]]:
    """The clips of a file, as the clips table has them."""
    return list(clip_rows(examine_one(bytes(path), Cutting(max_seconds=max_seconds))))


def during(*moments: float, before: float = 0.0, after: float = BEEP_S) -> str:
    """ffmpeg's expression for being in one of the events, or near their beginnings."""
    spans = (f"between(t,{at - before:.4f},{at + after - 1e-4:.4f})" for at in moments)
    return "+".join(spans)


def flashes(*moments: float, seconds: float, fps: int = 60) -> list[str]:
    """ffmpeg's options of an input that is black, and white while it flashes."""
    graph = f"color=black:s=96x64:r={fps}:d={seconds},negate=enable='{during(*moments)}'"
    return ["-f", "lavfi", "-i", graph]


def beeps(*moments: float, seconds: float, rate: int = 48_000) -> list[str]:
    """ffmpeg's options of an input that is silent, and beeps."""
    wave = f"0.4*sin(2*PI*{BEEP_HZ}*t)*({during(*moments)})"
    return ["-f", "lavfi", "-i", f"aevalsrc='{wave}':s={rate}:d={seconds}"]


def variable_rate(out: Path) -> Path:
    """Half of the pictures of 60 a second are left out, at random; those that begin a flash are not."""
    kept = f"gt(random(1),0.5)+{during(*MOMENTS, before=0.02, after=0.03)}"
    inputs = [*flashes(*MOMENTS, seconds=28), *beeps(*MOMENTS, seconds=28)]
    run([*inputs, "-vf", f"select='{kept}'", "-fps_mode", "vfr", *X264, f"file:{out}"])
    return out


def cut_by_edit_list(out: Path) -> Path:
    """Cut 1.5 s in, without coding anew: what comes before is in the file and hidden."""
    whole = out.with_name("whole.mp4")
    moments = [moment + 1.5 for moment in MOMENTS]
    inputs = [*flashes(*moments, seconds=29, fps=25), *beeps(*moments, seconds=29)]
    run([*inputs, *X264, "-bf", "2", "-g", "250", f"file:{whole}"])
    run(["-ss", "1.5", "-i", f"file:{whole}", "-c", "copy", f"file:{out}"])
    return out


def late_sound(out: Path) -> Path:
    """The sound begins 0.7 s after the picture."""
    later = ["-itsoffset", "0.7", *beeps(*(moment - 0.7 for moment in MOMENTS), seconds=27)]
    run([*flashes(*MOMENTS, seconds=28, fps=30), *later, *X264, f"file:{out}"])
    return out


def long_vbr_mp3(out: Path) -> Path:
    """25 min of MP3 whose rate varies: stretches of noise and of silence, then beeps after 24:00."""
    # A place in bytes that is guessed from the mean rate is minutes away.
    noise = "anoisesrc=a=0.2:r=16000:d=1440:seed=1,volume=0:enable='mod(floor(t/50),3)'"
    joint = ["-filter_complex", "[0][1]concat=n=2:v=0:a=1"]
    inputs = ["-f", "lavfi", "-i", noise, *beeps(*MOMENTS, seconds=60, rate=16_000)]
    lame = ["-c:a", "libmp3lame", "-q:a", "5", "-compression_level", "9"]
    run([*inputs, *joint, *lame, f"file:{out}"])
    return out
