"""The whole chain on rich evidence, from the captioners' requests to the rows, with scripted servers.

    python -m benchmarks.quality.rich.chain OUT [--clips N]

Makes a clip for each hand-written case and captions them with `captionmill caption` and the profile
`gpu`, in which scripted servers and stand-ins (`scripted`) take the place of all that needs weights. Prints
as Markdown what came out. OUT must be new: media, profile, workspace and the log of the run stay in it.
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


def captioned(out: Path, settings: Path, log: Path) -> None:
    """Runs captionmill on the media beside a profile. Raises CalledProcessError."""
    media = settings.with_name("media")
    command = [sys.executable, "-m", "captionmill", "caption", media, out, "--profile", settings]
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    with log.open("w") as file:
        environment = os.environ | {"PYTHONPATH": path}
        subprocess.run(command, cwd=ROOT, env=environment, stdout=file, stderr=file, check=True)


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.rich.chain")
    parser.add_argument("out", type=Path, help="a new folder")
    parser.add_argument("--clips", type=int, default=len(clips()), help="so many of the cases")
    told = parser.parse_args()
    chosen = clips()[: told.clips]
    film(told.out / "media", chosen)
    with serving(chosen) as servers:
        profile.write(told.out / "profile.toml", servers.urls)
        captioned(told.out / "work", told.out / "profile.toml", told.out / "run.log")
    rows = Rows(read(told.out / "work"), servers.writer.misled)
    print(report.report(rows, servers.chat, servers.writer, chosen))
    print((told.out / "run.log").read_text())


if __name__ == "__main__":
    main()
