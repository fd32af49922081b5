"""The example of `docs/captioners.md`, as a user would follow it."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import here, run

pytestmark = pytest.mark.run

_BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)

_MEASURES = """
[[captioners]]
name = "video-measures"
use = "captioners.measures:VideoMeasures"
"""


def test_the_example_of_the_docs_works(
    clips: Path, tmp_path: Path, profile: Callable[..., Path]
) -> None:
    page = Path("docs/captioners.md").read_text()
    blocks = dict(reversed(_BLOCK.findall(page)))  # the first of each language
    (tmp_path / "mycaptioners.py").write_text(blocks["python"])
    mine = profile()
    mine.write_text(mine.read_text() + _MEASURES + blocks["toml"])

    clip = sorted(clips.iterdir())[0]
    done = run("caption", clip, tmp_path / "out", "--profile", mine, PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(here("show", tmp_path / "out", "--json").stdout)
    said = {weak["captioner"]: weak for weak in row["evidence"]}
    (claim,) = said["daylight"]["claims"]
    assert (claim["text"], claim["confidence"]["tier"]) == ("daylight", "low")
    assert 0.4 < claim["score"] < 0.6


_CONETTE = os.environ.get("CAPTIONMILL_CONETTE_PYTHON")

# A model of the same architecture with random weights, and stand-ins for the word lists that a user
# downloads, in a home of its own.
_TINY_CONETTE = """
import sys
from pathlib import Path
home, folder = Path.home(), sys.argv[1]
for place in (".cache/audioset_mapping", "nltk_data/corpora/stopwords"):
    (home / place).mkdir(parents=True)
rows = [f"{n},/m/{n},Class {n}" for n in range(527)]
names = home / ".cache/audioset_mapping/class_labels_indices.csv"
names.write_text("\\n".join(["index,mid,display_name", *rows]))
(home / "nltk_data/corpora/stopwords/english").write_text("a\\nthe\\nis\\n")
import spacy
spacy.blank("en").to_disk(folder + "-words")
import torch
torch.manual_seed(0)
from conette import CoNeTTEConfig, CoNeTTEModel
from conette.tokenization.aac_tokenizer import AACTokenizer
words = AACTokenizer(backend="spacy", model_name=folder + "-words")
words.fit(["a dog barks", "rain falls on the street", "a man is speaking", "music plays"])
shape = {"num_decoder_layers": 1, "d_model": 64, "dim_feedforward": 64, "nhead": 2}
config = CoNeTTEConfig(tokenizer_state=words.get_txt_state(), **shape)
CoNeTTEModel(config, device="cpu", offline=True).save_pretrained(folder)
"""


@pytest.mark.skipif(
    _CONETTE is None,
    reason="CAPTIONMILL_CONETTE_PYTHON names no interpreter of CoNeTTE's environment (6 GB)",
)
def test_conette_runs_in_its_own_environment(
    clips: Path, tmp_path: Path, profile: Callable[..., Path]
) -> None:
    assert _CONETTE is not None
    page = Path("docs/captioners.md").read_text()
    blocks = dict(_BLOCK.findall(page))  # the last of each language
    (tmp_path / "conettecaptioner.py").write_text(blocks["python"])
    (tmp_path / "home").mkdir()
    home = {"HOME": str(tmp_path / "home")}
    made = [_CONETTE, "-c", _TINY_CONETTE, str(tmp_path / "tiny")]
    subprocess.run(made, check=True, env=os.environ | home)
    options = f'options = {{ folder = "{tmp_path / "tiny"}" }}\nnum_cpus = 0.1\n'
    mine = profile()
    table = blocks["toml"].replace("conette/bin/python", _CONETTE)
    mine.write_text(mine.read_text() + table + options)

    clip = sorted(clips.iterdir())[0]
    path = os.pathsep.join([str(tmp_path), str(Path.cwd())])
    done = run("caption", clip, tmp_path / "out", "-p", mine, PYTHONPATH=path, **home)
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(here("show", tmp_path / "out", "--json").stdout)
    said = {weak["captioner"]: weak for weak in row["evidence"]}["conette"]
    assert set(said["text"].split()) & {"dog", "rain", "man", "music", "street", "is", "a"}
    assert 0 < said["claims"][0]["score"] <= 1
