"""Names of classes and templates."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from captioners.encoder.encoder import TEXT_OF
from pipelines.evaluate.classes import classes_of, classifications, templates_of
from pipelines.evaluate.embedding import Clips
from pipelines.evaluate.items import Item, SetError
from tests.pipelines.evaluate.fake import WORDS, FakeEncoder

ITEMS = [Item("a", labels=("dog_bark",)), Item("b", labels=("Rain",)), Item("c", labels=("rain ",))]


def test_classes_are_the_set_s_labels_each_once_as_words() -> None:
    assert classes_of(ITEMS, None) == ["dog bark", "rain"]


def test_classes_of_a_file_need_a_set_with_labels(tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("rain\n")
    with pytest.raises(SetError, match="no labels"):
        classes_of([replace(item, labels=()) for item in ITEMS], tmp_path / "classes.txt")


def test_classes_of_a_file_may_be_more(tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("rain\n\ncat\nDog bark\nrain\n")
    assert classes_of(ITEMS, tmp_path / "classes.txt") == ["rain", "cat", "Dog bark"]


def test_a_label_that_is_no_class_is_told(tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("rain\n")
    with pytest.raises(SetError, match='the class "dog bark" is missing'):
        classes_of(ITEMS, tmp_path / "classes.txt")


@pytest.mark.parametrize("medium", list(TEXT_OF))
def test_our_templates_have_a_place(medium: str) -> None:
    templates = templates_of(medium, None)  # type: ignore[arg-type]
    assert templates and all(template.count("{}") == 1 for template in templates)


@pytest.mark.parametrize("text", ["", "a sound\n", "{} and {}\n", "a {label}\n"])
def test_templates_without_a_place_are_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "templates.txt").write_text(text)
    with pytest.raises(SetError, match=r"has \{\} once"):
        templates_of("audio", tmp_path / "templates.txt")


def test_braces_of_a_class_or_template_are_text(tmp_path: Path) -> None:
    (tmp_path / "templates.txt").write_text("{0!r} {} {x.y}\n")
    encoder = FakeEncoder()
    clips = Clips(items={"audio": [0], "video": [], "audio_video": []})
    clips.vectors = dict.fromkeys(TEXT_OF, np.zeros((1, len(WORDS)), np.float32))
    items = [Item("a", labels=("{low}",))]
    classifications(items, clips, encoder, ["{low}"], tmp_path / "templates.txt")
    assert encoder.read == ["{0!r} {low} {x.y}"]


def test_equal_scores_are_chance() -> None:
    items = [Item(str(n), labels=(word,)) for n, word in enumerate(WORDS)]
    clips = Clips(items={"audio": list(range(6)), "video": [], "audio_video": []})
    clips.vectors = dict.fromkeys(TEXT_OF, np.zeros((6, len(WORDS)), np.float32))
    (measured,) = classifications(items, clips, FakeEncoder(), classes_of(items, None), None)
    assert measured.accuracies == pytest.approx({1: 1 / 6, 5: 5 / 6})
