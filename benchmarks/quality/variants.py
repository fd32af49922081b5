"""Further captions of a clip: are they as true as the first, and how far do they differ from it?

    python -m benchmarks.quality.variants [--clips 100] [--seed 7] [--show 8]

Simulated clips, written with a variant of each style that the first rung's prompt has. Figures are of
captions that the LLM wrote and of its variants. differs: the mean Jaccard distance of the two-word
sequences of a variant and of the clip's first caption, 0 for the same words in the same order, 1 for
none in common; begins alike: the share of variants whose first two words are those of the first caption.
"""

import argparse
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import fmean

from benchmarks.quality.bench import bundle, simulated_clips, world
from benchmarks.quality.fusion.fusion import Setting
from benchmarks.quality.measures import report, texts
from benchmarks.quality.measures.measures import Ruler, Told, captions_of, figures
from benchmarks.quality.written import server, write
from engine.profile import profile
from manifests.captions import CAPTIONS
from prompts.render import PLAIN, load

RATES = ("recall", "unsupported", "lost", "pure")


def differs(one: str, other: str) -> float:
    """The Jaccard distance of their sets of two words in a row."""
    a, b = (frozenset(pairwise(texts.words(text))) for text in (one, other))
    return 1 - len(a & b) / (len(a | b) or 1)


def table(
    ruler: Ruler, first: Sequence[Told], variants: Sequence[Told], styles: Sequence[str]
) -> str:
    """Markdown: a line for the first captions and one for each style."""
    base = {(one.case.clip_id, one.name): one.text for one in first}
    rows = []
    for style in ("first caption", *styles):
        told = first if style == "first caption" else [v for v in variants if v.rung == style]
        by = figures([ruler.measure(one) for one in told])
        apart = [(one.text, base[one.case.clip_id, one.name]) for one in told]
        alike = [texts.words(a)[:2] == texts.words(b)[:2] for a, b in apart]
        words = fmean(len(texts.words(one.text)) for one in told)
        rows.append(
            [
                style,
                f"{100 * len(told) / len(first):.0f}",
                f"{words:.1f}",
                *(report.percent(by[rate]) if rate in by else "-" for rate in RATES),
                f"{fmean(differs(a, b) for a, b in apart):.2f}",
                f"{100 * sum(alike) / len(alike):.0f}",
            ]
        )
    head = ["style", "written, %", "words", *RATES, "differs", "begins alike, %"]
    return report.table(head, rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description="Measures variants of captions.")
    parser.add_argument("--clips", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--profile", default="cpu")
    parser.add_argument("--url", help="of a server that runs, with /v1")
    parser.add_argument("--show", type=int, default=8, help="clips to print")
    args = parser.parse_args(arguments)
    ruler = world()
    clips, _, _ = simulated_clips(ruler, Setting(0.5), args.seed, args.clips, 600)
    some = {name: each for name, each in bundle(clips).items() if not each[2].only_signals}
    spec = profile.load(args.profile).writer
    styles = (PLAIN, *load(spec.ladder[0].prompt).styles)
    spec = spec.model_copy(update={"variants": styles})
    with server(args.profile, args.url, at_random=True) as url:
        written = write(spec, url, [evidence for _, evidence, _ in some.values()])
    first: list[Told] = []
    variants: list[Told] = []
    for name, (case, _, facts) in some.items():
        mine = [one for one in captions_of(case, facts, written[name]) if one.by == "llm"]
        known = {one.name for one in mine}
        first += mine
        variants += [
            Told(case, v.caption, v.text, "llm", v.style, facts)
            for v in written[name].variants
            if v.caption in known
        ]
    print(table(ruler, first, variants, styles))
    for line in _shown(first, variants, args.show):
        print(line)


def _shown(first: Sequence[Told], variants: Sequence[Told], clips: int) -> Iterator[str]:
    shown = list(dict.fromkeys(one.case.clip_id for one in first))[:clips]
    for clip in shown:
        yield ""
        for name in CAPTIONS:
            for one in (*first, *variants):
                if one.case.clip_id == clip and one.name == name:
                    yield f"{name:<21}{one.rung:<8}{one.text}"


if __name__ == "__main__":
    main()
