"""Forms of English words: endings, articles, numbers."""

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"


@lru_cache(maxsize=1)
def lists() -> dict[str, Any]:
    """The lists of words.toml."""
    return tomllib.loads((DATA / "words.toml").read_text("utf-8"))


@lru_cache(maxsize=1)
def fillers() -> dict[str, dict[str, list[str]]]:
    """Remarks that tell nothing, by grammar."""
    return tomllib.loads((DATA / "fillers.toml").read_text("utf-8"))


def third(verb: str) -> str:
    """The form after "she": "chops", "pulls in"."""
    word, *rest = verb.split(" ")
    irregular: dict[str, str] = lists()["third"]
    if word in irregular:
        made = irregular[word]
    elif word.endswith(("s", "x", "z", "ch", "sh")):
        made = word + "es"
    elif word.endswith("y") and word[-2] not in "aeiou":
        made = word[:-1] + "ies"
    else:
        made = word + "s"
    return " ".join([made, *rest])


def ing(verb: str) -> str:
    """The form after "is": "chopping", "pulling in"."""
    word, *rest = verb.split(" ")
    if word in lists()["double"]:
        made = word + word[-1] + "ing"
    elif word.endswith("ie"):
        made = word[:-2] + "ying"
    elif word.endswith("e") and not word.endswith(("ee", "oe", "ye")):
        made = word[:-1] + "ing"
    else:
        made = word + "ing"
    return " ".join([made, *rest])


def plural(noun: str) -> str:
    """More than one of it."""
    irregular: dict[str, str] = lists()["irregular"]
    if noun in irregular:
        return irregular[noun]
    *before, last = noun.split(" ")
    if last in irregular:
        made = irregular[last]
    elif last.endswith(("s", "x", "z", "ch", "sh")):
        made = last + "es"
    elif last.endswith("y") and last[-2] not in "aeiou":
        made = last[:-1] + "ies"
    elif last.endswith("shelf"):
        made = last[:-1] + "ves"
    elif last in ("tomato", "potato"):
        made = last + "es"
    else:
        made = last + "s"
    return " ".join([*before, made])


def article(phrase: str) -> str:
    """With "a" or "an" before it."""
    silent = phrase.startswith(("hour", "honest"))
    spoken_u = phrase.startswith(("uni", "use", "ukulele", "one"))
    vowel = phrase[:1].lower() in "aeiou" and not spoken_u
    return ("an " if vowel or silent else "a ") + phrase


def number(count: int) -> str:
    """A count in letters."""
    return str(["one", *lists()["numbers"]][count - 1])


def capital(text: str) -> str:
    """With a capital at its start."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """As a sentence: a capital, a full stop, single spaces."""
    text = capital(" ".join(text.split()).strip())
    return text if text.endswith((".", "!", "?", '."', '!"', '?"')) else text + "."


def join(*parts: str | None) -> str:
    """Words with single spaces, empty ones left out."""
    return " ".join(p for p in parts if p)


def listed(parts: list[str]) -> str:
    """Things with "and" before the last."""
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def counted_word(count: int) -> str:
    """A count as a caption has it, with "a" for one."""
    return "a" if count == 1 else number(count)
