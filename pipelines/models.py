"""What `captionmill models` shows and does."""

from collections.abc import Iterator, Sequence
from typing import Any

from captioners import hub
from captioners.packs import Cache, PackMissing, declared
from engine.job import Job
from engine.profile import load


def packs() -> list[dict[str, Any]]:
    """Every declared pack, and where it is in the cache (None: not fetched)."""
    cache = Cache()
    found = []
    for name, pack in declared().items():
        try:
            place: str | None = str(cache.path(name))
        except PackMissing:
            place = None
        found.append(
            {
                "name": name,
                "role": pack.role,
                "holds": pack.holds,
                "licence": pack.licence,
                "from": [f"{a.registry}: {a.package} {a.version}" for a in pack.archives],
                "path": place,
            }
        )
    return found


def table(found: Sequence[dict[str, Any]]) -> str:
    """Packs for people."""
    lines = []
    for pack in found:
        origin = ", ".join(pack["from"]) or "comes with captionmill"
        lines.append(f"{pack['name']}  ({pack['role']}, {pack['licence']})")
        lines.append(f"  {pack['holds']}")
        lines.append(f"  {origin}; {pack['path'] or 'not fetched'}")
    return "\n".join(lines)


def fetch(names: Sequence[str] | None, profile: str) -> Iterator[str]:
    """Brings and checks packs; without names those of a profile. A line for each; raises PackError."""
    cache = Cache()
    for name in names or Job(load(profile)).needed_packs:
        place = hub.fetch(name) if name.startswith(hub.PREFIX) else cache.fetch(name)
        yield f"{name}: {place}"
