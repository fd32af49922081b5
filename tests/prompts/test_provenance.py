"""Provenance: which facts a caption claims, and what of it nobody said."""

import pytest

from manifests.captions import CAPTIONS, CaptionName
from prompts.fallback import template
from prompts.provenance import claims
from prompts.selection import select
from recipes.evidences import evidences
from tests.prompts.clips import claim, evidence, facts, seen

STREET = facts(["a dog barks", "a person speaks"], ["two cars", "a bench"], "come here, Rex")


def told(name: CaptionName, caption: str) -> list[tuple[str, bool]]:
    return [(claim.text, claim.supported) for claim in claims(name, caption, STREET)]


@pytest.mark.parametrize(
    ("name", "caption", "found"),
    [
        (
            "audio_caption",
            "A dog is barking while someone talks.",
            ["a dog barks", "a person speaks"],
        ),
        ("audio_caption", "A dog barks.", ["a dog barks"]),
        ("visual_caption", "A bench stands there.", ["a bench"]),
        (
            "audio_visual_caption",
            "A dog barks, with two cars in view.",
            ["a dog barks", "two cars"],
        ),
        ("audio_caption", "A dog.", ["a dog barks"]),
        ("audio_caption", "", []),
    ],
)
def test_a_caption_claims_the_facts_that_it_tells(
    name: CaptionName, caption: str, found: list[str]
) -> None:
    assert [text for text, supported in told(name, caption) if supported] == found


@pytest.mark.parametrize(
    ("name", "caption", "wrong"),
    [
        ("audio_caption", "A dog barks loudly.", "loudly"),
        ("visual_caption", "Two red cars and a bench.", "red"),
        ("audio_caption", "A dog barks and thunder rumbles.", "thunder rumbles"),
        ("visual_caption", "Two cars and a hot dog.", "hot dog"),
        ("audio_caption", "A dog barks near two cars.", "near two cars"),
    ],
)
def test_what_nobody_said_is_a_claim_without_support(
    name: CaptionName, caption: str, wrong: str
) -> None:
    (one,) = [claim for claim in claims(name, caption, STREET) if not claim.supported]
    assert (one.text, one.caption, one.captioners, one.confidence) == (wrong, name, (), None)


def test_a_quotation_is_supported_by_who_heard_it_said() -> None:
    caption = 'A person says "come here", and "go away".'
    assert ("«come here»", True) in told("audio_caption", caption)
    assert ("«go away»", False) in told("audio_caption", caption)


def test_a_claim_tells_who_says_so_how_sure_and_when() -> None:
    barks = claim("a dog barks", "medium", label="Dog")
    again = claim("a dog barks", "high", label="Dog")
    of = evidence([barks], [again], [seen("two cars")])
    (one,) = claims("audio_caption", "A dog barks.", select(of))
    assert one.captioners == ("captioner0", "captioner1")
    assert one.confidence is not None
    assert (one.confidence.tier, one.confidence.probability) == ("high", 0.9)


def test_every_caption_of_the_template_is_supported_and_claims_all_that_is_promised() -> None:
    traced = 0
    for clip in evidences("dev", 200):
        of = select(clip)
        drawn = template(of)
        for name in CAPTIONS:
            if drawn[name]:
                made = claims(name, drawn[name] or "", of)
                assert all(one.supported for one in made), (drawn[name], made)
                mine = {"audio_caption": of.heard, "visual_caption": of.seen}
                must = {fact.text for fact in mine.get(name, of.heard + of.seen) if fact.must}
                assert must <= {one.text for one in made}
                traced += len(must)
    assert traced > 200
