"""A digest of captions is that of their canonical JSON, however it is put together."""

import hashlib
import json
from dataclasses import asdict

import pytest

from manifests.captions import CaptionSet, Variant, caption_digest, texts_digest
from manifests.ids import digest

TEXTS = [
    "A dog barks.",
    'He says "so".\n\t\\',
    "é\u2028\x01\x7f\U0001f989",
    "half \ud83e",
    "",
    None,
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("variants", [(), (Variant("audio_caption", "short", "é\udc80"),) * 2])
def test_a_digest_is_that_of_the_canonical_json(
    text: str | None, variants: tuple[Variant, ...]
) -> None:
    captions = CaptionSet(text, None, text)
    parts = ["c" * 32, asdict(captions), text, "e" * 16, "p" * 16]
    expected = digest([*parts, [asdict(variant) for variant in variants]])
    assert caption_digest("c" * 32, captions, text, "e" * 16, "p" * 16, variants) == expected
    texts = (captions.audio_caption, captions.visual_caption, captions.audio_visual_caption)
    assert texts_digest("c" * 32, *texts, text, "e" * 16, "p" * 16, variants) == expected


def test_a_digest_stays_what_it_was() -> None:
    captions = CaptionSet("a", None, "b")
    value = [
        "c",
        {"audio_caption": "a", "audio_visual_caption": "b", "visual_caption": None},
        None,
        "e",
        "p",
        [],
    ]
    canonical = json.dumps(value, separators=(",", ":"))
    expected = hashlib.sha256(canonical.encode()).hexdigest()[:16]
    assert caption_digest("c", captions, None, "e", "p") == expected
