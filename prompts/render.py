"""Prompts: versioned files under `templates/`, and the messages they make of a clip's facts.

Fixed text comes first (system text, examples), the clip's own last, so that a server's prefix cache
serves nearly all of it. Confidences enter as words. A transcript, and what captioners say in words of
their own (`prompts.listing`), enter as data between fences that they can't contain.

Fields of a line: `{heard}` and `{seen}` (facts as a sentence), `{heard_list}` and `{seen_list}`,
`{heard_and_seen}`, `{heard_with_confidence}` and `{seen_with_confidence}`, `{heard_by_captioner}` and
`{seen_by_captioner}` (all claims, low ones too, one captioner a line), `{spoken}`, `{sung}`, `{style}`,
and `{length}` (of plain captions).
"""

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from manifests.captions import CaptionName
from manifests.evidence import Confidence, Kind, Modality, Tier
from manifests.ids import digest
from prompts.fallback import both, clauses, phrases, sentence
from prompts.listing import WeakClaim, by_captioner
from prompts.quotes import excerpt
from prompts.selection import SPOKEN_AT_MOST, Fact, Facts

Message = dict[str, str]

_FIELD = re.compile(r"\{(\w+)\}")
_MAY_BE_EMPTY = frozenset({"in_language"})
"""Fields whose line stands without them."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Example(_Part):
    """One request and its reply. heard: clauses, seen: noun phrases; both: the audio-visual caption,
    the others are the lists as sentences unless given. spoken: words that are said, sung: that are sung.
    heard_by and seen_by: instead of lists, all claims by captioner, each with its tier.
    """

    heard: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    heard_by: dict[str, tuple[tuple[Tier, str], ...]] = {}
    seen_by: dict[str, tuple[tuple[Tier, str], ...]] = {}
    heard_caption: str | None = None
    seen_caption: str | None = None
    both: str
    spoken: str | None = None
    sung: str | None = None

    @property
    def facts(self) -> Facts:
        """What was known of its clip. Of claims by captioner those that are not low are facts."""
        heard, seen = _claims(self.heard_by, "audio"), _claims(self.seen_by, "video")
        return Facts(
            has_audio=True,
            has_video=True,
            heard=(*(_fact(text, "audio", "sound") for text in self.heard), *_kept(heard)),
            seen=(*(_fact(text, "video", "object") for text in self.seen), *_kept(seen)),
            transcript=self.spoken,
            lyrics=self.sung,
            claims=(*heard, *seen),
        )


class Template(_Part):
    """One prompt. lines: of the user message, each a label and what it holds; a line whose value is
    empty for a clip is left out; `{in_language}`, as in " (Spanish)", may be empty. repair: what is added
    when a reply is refused, "{faults}" in it.
    keys: what the reply's strings are called. A name that repeats the end of another
    ("audio_visual_caption") makes a small model copy the other's text. styles: how other than plainly
    captions can be asked for, by name, each with what `{style}` then stands for.
    """

    id: str
    version: int
    system: str
    lines: tuple[str, ...]
    keys: dict[CaptionName, str]
    repair: str = ""
    styles: dict[str, str] = {}
    examples: tuple[Example, ...] = ()

    @property
    def fixed(self) -> tuple[str, ...]:
        """The instructions, which no caption may repeat."""
        return (self.system, self.repair)


@lru_cache(maxsize=32)
def load(name: str) -> Template:
    """The template built in under this name, or in this .toml file. Raises OSError, ValueError."""
    place = (
        Path(name) if name.endswith(".toml") else files("prompts") / "templates" / f"{name}.toml"
    )
    return Template(**tomllib.loads(place.read_text(encoding="utf-8")))


def available() -> list[str]:
    """Names of the built-in templates."""
    folder = files("prompts") / "templates"
    return sorted(
        f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")
    )


PLAIN = "plain"
"""The style of a caption of which nothing was asked."""


def render(
    facts: Facts,
    template: Template,
    names: Sequence[CaptionName],
    faults: Sequence[str] = (),
    style: str = PLAIN,
    words: int | None = None,
) -> list[Message]:
    """The messages that ask for these captions. faults: of the reply before, for a repair. style:
    `PLAIN` or one of the template's. words: that each should have at most; None for no such wish.
    A style says itself how long it is. Raises KeyError for a style that the template lacks."""
    asked_style = "" if style == PLAIN else template.styles[style]
    length = _length(words) if words is not None and style == PLAIN else ""
    messages = [{"role": "system", "content": template.system}] if template.system else []
    for example in template.examples:
        asked, reply = _example(example, template, names)
        messages.append({"role": "user", "content": asked})
        messages.append({"role": "assistant", "content": reply})
    asked = _filled(
        template.lines, _values(facts, names) | {"style": asked_style, "length": length}
    )
    if faults and template.repair:
        asked += "\n" + template.repair.replace("{faults}", "; ".join(faults))
    return [*messages, {"role": "user", "content": asked}]


def prompt_digest(templates: Sequence[Template], caption_chars: int, more: Any = None) -> str:
    """Digest of all that shapes a request: templates, limits, and what the caller adds. caption_chars: of
    a caption at most."""
    parts = [template.model_dump(mode="json") for template in templates]
    return digest([parts, caption_chars, SPOKEN_AT_MOST, more])


def clip_prompt_digest(ladder: str, messages: Sequence[Message]) -> str:
    """Digest of what one clip was first asked: ladder is `prompt_digest`; no messages, no request."""
    return digest([ladder, list(messages)])


def _example(example: Example, template: Template, names: Sequence[CaptionName]) -> tuple[str, str]:
    facts = example.facts
    captions: dict[CaptionName, str] = {
        "audio_caption": example.heard_caption or sentence(clauses(facts.heard)),
        "visual_caption": example.seen_caption or sentence(phrases(facts.seen)),
        "audio_visual_caption": example.both,
    }
    reply = {template.keys[name]: captions[name] for name in names}
    length = _length(max(len(caption.split()) for caption in reply.values()))
    asked = _filled(template.lines, _values(facts, names) | {"style": "", "length": length})
    # Without spaces, as the grammar writes it that vLLM makes of the schema: a small model that has seen
    # them is forced off its way at every key.
    return asked, json.dumps(reply, ensure_ascii=False, separators=(",", ":"))


def _claims(
    by_captioner: Mapping[str, Sequence[tuple[Tier, str]]], modality: Modality
) -> tuple[WeakClaim, ...]:
    return tuple(
        WeakClaim(captioner, modality, text, tier, free=True)
        for captioner, claims in by_captioner.items()
        for tier, text in claims
    )


def _kept(claims: Sequence[WeakClaim]) -> list[Fact]:
    return [_fact(c.text, c.modality, "caption", c.tier) for c in claims if c.tier != "low"]


def _fact(text: str, modality: Modality, kind: Kind, tier: Tier = "high") -> Fact:
    return Fact(text, "", kind, modality, Confidence(1.0, tier), tier == "high", ("example",))


def _length(words: int) -> str:
    return f"up to about {words} words a caption"


def _values(facts: Facts, names: Sequence[CaptionName]) -> dict[str, str]:
    """What the fields of a line may stand for; empty where the clip, or the request, has nothing."""
    hears, sees = facts.heard, facts.seen
    if "audio_visual_caption" not in names:
        hears = hears if "audio_caption" in names else ()
        sees = sees if "visual_caption" in names else ()
    return {
        "heard": sentence(clauses(hears)),
        "seen": sentence(phrases(sees)),
        "heard_list": "; ".join(fact.text for fact in hears),
        "seen_list": "; ".join(fact.text for fact in sees),
        "heard_and_seen": both(facts) if hears and sees else "",
        "heard_with_confidence": _with_confidence(hears),
        "seen_with_confidence": _with_confidence(sees),
        "heard_by_captioner": _by_captioner(facts, "audio") if hears else "",
        "seen_by_captioner": _by_captioner(facts, "video") if sees else "",
        "spoken": _fenced(facts.transcript) if facts.transcript and hears else "",
        "sung": _fenced(facts.lyrics) if facts.lyrics and hears else "",
        "in_language": f" ({facts.language})" if facts.language else "",
    }


def _by_captioner(facts: Facts, modality: Modality) -> str:
    return by_captioner([claim for claim in facts.claims if claim.modality == modality])


def _with_confidence(facts: Sequence[Fact]) -> str:
    return "; ".join(f"{fact.text} ({fact.tier} confidence)" for fact in facts)


def _fenced(transcript: str) -> str:
    """The words between marks that `excerpt` never lets through."""
    return f"<<<{excerpt(transcript, SPOKEN_AT_MOST)}>>>"


def _filled(lines: Sequence[str], values: dict[str, str]) -> str:
    filled = []
    for line in lines:
        fields = _FIELD.findall(line)
        if all(values[field] for field in fields if field not in _MAY_BE_EMPTY):
            filled.append(_FIELD.sub(lambda match: values[match[1]], line))
    return "\n".join(filled)
