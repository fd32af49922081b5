"""Lints: faults of form that need no dictionary of the world.

Each lint is one function from a caption to what is wrong with it, None when nothing is. They look at
the text outside quotations: what somebody said in the clip may be anything.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence

from manifests.captions import CAPTIONS, CaptionName, CaptionSet
from prompts.quotes import without_quotations
from prompts.violations import Violation
from prompts.words import NUMBERS, tokens

Lint = Callable[[str], str | None]

_CONFIDENCE = re.compile(
    r"\b(?:confiden\w*|probab\w*|likelihood|certain\w*|uncertain\w*|score[sd]?|tiers?|percent\w*"
    r"|(?:low|medium|high|moderate)[ -](?:level|chance|tier)|evidence|detected|detection|captioner\w*)\b"
    r"|[(\[](?:low|medium|high)[)\]]|%",
    re.IGNORECASE,
)
_FIELDS = re.compile(
    r"audio_caption|visual_caption|audio_visual|\b(?:heard|seen|spoken|words|audio|visual|sure|likely)\s*:",
    re.IGNORECASE,
)
_HEDGE = re.compile(
    r"\b(?:possib\w*|perhaps|maybe|might|may be|likely|unlikely|presumabl\w*|seem(?:s|ingly)?|could be"
    r"|appears to be|apparently|or something|suggest(?:s|ing)?|unclear|unknown)\b",
    re.IGNORECASE,
)
_META = re.compile(
    r"\bI(?:'m| am|'ll| will| can| could| do| don)\b|\b(?:sorry|apologi[sz]e|as an ai|language model"
    r"|assistant|cannot|can't|unable to|here (?:is|are) (?:the|a|your)|sure[,!]|of course[,!]|caption\w*"
    r"|json|prompt|instructions?|the user|summary|description|transcript)\b",
    re.IGNORECASE,
)
_COMMAND = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b[^.!?]{0,40}\b(?:above|before|previous|prior|earlier"
    r"|everything|all|that|this|rules?|orders?|task|told)\b"
    r"|(?:^|[.!?:;]\s+|\b(?:and|then|please|must|now|you)\s+)(?:write|reply|respond|output|answer|repeat"
    r"|print|translate|pretend|describe|disregard|override|reveal|append|summari[sz]e|act as)\b"
    r"|\byou (?:are|must|should|will|have to|shall)\b|\b(?:system|assistant|user|human)\s*:",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"[{}\[\]<>|\\`*#_=~]|https?:|www\.|[\n\r\t]")
_OF_HEARING = re.compile(
    r"\b(?:sounds?|hear|heard|hearing|audibl[ey]|audio|nois[ey]\w*|loud(?:ly)?|listen\w*)\b",
    re.IGNORECASE,
)
_OF_SEEING = re.compile(
    r"\b(?:see|seen|sees|visibl[ey]|visual(?:ly)?|pictures?|pictured|images?|photo\w*|frames?"
    r"|view|on screen|watch(?:es|ing)?|shown|looks?)\b",
    re.IGNORECASE,
)
_DANGLING = re.compile(
    r"(?:^|\s)(?:an?|the|and|or|of|with|while|as|are|at|to|for|from|but|that|which|its)$",
    re.IGNORECASE,
)
# Written vowels are not always spoken ones: "a unicorn", "a one-way sign", "an hour" are right.
_ARTICLE = re.compile(
    r"\ban? (?:two|three|four|five|six|seven|eight|nine|ten|several|many|an?|the)\b(?!-)"
    r"|\ba (?!eu|ewe|one\b|once\b|u[bcfknrst][aeiou]|uni|us[aeu])[aeiou][a-z]+"
    r"|\ban (?!hour|honest|honou?r|heir|herb|x\b|x-)[b-df-hj-np-tv-z][a-z]+",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d\S*")
_LETTER = re.compile(r"[^\W\d_]")


def empty(caption: str) -> str | None:
    """No word at all."""
    return None if re.search(r"[^\W\d_]{2}", caption) else "no words"


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    """The first match, None without one."""
    match = pattern.search(text)
    return match.group(0) if match else None


def leak(caption: str) -> str | None:
    """Confidences, their words, field names or digits."""
    outside = without_quotations(caption)
    return _first(_CONFIDENCE, outside) or _first(_FIELDS, outside) or _first(_DIGITS, outside)


def hedge(caption: str) -> str | None:
    """Words such as "possibly": what is not sure is left out, never hinted at."""
    return _first(_HEDGE, without_quotations(caption))


def refusal(caption: str) -> str | None:
    """Talk about the task instead of the clip."""
    return _first(_META, without_quotations(caption))


def command(caption: str) -> str | None:
    """An order to whoever reads it: "ignore the above", a sentence that begins with "write"."""
    return _first(_COMMAND, without_quotations(caption))


def markup(caption: str) -> str | None:
    """Brackets, tags, links, line breaks: nothing that belongs in a sentence."""
    mark = _first(_MARKUP, without_quotations(caption))
    return None if mark is None else repr(mark)


def loop(caption: str) -> str | None:
    """The same again: a part of a sentence twice, four words in a row twice, a word or two words twice in
    a row, a word four times, a sign five times in a row."""
    run = re.search(r"(\S)\1{4,}", caption)
    if run:
        return run.group(0)[:20]
    outside = without_quotations(caption)
    parts = Counter(" ".join(tokens(part)) for part in _PART_END.split(outside))
    for part, times in parts.items():
        if times > 1 and " " in part:
            return part
    words = tokens(outside)
    fours = Counter(zip(words, words[1:], words[2:], words[3:], strict=False))
    for four, times in fours.items():
        if times > 1 and sum(word not in _COMMON for word in four) > 2:
            return " ".join(four)
    # "a milk can can be seen" is no slip.
    after = zip(words, words[1:], [*words[2:], ""], strict=False)
    twice = [a for a, b, c in after if a == b and (a, c) != ("can", "be")]
    if twice:
        return f"{twice[0]} {twice[0]}"
    for part in re.split(r"[.,;:!?]", outside):
        words_of_part = tokens(part)
        for a, b, c, d in zip(
            words_of_part, words_of_part[1:], words_of_part[2:], words_of_part[3:], strict=False
        ):
            if (a, b) == (c, d):
                return f"{a} {b} {c} {d}"
    often = [w for w, n in Counter(words).items() if n > 3 and w not in _COMMON | NUMBERS]
    return often[0] if often else None


_PART_END = re.compile(r"[.,;:!?]|\b(?:and|while|as|with|then)\b", re.IGNORECASE)
_COMMON = frozenset(
    {
        "person",
        "a",
        "an",
        "and",
        "the",
        "is",
        "are",
        "be",
        "of",
        "in",
        "with",
        "hear",
        "play",
        "see",
        "seen",
    }
)


def truncated(caption: str) -> str | None:
    """Ends in the middle: at a small word or comma, or with an open quotation."""
    text = caption.rstrip(" .!?")
    if _DANGLING.search(text) or text.endswith((",", ";", ":", "-")):
        # Details enter the request that repairs a caption: other quotation marks are another request.
        return f'ends with "{text.split()[-1]}"'
    if caption.count('"') % 2 or caption.count("“") != caption.count("”"):
        return "open quotation"
    return None


def at_limit(caption: str, at_most: int) -> str | None:
    """As long as a caption can be, and no whole sentence."""
    whole = len(caption) < at_most or caption[-1] in '.!?"”'
    return None if whole else "ends at the length limit"


def article(caption: str) -> str | None:
    """A wrong article: "a elephant", "an car", "a three chairs"."""
    return _first(_ARTICLE, without_quotations(caption))


def language(caption: str) -> str | None:
    """More than a tenth of the letters outside quotations are not of the Latin alphabet."""
    letters = _LETTER.findall(without_quotations(caption))
    foreign = [letter for letter in letters if ord(letter) > 0x24F]
    return "".join(foreign[:10]) if len(foreign) * 10 > len(letters) else None


LINTS: dict[str, Lint] = {
    "empty": empty,
    "leak": leak,
    "hedge": hedge,
    "refusal": refusal,
    "command": command,
    "markup": markup,
    "loop": loop,
    "truncated": truncated,
    "article": article,
    "language": language,
}


def copied_modality(name: CaptionName, captions: CaptionSet) -> str | None:
    """Hearing in a visual caption, seeing in an audio one, or the text of another caption again.

    Of two equal captions the later one is the copy.
    """
    caption = captions[name] or ""
    outside = without_quotations(caption)
    other_sense = {"audio_caption": _OF_SEEING, "visual_caption": _OF_HEARING}.get(name)
    match = other_sense.search(outside) if other_sense else None
    if match:
        return f'"{match.group(0)}" in {name}'
    for earlier in CAPTIONS[: CAPTIONS.index(name)]:
        other = captions[earlier]
        if other is not None and tokens(other) == tokens(caption):
            return f"equals {earlier}"
    return None


def prompt_copied(caption: str, fixed: Sequence[str]) -> str | None:
    """Six words in a row of the prompt's fixed text (its instructions, not its examples)."""
    words = tokens(caption)
    sixes = set(zip(*(words[at:] for at in range(6)), strict=False))
    for text in fixed:
        fixed_words = tokens(text)
        for six in zip(*(fixed_words[at:] for at in range(6)), strict=False):
            if six in sixes:
                return " ".join(six)
    return None


def unsayable(text: str, at_most: int) -> str | None:
    """Why no caption may repeat this text, None where one may: what a captioner says freely, or what
    came with a file, can be an order, a refusal, no English, or longer than the characters that a caption
    has at most. A wrong article is for the writer to mend."""
    if len(text) > at_most:
        return f"{len(text)} characters"
    return at_limit(text, at_most) or next(
        (why for name, check in LINTS.items() if name != "article" and (why := check(text))), None
    )


def lint(
    name: CaptionName, captions: CaptionSet, fixed: Sequence[str], at_most: int
) -> list[Violation]:
    """All faults of form of one caption of a set. fixed: the prompt's instructions. at_most: characters
    of a caption."""
    caption = captions[name] or ""
    details = [(lint_name, check(caption)) for lint_name, check in LINTS.items()]
    if dict(details)["truncated"] is None:
        details.append(("truncated", at_limit(caption, at_most)))
    if not details[0][1]:
        details.append(("copied_modality", copied_modality(name, captions)))
        details.append(("prompt_copied", prompt_copied(caption, fixed)))
    return [
        Violation(lint_name, name, detail) for lint_name, detail in details if detail is not None
    ]
