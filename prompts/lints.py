"""Lints: faults of form that need no dictionary of the world.

Each lint is one function from a caption to what is wrong with it, None when nothing is. They look at
the text outside quotations: what somebody said in the clip may be anything.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence

from manifests.captions import CAPTIONS, CaptionName, CaptionSet
from manifests.faults import Fault
from prompts.leaks import confidence, field_name, meta
from prompts.orders import foreign, order
from prompts.quotes import without_quotations
from prompts.violations import Violation
from prompts.words import NUMBERS, tokens

Lint = Callable[[str], str | None]

_HEDGE = re.compile(
    r"\b(?:possibly|it is possible|perhaps|maybe|presumabl[ey]|seemingly|apparently|probabl[ey])\b"
    r"|\b(?:seems?|appears?|seemed|appeared|appearing|looks) to (?:be|have)\b"
    r"|\b(?:may|might|could) be (?!(?:\w+ly )?(?:heard|seen|\w+ing)\b)|\b(?:might|may|"
    r"could) have been\b"
    r"|\b(?:it|this|that) (?:seems|appears)\b|\bwhat (?:seems|appears|sounds|looks)\b"
    r"|(?:,|\b(?:most|very|is|are)) likely (?!to )|\blikely to be\b|\bunlikely\b"
    r"|\bor (?:something|someone)(?: (?:similar|like that|like it|else|of the sort)\b|(?=[.,;!?]|"
    r"$))"
    r"|\bsuggest(?:s|ing)? (?:that|it|the presence|a possible)\b"
    r"|\b(?:it is|it['’]s) (?:unclear|unknown|not clear|hard to (?:say|tell))\b",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"[{}\[\]<>|\\`*_=~]|#(?!\d)|https?:|www\.|[\n\r\t]")
# What is said to be heard or seen; an audio mixer is a sight, and a ticking watch a sound.
_OF_HEARING = re.compile(
    r"\b(?:sounds?|noises?) (?:of|from)\b|\b(?:is|are|was|were|be|being|faintly|"
    r"clearly) (?:\w+ly )?heard\b"
    r"|\bheard (?:in|as|while|from)\b|\baudibl[ey]\b|\b(?:in|on|of) the (?:audio|background noise|"
    r"soundtrack)\b"
    r"|\b(?:we|you|one) (?:can )?hear\b|\bsounds? (?:can|is|are|like)\b|^heard\b",
    re.IGNORECASE,
)
_OF_SEEING = re.compile(
    r"\b(?:is|are|was|were|be|being|clearly) (?:\w+ly )?(?:seen|shown|pictured|visible)\b|"
    r"\bvisibl[ey]\b"
    r"|\b(?:in|into|within|out of) (?:the |this )?(?:view|picture|image|frame|shot|photo|video)\b"
    r"|\b(?:picture|image|photo|video|frames?|scene) (?:shows?|depicts?|features?)\b|"
    r"\bon (?:the )?screen\b"
    r"|\b(?:we|you|one) (?:can )?see\b|\bseen (?:in|as|while|from)\b|\bvisually\b|^seen\b",
    re.IGNORECASE,
)
_DANGLING = re.compile(
    r"(?:^|\s)(?:an?|the|and|or|of|with|while|as|are|at|to|for|from|but|that|which|its)$",
    re.IGNORECASE,
)
# "the song they dance to", "a dog that is shouted at" end as English does.
_STRANDED = re.compile(
    r"\b(?:that|which|who|what|where|something|nothing|someone|being|he|she|it|they|you|people|"
    r"stuff|place|song|music)\b"
    r"[^.,;]*\s(?:at|to|for|from|with|of)$",
    re.IGNORECASE,
)
# Written vowels are not always spoken ones: "a unicorn", "a one-way sign", "an hour", "an SUV" are right.
# A number may be part of a word after the article ("a two story house"), not before a plural.
_ARTICLE = re.compile(
    r"\ban? (?:two|three|four|five|six|seven|eight|nine|ten) (?!years)\w*[^\Wsu]s\b(?!-)"
    r"|\ban? (?:several|many|an?|the)\b(?!-)"
    r"|\ba (?!eu|ewe|one\b|once\b|u[bcfknrst][aeiou]|uni|us[aeu]|us[ab]?\b|ufos?\b|u[kv]\b|url\b|"
    r"oui)[aeiou][a-z]+"
    r"|\ban (?!hour|honest|honou?r|heir|herb|histor|hors\b|x\b|x-|x?ray|suv|"
    r"(?-i:[FHLMNRSX][A-Z0-9]+\b)|[fhlmnrsx][bcdfghjklmnpqrstvwxz0-9]{1,3}s?\b)"
    r"[b-df-hj-np-tv-z][a-z]+",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[^\W\d_]")


def empty(caption: str) -> str | None:
    """No word at all."""
    return None if re.search(r"[^\W\d_]{2}", caption) else "no words"


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    """The first match, None without one."""
    match = pattern.search(text)
    return match.group(0) if match else None


def leak(caption: str) -> str | None:
    """Confidences, their words and numbers, field names. What a digit counts is for grounding."""
    outside = without_quotations(caption)
    return confidence(outside) or field_name(outside)


def hedge(caption: str) -> str | None:
    """Words such as "possibly": what is not sure is left out, never hinted at."""
    return _first(_HEDGE, without_quotations(caption))


def refusal(caption: str) -> str | None:
    """Talk about the task instead of the clip."""
    return meta(without_quotations(caption))


def command(caption: str) -> str | None:
    """An order to whoever reads it: "ignore the above", a sentence that begins with "write"."""
    return order(without_quotations(caption))


def markup(caption: str) -> str | None:
    """Brackets, tags, links, line breaks: nothing that belongs in a sentence."""
    mark = _first(_MARKUP, without_quotations(caption))
    return None if mark is None else repr(mark)


def loop(caption: str) -> str | None:
    """The same again: a part of a sentence twice, four words in a row twice, a word or two words twice in
    a row, a word that tells something four times, a sign five times in a row. What happens again later is
    no loop: "a dog barks, a man speaks, then a dog barks"."""
    run = re.search(r"(\S)\1{4,}", caption)
    if run:
        return run.group(0)[:20]
    outside = without_quotations(caption)
    return _part_again(outside) or _words_again(outside) or _word_often(tokens(outside))


def _part_again(text: str) -> str | None:
    """A part of a sentence that stood there before. Where the text tells an order, one part may come
    again later, not at once."""
    seen: list[str] = []
    again = 0
    in_order = _IN_ORDER.search(text) is not None
    for piece in _PART_END.split(text):
        part = " ".join(tokens(piece))
        if part in seen and " " in part:
            again += 1
            if not in_order or part == seen[-1] or again > 1:
                return part
        if part:
            seen.append(part)
    return None


def _words_again(text: str) -> str | None:
    """Four words twice, one word three times in a row, or one or two words twice without a pause."""
    found = tokens(text)
    in_order = _IN_ORDER.search(text) is not None
    fours = Counter(zip(found, found[1:], found[2:], found[3:], strict=False))
    for four, times in fours.items():
        if times > 1 + in_order and sum(word not in _COMMON for word in four) > 2:
            return " ".join(four)
    for a, b, c in zip(found, found[1:], found[2:], strict=False):
        if a == b == c:
            return f"{a} {b} {c}"
    return next((again for part in _PAUSE.split(text) if (again := _stutter(tokens(part)))), None)


def _stutter(found: Sequence[str]) -> str | None:
    """One or two words twice in a row with no pause: "a milk can can be seen" is no slip, nor are "bye
    bye" and "testing, testing"."""
    for a, b, c in zip(found, found[1:], [*found[2:], ""], strict=False):
        if a == b and (a, c) != ("can", "be") and a not in _DOUBLED:
            return f"{a} {b}"
    for a, b, c, d in zip(found, found[1:], found[2:], found[3:], strict=False):
        if (a, b) == (c, d):
            return f"{a} {b} {c} {d}"
    return None


