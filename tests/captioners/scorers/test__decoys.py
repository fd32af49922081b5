"""Decoys: what claims are ranked among."""

import re

import pytest

from captioners.scorers import _decoys
from captioners.scorers._decoys import decoys, decoys_digest, rank
from captioners.scorers.clap import ClapScores, ClapTags
from captioners.scorers.pe_av import PeAudioScores, PeAudioVideoScores, PeVideoScores
from captioners.scorers.siglip import SiglipScores, SiglipTags
from manifests.evidence import Modality
from prompts.words import tokens

_SCORERS = (ClapScores, SiglipScores, PeAudioScores, PeVideoScores, PeAudioVideoScores)
_MODALITIES: tuple[Modality, ...] = ("audio", "video")
_OFTEN = ("speak", "talk", "music", "sing", "dog", "cat", "car", "rain", "man", "woman", "child")


@pytest.mark.parametrize("modality", _MODALITIES)
def test_there_are_over_two_hundred_sentences_each_said_once(modality: Modality) -> None:
    every = decoys(modality)
    assert len({tuple(sorted(tokens(text))) for text in every}) == len(every) >= 200
    assert all(re.fullmatch(r"[A-Z][A-Za-z ,:'-]+\.", text) for text in every)
    assert all(3 <= len(text.split()) <= 12 for text in every)


@pytest.mark.parametrize("modality", _MODALITIES)
@pytest.mark.parametrize("thing", _OFTEN)
def test_no_clip_is_of_many_of_them(modality: Modality, thing: str) -> None:
    """A claim of what clips often hold is not pushed under the cut by decoys of the same thing."""
    about = [text for text in decoys(modality) if thing in tokens(text)]
    assert len(about) <= 0.1 * len(decoys(modality))


def test_a_rank_is_the_share_that_fits_worse() -> None:
    of_decoys = [0.1, 0.2, 0.2, 0.3]
    assert [rank(score, of_decoys) for score in (0.0, 0.2, 0.25, 0.4)] == [0.0, 0.25, 0.75, 1.0]


@pytest.mark.parametrize("scorer", _SCORERS)
def test_other_decoys_make_another_scorer(
    scorer: type[ClapScores], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = scorer.state_of({})
    assert before == decoys_digest() and scorer.version == 2
    table = {"audio": ["A dog barks."], "video": ["A dog."]}
    monkeypatch.setattr(_decoys, "_table", lambda: table)
    assert scorer.state_of({}) == decoys_digest() != before


def test_who_only_names_things_needs_no_decoys() -> None:
    assert ClapTags.state_of({}) == SiglipTags.state_of({}) == ""
