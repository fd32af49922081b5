"""What the guards miss, and what they refuse without need: 10,000 replies of known fault.

    python -m benchmarks.quality.guards.guards [--replies 10000] [--seed 0] [--show 3] [--json FILE]

Replies are made by `benchmarks.quality.guards.replies` and `.subtle` from the held-out evidence of
`recipes.evidences`. A fault is missed when the caption that holds it is accepted (of the class
"schema": when any is). A false alarm is a caption without fault that is refused; captions beside a
faulty one are not counted.
"""

import argparse
import json
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.quality.guards.replies import FAULTS, KEYS, Known, Made, made
from benchmarks.quality.guards.subtle import SUBTLE, elsewhere
from manifests.captions import CAPTIONS
from prompts.guards import Guards
from prompts.render import load
from prompts.selection import Facts, select
from prompts.verdict import judge
from recipes.evidences import evidences

_FAULTLESS = ("good", "reworded")
_KEY = dict(zip(CAPTIONS, KEYS, strict=True))


@dataclass
class Tally:
    """One class of replies. wrong: missed, or of good ones refused; by: which guard refused what."""

    count: int = 0
    wrong: int = 0
    by: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Of those that were judged wrong."""
        return self.wrong / (self.count or 1)


def _known(facts: Facts) -> Known:
    must = frozenset(fact.text for fact in facts.heard + facts.seen if fact.must)
    return Known(tuple(f.text for f in facts.heard), tuple(f.text for f in facts.seen), must)


def _count(tallies: dict[str, Tally], reply: Made, facts: Facts) -> None:
    names = [name for name in CAPTIONS if name not in facts.absent]
    verdict = judge(reply.text, False, load("terse"), names, facts, Guards())
    tally = tallies[reply.fault]
    looked_at = [name for name in names if reply.at in (None, _KEY[name])]
    if reply.fault == "schema":
        tally.count += 1
        tally.by[verdict.whole.name if verdict.whole else "missed"] += 1
        refused = verdict.whole is not None
        _wrong(tally, not refused, reply.text, "")
        return
    for name in looked_at:
        faults = [verdict.whole] if verdict.whole else verdict.violations[name]
        tally.count += 1
        tally.by[faults[0].name if faults else "accepted"] += 1
        wrong = bool(faults) if reply.fault in _FAULTLESS else not faults
        _wrong(tally, wrong, verdict.captions[name] or "", "; ".join(map(str, faults)))


def _wrong(tally: Tally, wrong: bool, text: str, why: str) -> None:
    tally.wrong += wrong
    if wrong:
        tally.examples.append(f"{text}  <- {why}" if why else text)


def measured(replies: int, seed: int) -> dict[str, Tally]:
    """The tallies by class."""
    rng = random.Random(seed)
    clips = [select(one) for one in evidences("held-out", max(100, replies // 10), seed)]
    clips = [facts for facts in clips if not facts.empty]
    faults = FAULTS | SUBTLE | {"another clip's": elsewhere([_known(facts) for facts in clips])}
    tallies: dict[str, Tally] = defaultdict(Tally)
    done = 0
    while done < replies:
        facts = rng.choice(clips)
        reply = made(rng, _known(facts), faults)
        if reply is not None:
            done += 1
            _count(tallies, reply, facts)
    return dict(sorted(tallies.items()))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description="Measures the guards.")
    parser.add_argument("--replies", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", type=int, default=3, help="examples of each class")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    found = measured(options.replies, options.seed)
    for name, tally in found.items():
        what = "refused" if name in _FAULTLESS else "missed"
        by = ", ".join(f"{guard} {n}" for guard, n in tally.by.most_common(6))
        print(f"{name:<16} {tally.wrong:>5} of {tally.count:>6} {what} ({tally.share:.2%}); {by}")
        for example in list(dict.fromkeys(tally.examples))[: options.show]:
            print(f"{'':<14}{example}")
    if options.json:
        shares = {n: {"count": t.count, "wrong": t.wrong, "by": t.by} for n, t in found.items()}
        options.json.write_text(json.dumps(shares, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
