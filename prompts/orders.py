"""Orders to whoever reads a text: "ignore the above", a sentence that begins with "write".

A description tells of a third person: it does not begin with a bare verb and its object. Verbs that are
nouns as well ("a stop sign", "the click of a mouse") count only with such an object. Pure.
"""

import re
from itertools import pairwise

_LANGUAGE = (
    r"(?:english|french|german|spanish|italian|latin|chinese|japanese|russian|portuguese|dutch|"
    r"arabic|capitals?|"
    r"capital letters|upper ?case|lower ?case)"
)
_VERB = (
    r"(?:ignore|disregard|forget|override|bypass|reply|respond|pretend|describe|translate|rewrite|"
    r"reveal|append|"
    r"obey|summari[sz]e|memori[sz]e|caption)"
)
_NOUN_OR_VERB = (
    r"(?:write|say|tell|answer|repeat|return|output|print|swap|leave|delete|remove|visit|"
    r"subscribe|follow|click|"
    r"call|include|mention|insert|replace|refuse|put|set|add|stop|act|speak|use|make|give|start|"
    r"remember|imagine|"
    r"assume|copy|end|skip|send|open|buy|share|like|continue|keep)"
)
_OBJECT = (
    r"(?:the|an?|this|that|these|those|all|any|both|every\w*|each|me|my|us|your|yourself|it|its|i|"
    r"only|nothing|now|"
    rf"no|not|here|after me|as an?|so|with (?:the|only|just|an?)|to (?:my|our|your|the)|"
    rf"in {_LANGUAGE}|"
    r"lions?|\w+ing|[\"“{])"
)
_START = r"(?:^|[.!?:;>]\s+|[.!?]+[\"”]\s+|\b(?:please|kindly|now)\s+)"
_NO_ORDER = r"(?!\s+(?:of|is|are|was|were|signs?|sounds?|noises?|buttons?|shots?)\b)"
_TOLD = (
    r"(?:that|only|nothing|so\b[.!]|the (?:words?|following|captions?|text|sentence)|"
    r"with (?:the word|only)|after me|"
    rf"in {_LANGUAGE}|[:\"“])"
)
_COMMAND = re.compile(
    rf"{_START}{_VERB}\b{_NO_ORDER}"
    rf"|{_START}{_NOUN_OR_VERB}\s+{_OBJECT}(?=\W|$)"
    rf"|\b(?:and|then|must)\s+(?:{_VERB}|{_NOUN_OR_VERB})\s+{_TOLD}"
    r"|(?:^|[.!?:;]\s+)(?:please|do not|don['’]t|never)\s+\w+"
    r"|\b(?:ignore|disregard|forget|override|bypass)\s+(?:(?:the|all|any|every|everything|your|"
    r"these|those|my|of)\s+)*"
    r"(?:above|before|previous|prior|earlier|instructions?|rules?|orders?|everything|what|"
    r"other captioners)\b"
    rf"|\b(?:please|you must|you shall|must now)\s+(?:{_VERB}|{_NOUN_OR_VERB}|not)\b"
    r"|(?:^|[.!?:;]\s+)you (?:are (?:now|an?|only|no longer)|must|should|will|have to|need to|"
    r"shall|write)\b"
    r"|\bnew (?:instructions?|rules?|task)\s*:"
    r"|\b(?:system|assistant|user|human|style|instructions?|response|prompt)\s*:"
    r"|\bend of (?:the )?(?:transcript|words|prompt|text|evidence|input|instructions)\b"
    r"|\b(?:earlier|previous|prior|last) (?:reply|answer|response|output)\b",
    re.IGNORECASE,
)

_WORD = re.compile(r"[^\W\d_]+")

# Words that English lacks and that other languages of the Latin alphabet can hardly do without.
_FOREIGN = frozenset(
    _WORD.findall(
        "der das und ist nicht ein eine einen einer auf nur mit von zu dem für über wird sind deutsch"
        " le les et est un une dans sur avec il elle du au aux qui ne pas seulement français"
        " el los las y es una uno con por del que se está solo español"
        " lo gli di che è per nella sono della os uma com não em ao são"
        " het een van op met niet zijn voor"
    )
)
_BEGINS = re.compile(
    r"\s*(?:(?:un|une|una|uno|een|el|le|la|il|los|las|les|het)\s+(?-i:[a-zß-ÿ])|(?:ein|eine|der|das)\s)",
    re.IGNORECASE,
)
_ENGLISH = frozenset(
    _WORD.findall(
        "the an is are and of in on at with to while his her their its it he she they by for from two"
        " into then over"
    )
)


def order(text: str) -> str | None:
    """The order that a text without quotations gives, None where it gives none."""
    match = _COMMAND.search(text)
    return match.group(0).strip() if match else None


def foreign(text: str) -> str | None:
    """The words of another language of the Latin alphabet: two small ones side by side, or where no small
    word is English two of them, or one that begins the text. A title in an English sentence is none."""
    found = _WORD.findall(text)
    pairs = (f"{a} {b}" for a, b in pairwise(found) if {a, b} <= _FOREIGN)
    words = frozenset(word.lower() for word in found)
    strange = words & _FOREIGN
    if words & _ENGLISH:
        return next(pairs, None)
    begins = _BEGINS.match(text)
    return " ".join(sorted(strange)) if len(strange) > 1 or (begins and len(found) > 2) else None
