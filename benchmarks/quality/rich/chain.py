"""The whole chain on rich evidence, from the captioners' requests to the rows, with scripted servers.

    python -m benchmarks.quality.rich.chain OUT [--every N]

Makes a clip for each hand-written case and captions them with `captionmill caption` and the profile
`gpu`: with a judge who knows the truth, then without one. Scripted servers and stand-ins (`scripted`)
take the place of all captioners and writers that need weights. Prints as Markdown what came out. OUT must
be new: media, profiles, workspace and logs stay in it.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.quality.rich.scripted import marks, profile, report
from benchmarks.quality.rich.scripted.clips import CHATS, Clip, clips
from benchmarks.quality.rich.scripted.rows import Rows, read
from benchmarks.quality.rich.scripted.scripts import Chat, Writer
from tests.engine.fake_openai import FakeOpenAI

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True)
class Servers:
    """Scripted servers that listen. urls: by name."""

    chat: Chat
    writer: Writer
    urls: dict[str, str]


@contextmanager
def serving(chosen: Sequence[Clip]) -> Iterator[Servers]:
    """A server for each chat captioner, and one for the writer. At its end it raises what a script
    raised."""
    chat, writer = Chat(), Writer(chosen)
    with ExitStack() as stack:
        urls = {name: stack.enter_context(FakeOpenAI(chat)).url for name in CHATS}
        urls[profile.WRITER] = stack.enter_context(FakeOpenAI(writer)).url
        yield Servers(chat, writer, urls)


def film(folder: Path, chosen: Sequence[Clip]) -> None:
    """The media of clips, each in a file of its name."""
    folder.mkdir(parents=True)
    for clip in chosen:
        path = folder / f"{clip.name}.mp4"
        marks.write(path, clip.mark, clip.has_audio, clip.has_video)


def caption(media: Path, out: Path, settings: Path, log: Path) -> None:
    """Runs captionmill. Raises CalledProcessError; the log says why."""
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "captionmill",
        "caption",
        media,
        out,
        "--profile",
        settings,
    ]
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    with log.open("w") as file:
        environment = os.environ | {"PYTHONPATH": path}
        subprocess.run(command, cwd=ROOT, env=environment, stdout=file, stderr=file, check=True)


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.rich.chain")
    parser.add_argument("out", type=Path, help="a new folder")
    parser.add_argument("--every", type=int, default=1, help="take every Nth case")
    told = parser.parse_args()
    chosen = clips()[:: told.every]
    film(told.out / "media", chosen)
    for name, judge in (("judged", True), ("unjudged", False)):
        settings, log = told.out / f"{name}.toml", told.out / f"{name}.log"
        with serving(chosen) as servers:
            profile.write(settings, servers.urls, judge)
            caption(told.out / "media", told.out / "work", settings, log)
        rows = Rows(read(told.out / "work"), servers.writer.misled)
        heading = "With a judge who knows the truth" if judge else "Without a judge"
        print(report.report(heading, rows, servers.chat, servers.writer, chosen))
        print(f"\n### What the run said\n\n```\n{log.read_text()}```\n", flush=True)


if __name__ == "__main__":
    main()
