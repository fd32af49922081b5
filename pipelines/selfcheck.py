"""`captionmill selfcheck`: each model of a profile on a clip whose content is known.

For the first run with weights that the authors could not run: it reports for each model whether it is
here, loads, and says what it should (`selfcheck.toml`), and whether the authors ever saw it pass. Models
are loaded one after another, so that a GPU that holds the largest of them is enough.
"""

import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from captioners.contract import Captioner, ModelServer
from captioners.weights.models import Models
from captioners.weights.packs import PackMissing
from engine.media.decode import DecodePlan, decode
from engine.media.probe import probe
from engine.profile.keys import require_keys
from engine.profile.profile import CaptionerSpec
from engine.servers.client import Client
from engine.servers.local import serve
from manifests.evidence import Claim, Confidence, Evidence, WeakCaption
from manifests.media import Media
from pipelines.caption.guarding import Guarding, by_words
from pipelines.caption.stage import CaptionStage
from pipelines.caption.writer import Writer
from pipelines.samples import PACKS, build
from prompts.selection import select

Outcome = Literal["ok", "FAILED", "not here", "no expectation"]

_SPEECH = "speech"
_WRITER = "writer"


class _Check(BaseModel):
    """An entry of selfcheck.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    of: str
    clip: str
    any: tuple[str, ...] = ()
    right: str = ""
    wrong: str = ""
    ran: str


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome for one model. said: its words, or why it failed. ran: day on which the authors saw it
    pass, "" if they never did. seconds: loading and answering."""

    name: str
    models: tuple[str, ...]
    outcome: Outcome
    said: str
    ran: str
    seconds: float


def selfcheck(
    stage: CaptionStage, report: Callable[[Checked], None] = lambda checked: None
) -> list[Checked]:
    """Checks every captioner of a profile and its writer, and reports each when it is done. Raises
    ProfileError for a key that is not set."""
    require_keys(stage.profile.servers)
    checked = []
    models = Models()
    for pack in PACKS:
        models.fetch(pack)
    with tempfile.TemporaryDirectory(prefix="captionmill-selfcheck-") as folder:
        clips = {path.name: path for path in build(Path(folder), models)}
        for check in _each(stage, models, clips, Path(folder)):
            checked.append(check)
            report(check)
    return checked


def _each(
    stage: CaptionStage, models: Models, clips: dict[str, Path], folder: Path
) -> Iterator[Checked]:
    checks = {check.of: check for check in expectations()}
    for spec in stage.profile.captioners:
        yield _timed(
            spec.name,
            stage.models(spec),
            checks.get(spec.use),
            partial(_captioned, stage, spec, models, clips, folder),
        )
    writer = stage.writer.model
    model = stage.profile.server(writer).model
    yield _timed(
        f"writer {writer}",
        (model,) if model else (),
        checks[_WRITER],
        lambda check: _written(stage, models, folder),
    )


def _timed(
    name: str,
    models: tuple[str, ...],
    check: _Check | None,
    ask: Callable[[_Check | None], str],
) -> Checked:
    began, ran = time.perf_counter(), check.ran if check is not None else ""
    outcome: Outcome = "ok" if check is not None else "no expectation"
    try:
        said = ask(check)
        if check is not None and check.any and not any(w in said.lower() for w in check.any):
            outcome = "FAILED"
            said = f"said {said!r}; expected one of {', '.join(check.any)}"
    except PackMissing as error:
        outcome, said = "not here", str(error)
    except Exception as error:  # whatever a model does wrong is what to report
        outcome, said = "FAILED", f"{type(error).__name__}: {error}"
    return Checked(name, models, outcome, said, ran, round(time.perf_counter() - began, 1))


def expectations() -> list[_Check]:
    """The entries of selfcheck.toml."""
    table = tomllib.loads((files("pipelines") / "selfcheck.toml").read_text("utf-8"))
    return [_Check(**entry) for entry in table["check"]]


