"""Several names for one thing: who is unsure of a sound or a breed names several of its kind. Pure."""

from manifests.evidence import Claim
from prompts.words import lexicon, tokens, upward


def things(claim: Claim, core: frozenset[str]) -> dict[str, int]:
    """The things of the word table (`one_thing`, `kinds_seen`) that a tag may name, each with its place
    among their names: 0 tells most. core: what the tag is about. A sentence names none."""
    if claim.kind == "caption":
        return {}
    table = lexicon()
    if claim.modality == "audio":
        return {thing: names[core] for thing, names in table.one_thing.items() if core in names}
    head = tokens(claim.text.split(" of ")[0])[-1:]  # a dog sled is no dog
    return dict.fromkeys(sorted(upward(frozenset(head)) & table.kinds_seen), 0)
