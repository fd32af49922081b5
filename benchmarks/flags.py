"""How many phone numbers, mail addresses, card numbers and swear words do the flags of a release find,
and how often do they see one where there is none?

    pip install faker terlik
    python -m benchmarks.flags

The texts are by others, and nothing was tuned on them: Faker's numbers and addresses in the forms of its
locales, in a sentence each; numbers of other kinds by Faker; the words of terlik; spaCy's example
sentences in all its languages; the names of AudioSet's, COCO's and ImageNet's classes.
"""

import importlib
import json
import pkgutil
from collections.abc import Iterator
from importlib.resources import files
from itertools import islice

import spacy.lang
from faker import Faker

from captioners.audio.audioset import classes
from captioners.phrases.phrases import coco, imagenet
from manifests.release.flags import flags_of
from manifests.release.profanity import LANGUAGES
from manifests.release.sections import Flag

_EACH = 200
_LOCALES = {
    "en": ("en_US", "en_GB"),
    **{locale[:2]: (locale,) for locale in ("de_DE", "fr_FR", "es_ES", "it_IT", "pt_BR", "nl_NL")},
    **{locale[:2]: (locale,) for locale in ("pl_PL", "ru_RU", "sv_SE", "tr_TR", "ja_JP", "zh_CN")},
    **{locale[:2]: (locale,) for locale in ("ko_KR", "hi_IN")},
}
_OTHERS = (
    "isbn13",
    "ean13",
    "iban",
    "date",
    "time",
    "postcode",
    "bban",
    "pricetag",
    "ipv4",
    "uuid4",
)

Text = tuple[str, str]
"""A text and its language."""


def fakes(*kinds: str) -> Iterator[Text]:
    """Texts with something of Faker's, by language."""
    for language, locales in _LOCALES.items():
        for locale in locales:
            fake = Faker(locale)
            fake.seed_instance(15)
            for kind in kinds:
                make = getattr(fake, kind, None)
                if make is None:
                    continue
                for _ in range(_EACH):
                    yield f"{fake.first_name()}: {make()}.", language


def cards() -> Iterator[Text]:
    """Numbers of cards, together and in groups of four."""
    fake = Faker("en_US")
    fake.seed_instance(15)
    for _ in range(_EACH):
        number = fake.credit_card_number(card_type="visa16")
        yield f"It is {number}, thank you.", "en"
        yield f"It is {' '.join(number[at : at + 4] for at in range(0, 16, 4))}, thank you.", "en"
        yield f"It is {fake.credit_card_number()}, thank you.", "en"


def swearing(variants: bool) -> Iterator[Text]:
    """Words of terlik, with their variants (spelled otherwise, joined to others) or without."""
    for language in ("en", "de", "es"):
        text = (files("terlik") / "lang" / language / "dictionary.json").read_text("utf-8")
        for entry in json.loads(text)["entries"]:
            for word in (entry["root"], *(entry["variants"] if variants else ())):
                yield f"{word}!", language


def sentences() -> Iterator[Text]:
    """Example sentences of spaCy."""
    for module in pkgutil.iter_modules(spacy.lang.__path__):
        try:
            examples = importlib.import_module(f"spacy.lang.{module.name}.examples")
        except ModuleNotFoundError:
            continue
        yield from ((text, module.name) for text in examples.sentences)


def class_names() -> Iterator[Text]:
    """What sounds and things are called."""
    yield from ((name, "en") for name in classes())
    for listed in (coco(), imagenet()):
        yield from ((" ".join(each), "en") for each in listed)


def share(texts: Iterator[Text], flag: Flag) -> str:
    """How many of the texts have a flag."""
    listed = list(texts)
    held = [text for text in listed if flags_of(None, [text], (flag,))]
    examples = "; ".join(text for text, _ in islice(held, 4))
    return f"{len(held)} of {len(listed)} ({100 * len(held) / len(listed):.1f} %)  {examples}"


def main() -> None:
    """Prints the shares."""
    print("phone", share(fakes("phone_number"), "phone"))
    for language in _LOCALES:
        of = (text for text in fakes("phone_number") if text[1] == language)
        print("  ", language, share(of, "phone"))
    print("email", share(fakes("email"), "email"))
    print("card", share(cards(), "card"))
    for language in ("en", "de", "es"):
        for variants in (False, True):
            of = (text for text in swearing(variants) if text[1] == language)
            print("profanity", language, f"{variants=}", share(of, "profanity"))
    for flag in ("phone", "email", "card", "profanity"):
        print("no", flag, "other numbers", share(fakes(*_OTHERS), flag))
        print("no", flag, "sentences", share(sentences(), flag))
        print("no", flag, "classes", share(class_names(), flag))
    print("languages of word lists:", *LANGUAGES)


if __name__ == "__main__":
    main()
