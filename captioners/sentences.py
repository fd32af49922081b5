"""From tags to sentences: the one place where claims become text.

What is heard comes as clauses («a dog barks», «music plays»), what is seen as noun phrases («a
person», «two cars», «a valley»). Rules:

- Order is the caller's: captioners give the surest first. A text said before is not said again.
- Parts are joined by commas and one «and»; the comma stays where a part holds an «and» itself.
- What is heard: «A dog barks and rain falls.» What is seen: «A person and two cars are seen.»
- Scenes follow the objects: «A person is seen; the scene is a valley.»
- Signals («there is silence», «a black picture») are said only where there is nothing else.
- Claims of kind «caption» are sentences already and come first, as they are.
- No claim: «Nothing distinct is heard.», «Nothing distinct is seen.»

Articles and counts belong to the phrases themselves, so that a sentence says of a claim exactly what
its text says.
"""

from collections.abc import Collection, Sequence

from manifests.evidence import Claim, Kind, Modality

_ALONE = {"audio": "Nothing distinct is heard.", "video": "Nothing distinct is seen."}
# First words of a noun phrase that speaks of one thing.
_ONE = frozenset(("a", "an", "one", "the", "another"))


def sentence(claims: Sequence[Claim], modality: Modality) -> str:
    """What the claims of one modality say together, as one or more whole sentences."""
    claims = [claim for claim in claims if claim.modality == modality]
    telling = [c for c in claims if c.kind != "signal"] or claims
    captions = [finished(text) for text in _texts(telling, {"caption"})]
    scenes = _texts(telling, {"scene"})
    others = _texts(telling, {"sound", "speech", "music", "object", "signal"})
    tags = _heard(others + scenes) if modality == "audio" else _seen(others, scenes)
    return " ".join([*captions, *([tags] if tags else [])]) or _ALONE[modality]


def joined(parts: Sequence[str]) -> str:
    """«a», «a and b», «a, b and c»; with a comma before the «and» where a part holds one."""
    if len(parts) < 2:
        return "".join(parts)
    comma = "," if any(" and " in part for part in parts) else ""
    return f"{', '.join(parts[:-1])}{comma} and {parts[-1]}"


def finished(text: str) -> str:
    """The text with a capital at its start and a stop at its end."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else ".")


def _texts(claims: Sequence[Claim], kinds: Collection[Kind]) -> list[str]:
    """The texts of these kinds, each once, in order."""
    once: dict[str, str] = {}
    for claim in claims:
        if claim.kind in kinds and (text := claim.text.strip()):
            once.setdefault(text.casefold(), text)
    return list(once.values())


def _heard(clauses: Sequence[str]) -> str:
    return finished(joined(clauses))


def _seen(objects: Sequence[str], scenes: Sequence[str]) -> str:
    parts = []
    if objects:
        parts.append(f"{joined(objects)} {'are' if _plural(objects) else 'is'} seen")
    if scenes:
        parts.append(f"the scene is {joined(scenes)}")
    return finished("; ".join(parts))


def _plural(phrases: Sequence[str]) -> bool:
    return len(phrases) > 1 or phrases[0].split()[0].lower() not in _ONE
