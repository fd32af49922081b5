"""The figures of a run over scripted clips, in Markdown."""

from collections import Counter
from collections.abc import Callable, Sequence

from benchmarks.quality.measures.intervals import share
from benchmarks.quality.rich.scripted.clips import Clip
from benchmarks.quality.rich.scripted.rows import Caption, Rows, faults_of_sentences
from benchmarks.quality.rich.scripted.scripts import Chat, Writer

LEAST_SHARE = 0.85
"""Of the captions, what the LLM should have written."""


def report(heading: str, rows: Rows, chat: Chat, writer: Writer, clips: Sequence[Clip]) -> str:
    """All of it."""
    return "\n\n".join(
        [
            f"## {heading}",
            _figures(rows, chat, writer, clips),
            "### Refused, by rung and guard, in clips",
            _counted(rows.refusals()),
            "### Bad captions that were accepted",
            _listed(rows.accepted_bad()),
            "### On another clip than its own",
            "\n".join(f"- {problem}" for problem in rows.misplaced()) or "Nothing.",
            "### Captions of the template, to be read",
            _listed([caption for caption in rows.captions if caption.source == "template"]),
        ]
    )


def _figures(rows: Rows, chat: Chat, writer: Writer, clips: Sequence[Clip]) -> str:
    captions = rows.captions
    kept, spoken = rows.transcripts()
    shown, asked = sum(writer.transcripts.values()), len(writer.transcripts)
    bad = sum(caption.misled for caption in captions)
    template = [caption for caption in captions if caption.source == "template"]
    clean = sum(not faults_of_sentences(caption.text) for caption in template)
    lines = [
        "| | | |",
        "|---|---|---|",
        f"| clips captioned | {len(rows.rows)} | of {len(clips)} |",
        f"| captions by the LLM | {_part(captions, _by_llm)} | aim: at least {LEAST_SHARE:.0%} |",
        *(
            f"| {name} | {_part([c for c in captions if c.name == name], _by_llm)} | |"
            for name in dict.fromkeys(caption.name for caption in captions)
        ),
        f"| by its first answer | {_part(captions, _at_once)} | |",
        f"| in doubt, and believed by the judge | {sum(c.judged for c in captions)} | |",
        f"| captions first answered badly | {bad} | {len(rows.accepted_bad())} accepted |",
        f"| of these a good one in the row | {_part([c for c in captions if c.misled], _good)} | |",
        f"| transcripts in their row | {kept} of {spoken} | |",
        f"| transcripts shown to the writer | {shown} of {asked} | |",
        f"| on another clip than its own | {len(rows.misplaced())} | |",
        f"| the template's, whole by their marks | {clean} of {len(template)} | |",
        f"| media that no server could read | {_unread(chat)} of {chat.asked.total()} | |",
        f"| requests of the writer | {writer.replies.total()} | {writer.unknown} of no case |",
        f"| sentences judged | {writer.judged.total()} | {_spread(writer.judged)} |",
    ]
    return "\n".join(lines)


def _part(captions: Sequence[Caption], holds: Callable[[Caption], bool]) -> str:
    hits: Counter[str] = Counter()
    number: Counter[str] = Counter()
    for caption in captions:
        number[caption.clip.name] += 1
        hits[caption.clip.name] += holds(caption)
    figure = share([hits[name] for name in number], [number[name] for name in number])
    if figure.value is None or figure.low is None or figure.high is None:
        return "-"
    return f"{figure.value:.1%} [{figure.low:.1%}, {figure.high:.1%}] of {len(captions)}"


def _by_llm(caption: Caption) -> bool:
    return caption.source != "template"


def _at_once(caption: Caption) -> bool:
    return caption.rung == "first"


def _good(caption: Caption) -> bool:
    return caption.source == "natural"


def _unread(chat: Chat) -> int:
    return sum(number for (_, mark), number in chat.asked.items() if mark is None)


def _spread(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts.most_common())


def _counted(counts: Counter[str]) -> str:
    lines = [f"| {name} | {number} |" for name, number in counts.most_common()]
    return "\n".join(["| | |", "|---|---|", *lines]) if lines else "Nothing."


def _listed(captions: Sequence[Caption]) -> str:
    lines = (
        f"- {c.clip.name}, {c.name}: {c.text}{_told(faults_of_sentences(c.text))}" for c in captions
    )
    return "\n".join(lines) or "None."


def _told(faults: Sequence[str]) -> str:
    return f" **{', '.join(faults)}**" if faults else ""
