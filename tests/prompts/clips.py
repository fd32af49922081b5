"""Evidence made by hand, one line a claim."""

from typing import Any

from manifests.evidence import Claim, Confidence, Evidence, Kind, Modality, Tier, WeakCaption
from prompts.listing import WeakClaim
from prompts.selection import Fact, Facts, select

_P: dict[Tier, float] = {"low": 0.3, "medium": 0.6, "high": 0.9}


def claim(
    text: str,
    tier: Tier | None = "high",
    kind: Kind = "sound",
    modality: Modality = "audio",
    label: str = "",
    p: float | None = None,
) -> Claim:
    sure = None if tier is None else Confidence(_P[tier] if p is None else p, tier)
    return Claim(label, text, kind, modality, 0.5, (), sure)


def seen(text: str, tier: Tier = "high", kind: Kind = "object", label: str = "") -> Claim:
    return claim(text, tier, kind, "video", label)


def evidence(*captioners: list[Claim], transcript: str | None = None, **sides: Any) -> Evidence:
    """One captioner for each list of claims; both streams unless told otherwise."""
    weak = [
        WeakCaption("c" * 32, "d" * 64, f"captioner{at}", "", tuple(claims))
        for at, claims in enumerate(captioners)
    ]
    if transcript is not None:
        weak.append(WeakCaption("c" * 32, "d" * 64, "words", transcript=transcript, language="en"))
    return Evidence(
        "c" * 32, sides.get("has_audio", True), sides.get("has_video", True), 5000, tuple(weak)
    )


def facts(heard: list[str], sights: list[str], transcript: str | None = None) -> Facts:
    """Facts that must be said, each claimed by one captioner; a clause with "speaks" is speech."""
    return Facts(
        True,
        True,
        tuple(_fact(text, "audio") for text in heard),
        tuple(_fact(text, "video") for text in sights),
        transcript,
        claims=(
            *(WeakClaim("x", "audio", text, "high", False) for text in heard),
            *(WeakClaim("y", "video", text, "high", False) for text in sights),
        ),
    )


def _fact(text: str, modality: Modality) -> Fact:
    kind: Kind = "speech" if "speaks" in text else "music" if "music" in text else "sound"
    sure = Confidence(_P["high"], "high")
    return Fact(text, "", "object" if modality == "video" else kind, modality, sure, True, ("x",))


def texts(facts: tuple[Fact, ...]) -> list[str]:
    return [fact.text for fact in facts]


def heard(*captioners: list[Claim]) -> list[str]:
    return texts(select(evidence(*captioners)).heard)