def _captioned(
    stage: CaptionStage,
    spec: CaptionerSpec,
    models: Models,
    clips: dict[str, Path],
    folder: Path,
    check: _Check | None,
) -> str:
    """What a captioner says of the clip. Raises AssertionError for a scorer that is wrong."""
    captioner = stage.classes[spec.name](spec.name, models, spec.options)
    media = _media(stage, spec, check, clips)
    with _serving(stage, spec.server, models, folder) as server:
        captioner.server = server
        captioner.load()
        if check is not None and check.right:
            return _scored(captioner, media, check)
        (weak,) = captioner.caption([media])
    parts = [weak.text, weak.transcript or "", *(c.label for c in weak.claims)]
    return "; ".join(part for part in parts if part) or "nothing"


def _scored(captioner: Captioner, media: Media, check: _Check) -> str:
    said = {
        name: WeakCaption(
            media.clip_id,
            media.content_hash,
            name,
            text=text,
            claims=(Claim(text, text, "caption", captioner.modality, 1.0),),
        )
        for name, text in (("right", check.right), ("wrong", check.wrong))
    }
    (weak,) = captioner.caption([replace(media, said=said)])
    best = {n: max(c.score for c in weak.claims if c.label.startswith(f"{n}/")) for n in said}
    scores = f'{best["right"]:.3f} for "{check.right}", {best["wrong"]:.3f} for "{check.wrong}"'
    if best["right"] <= best["wrong"]:
        raise ValueError(f"it scores {scores}")
    return scores


def _media(
    stage: CaptionStage, spec: CaptionerSpec, check: _Check | None, clips: dict[str, Path]
) -> Media:
    needs = stage.classes[spec.name].needs_of(spec.options)
    name = check.clip if check is not None else "street with a dog.mp4"
    with as_file(files("pipelines") / "data" / "speech_en.flac") as speech:
        path = bytes(speech if name == _SPEECH else clips[name])
        probed = probe(path)
        plan = DecodePlan((needs.audio_hz,) if needs.audio_hz else (), needs.frames, needs.frame_px)
        audio, video = (
            probed.has_audio and bool(needs.audio_hz),
            probed.has_video and needs.frames > 0,
        )
        return decode(path, "c" * 32, "h" * 64, 0, probed.duration_ms, plan, audio, video).media


def _written(stage: CaptionStage, models: Models, folder: Path) -> str:
    """What the writer makes of a barking dog: its own words, whatever the guards would say."""
    sure = Confidence(1.0, "high")
    claim = Claim("Dog", "a dog barks", "sound", "audio", 1.0, (), sure)
    weak = WeakCaption("c" * 32, "h" * 64, "ears", "A dog barks.", (claim,))
    evidence = Evidence("c" * 32, True, False, 5000, (weak,))
    spec = stage.writer
    with _serving(stage, spec.model, models, folder) as server:
        assert server is not None
        writer = Writer(spec, Client(list), Guarding(by_words(spec)))
        request = writer.request(spec.ladder[0], evidence.clip_id, select(evidence))
        (reply,) = server.post("/chat/completions", [request])
    return str(reply["choices"][0]["message"]["content"])


@contextmanager
def _serving(
    stage: CaptionStage, name: str | None, models: Models, folder: Path
) -> Iterator[ModelServer | None]:
    """A server of the profile, None without a name."""
    if name is None:
        yield None
        return
    with serve(stage.profile.server(name), models, folder / "logs") as server:
        yield server


def line(checked: Checked) -> str:
    """One model for people."""
    seen = f"last passed on {checked.ran}" if checked.ran else "never run by the authors"
    models = ", ".join(checked.models) or "no weights"
    text = " ".join(checked.said.split())
    return (
        f"{checked.outcome:<14} {checked.name:<24} {checked.seconds:>6.1f} s  {models} ({seen})\n"
        f"{'':<15}{text[:300]}"
    )


def to_json(outcomes: list[Checked]) -> list[dict[str, Any]]:
    """For `--json`."""
    return [asdict(checked) for checked in outcomes]