def _word_often(words: Sequence[str]) -> str | None:
    telling = Counter(word for word in words if word not in _COMMON | NUMBERS)
    return next((word for word, times in telling.items() if times > 3), None)


_PAUSE = re.compile(r"[.,;:!?]")
_PART_END = re.compile(r"[.,;:!?]|\b(?:and|while|as|with|then|followed by)\b", re.IGNORECASE)
_IN_ORDER = re.compile(
    r"\b(?:then|before|after|again|followed|once more|later|finally|another|repeat\w*)\b",
    re.IGNORECASE,
)
# Words that a sentence may say often.
_COMMON = frozenset(
    tokens(
        "person man woman people a an and the is are be of in on at to with by for from into over up down"
        " out off his her their its it he she they them him who that which hear sound play see seen while"
        " as then one other another each this there back left right black white red green blue yellow"
        " brown grey small large big"
    )
)
_DOUBLED = frozenset(
    tokens(
        "bye knock ha beep choo woof meow tick tap drip la na very really so many that had long go on"
    )
)


def truncated(caption: str) -> str | None:
    """Ends in the middle: at a small word or comma, or with an open quotation."""
    text = caption.rstrip(" .!?")
    if (_DANGLING.search(text) and not _STRANDED.search(text)) or text.endswith(
        (",", ";", ":", "-")
    ):
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
    """No English: three letters outside quotations, or a tenth of them, are not of the Latin alphabet, or
    the small words are of another language."""
    outside = without_quotations(caption)
    letters = _LETTER.findall(outside)
    strange = [letter for letter in letters if ord(letter) > 0x24F]
    if len(strange) > 2 or len(strange) * 10 > len(letters):
        return "".join(strange[:10])
    return foreign(outside)


LINTS: dict[Fault, Lint] = {
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
FAULTS: tuple[Fault, ...] = (*LINTS, "copied_modality", "prompt_copied")
"""What `lint` finds, in its order; the last two only in a caption that has words."""


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


def lint(
    name: CaptionName, captions: CaptionSet, fixed: Sequence[str], at_most: int
) -> list[Violation]:
    """All faults of form of one caption of a set. fixed: the prompt's instructions. at_most: characters
    of a caption."""
    caption = captions[name] or ""
    details: list[tuple[Fault, str | None]] = [
        (lint_name, check(caption)) for lint_name, check in LINTS.items()
    ]
    if dict(details)["truncated"] is None:
        details.append(("truncated", at_limit(caption, at_most)))
    if not details[0][1]:
        details.append(("copied_modality", copied_modality(name, captions)))
        details.append(("prompt_copied", prompt_copied(caption, fixed)))
    return [
        Violation(lint_name, name, detail) for lint_name, detail in details if detail is not None
    ]
