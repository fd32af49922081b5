"""Personal data in a text: phone numbers, mail addresses, numbers of payment cards.

Every expression looks at a text once, and only at texts of bounded length: `pieces` of longer ones.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from phonenumbers import Leniency, PhoneNumberMatcher

AT_MOST = 20_000
"""Characters that are looked at together."""
_IN_COMMON = 200
"""Of two pieces of a line: more than a number or an address has."""

REGIONS = {
    "ar": ("EG", "SA", "AE", "MA"),
    "bn": ("BD", "IN"),
    "cs": ("CZ",),
    "da": ("DK",),
    "de": ("DE", "AT", "CH"),
    "el": ("GR",),
    "en": ("US", "GB", "IN", "AU"),
    "es": ("ES", "MX", "AR", "CO"),
    "fa": ("IR",),
    "fi": ("FI",),
    "fr": ("FR", "CA", "BE"),
    "he": ("IL",),
    "hi": ("IN",),
    "hu": ("HU",),
    "id": ("ID",),
    "it": ("IT",),
    "ja": ("JP",),
    "ko": ("KR",),
    "nl": ("NL", "BE"),
    "no": ("NO",),
    "pl": ("PL",),
    "pt": ("BR", "PT"),
    "ro": ("RO",),
    "ru": ("RU",),
    "sv": ("SE",),
    "th": ("TH",),
    "tr": ("TR",),
    "uk": ("UA",),
    "vi": ("VN",),
    "zh": ("CN", "TW", "HK"),
}
"""Countries whose numbers are known without a country code, by the language of the text."""

# Seven digits or more, with little between them.
_DIGITS = re.compile(r"\d(?:[^\d\w]{0,3}\d){6}")
_FEWEST = 7
"""Digits of a phone number."""
_TRIES = 20
"""So many numbers of a text are looked at that are none."""
_NUMBER = re.compile(r"\d+")
_COUNTED = 4
"""So many numbers in a row of which each is one more, or one less, than the last are a count."""

_MAIL = re.compile(r"[\w%+-]@[^\W_](?:[\w-]{0,62}\.)+[^\W\d_]{2,24}\b")
PROVIDERS = "gmail|googlemail|yahoo|hotmail|outlook|icloud|aol|protonmail|proton mail|gmx"
"""Of mail, whose names nobody says for anything else behind "at" and before "dot"."""
_SPOKEN_MAIL = re.compile(rf"\bat (?:{PROVIDERS})(?: dot |\.) ?[a-z]{{2,4}}\b", re.IGNORECASE)

_IN_FOURS = r"\d{4}([ .-])\d{4}\1\d{4}\1\d{1,4}(?:\1\d{1,3})?"
_CARD = re.compile(rf"(?<!\d)(?:\d{{13,19}}|{_IN_FOURS}|\d{{4}}([ .-])\d{{6}}\2\d{{4,5}})(?!\d)")
# What the numbers of Visa, Mastercard, American Express, Discover, JCB, Diners and UnionPay begin with.
_ISSUER = re.compile(r"4|5[1-5]|2[2-7]|3[47]|6011|62|64[4-9]|65|35|30[0-5]|36|38")


def pieces(text: str) -> Iterator[str]:
    """The lines of a text, long ones in pieces that overlap."""
    for line in text.splitlines():
        for start in range(0, max(1, len(line) - _IN_COMMON), AT_MOST - _IN_COMMON):
            yield line[start : start + AT_MOST]


def has_phone(text: str, language: str | None) -> bool:
    """Whether a piece of a text holds a phone number: with a country code, or as the countries of its
    language write it. Shorter ones than a whole national number are not told from other numbers, and
    numbers by which somebody counts are none."""
    text = _without_counts(text)
    if not _DIGITS.search(text):
        return False
    # With a country code a number that no network has given out yet is one too.
    looks: list[tuple[str | None, int]] = [(None, Leniency.POSSIBLE)] if "+" in text else []
    looks += [(region, Leniency.VALID) for region in REGIONS.get((language or "en")[:2], ())]
    for region, leniency in looks:
        for match in PhoneNumberMatcher(text, region, leniency, max_tries=_TRIES):
            if sum(map(str.isdigit, match.raw_string)) >= _FEWEST:
                return True
    return False


def has_mail(text: str) -> bool:
    """Whether a piece of a text holds a mail address, or one of a large provider as it is spoken."""
    return ("@" in text and _MAIL.search(text) is not None) or _SPOKEN_MAIL.search(text) is not None


def has_card(text: str) -> bool:
    """Whether a piece of a text holds a number of a payment card: issuer, length and check digit fit."""
    for match in _CARD.finditer(text):
        digits = [int(sign) for sign in match[0] if sign.isdigit()]
        if _ISSUER.match("".join(map(str, digits))) and _luhn(digits) and len(set(digits)) > 1:
            return True
    return False


def _luhn(digits: list[int]) -> bool:
    doubled = [2 * digit - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _without_counts(text: str) -> str:
    """The text without the numbers by which somebody counts in it."""
    found = list(_NUMBER.finditer(text))
    steps = [int(after[0][:6]) - int(before[0][:6]) for before, after in pairwise(found)]
    for begin in reversed(range(len(steps) - _COUNTED + 2)):
        if steps[begin : begin + _COUNTED - 1] in ([1] * (_COUNTED - 1), [-1] * (_COUNTED - 1)):
            first, last = found[begin].start(), found[begin + _COUNTED - 1].end()
            text = text[:first] + "x" * (last - first) + text[last:]
    return text
