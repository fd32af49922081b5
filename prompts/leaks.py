"""Leaks of our own apparatus: confidences, names of fields, talk of captions, of the task or of oneself.

The words of it are English words as well: a player scores a goal, a woman speaks confidently, a caption
appears on a screen. So each pattern asks for the company that makes it a leak ("score: ", "confidence is
high", "this caption"). Pure.
"""

import re

_LEVEL = r"(?:very |fairly |quite )?(?:low|medium|high|moderate|strong)"
_MINE = r"(?:audio|visual|audio[- _]visual|correct|following|above|requested|plain|new|final|given)"
_UNIT = r"(?:s|sec\w*|[ckm]?m|miles?|met(?:er|re)s?|lit(?:er|re)s?|inch\w*|feet|k?g|mph|[km]?hz|%)"
_CLIP = r"(?:this|the|a|your) (?:clip|video|audio|recording|scene|image|media|sound|evidence)"

CONFIDENCE = re.compile(
    # its words beside it
    rf"\b{_LEVEL}[ -](?:confidence|probability|likelihood|certainty|tier)\b"
    r"|\bconfidence(?:\s*[:=(]|\s+(?:is|was|of|levels?|scores?|tiers?|values?|\d))"
    r"|\b(?:the|an?|with|its) (?:\w+ )?probabilit(?:y|ies) (?:of|that|is|\d)|\blikelihood\b|"
    r"\bcertainty\b"
    r"|\b(?:it is|it['’]s|i am|i['’]m) (?:\w+ )?(?:un)?(?:certain|confident|sure)\b(?= that|[,.]|$)"
    r"|\buncertain (?:whether|if|about (?:the|this) (?:clip|claim|sound|caption))\b"
    r"|\bconfident (?:detections?|claims?|findings?|predictions?)\b"
    rf"|\btiers?\s*[:=]|\btiers? (?:low|medium|high)\b|\b{_LEVEL} tiers?\b"
    r"|[(\[](?:very )?(?:low|medium|high|moderate)(?: confidence)?[)\]]"
    r"|, (?:very |quite |fairly |highly )?(?:confident|certain|reliable|a reliable \w+)\.?$"
    # numbers that are no count
    r"|\d\s*(?:%|percent)\s+(?:sure|certain|likel\w+|confiden\w+|probab\w+|chance)"
    r"|\b(?:ninety|eighty|seventy|sixty|fifty)(?:[- ]\w+)? percent (?:sure|certain\w*|likel\w+|"
    r"confiden\w+|chance)"
    r"|[(\[][^()\[\]]{0,20}\d\s*(?:%|percent)[^()\[\]]{0,20}[)\]]|[:=]\s*\d{1,3}\s*%"
    r"|\bscores?\s*[:=]|\bscores? (?:of )?0?\.\d|\bp\s*[=:]"
    rf"|(?<![\w.:$€£])0?\.\d{{1,4}}\b(?!\s*{_UNIT})"
    # who scored it
    r"|\b(?:is|are|was|were|been|being) detected\b|\bdetections?\b|\bdetectors? (?:says?|said|"
    r"reports?)\b"
    r"|\bcaptioners?\b|\baccording to the (?:evidence|detectors?|tags?|models?|claims?|"
    r"transcript)\b"
    r"|\b(?:the|this|given|no|all) evidence (?:says|states|suggests|given|above)\b",
    re.IGNORECASE,
)
FIELDS = re.compile(
    r"audio_caption|visual_caption|audio_visual|\b(?:heard|seen|spoken|sung|words|audio|visual|"
    r"both|sure|likely|"
    r"evidence|claims?|facts?|labels?|tags?|captions?|description|summary|answer|output|"
    r"transcript)\s*:",
    re.IGNORECASE,
)
META = re.compile(
    # a caption about captions
    r"\b(?:this|these|your|my|our|all|every|each|both) captions?\b(?! (?:appears?|reads?|says?|on|"
    r"at|in)\b)"
    r"|\bcaptions? (?:is|was|are)\s*:"
    rf"|\b{_MINE} captions?\b(?! (?:appears?|reads?|says?)\b)"
    rf"|\bcaptions? (?:is|are|of|for|about|should|must|tells?|describes?|will|you|"
    rf"that) (?:{_CLIP}|an?\b|the\b|blank|"
    r"empty|asked|below|above|needs?|describe)"
    r"|\bcaption(?:ing)\b|\bleave (?:all |the )*captions\b"
    rf"|\b(?:descriptions?|summar(?:y|ies)|transcripts?) (?:of|for) {_CLIP}\b"
    r"|\b(?:this|the following|above|requested|your|no) (?:description|summary|transcript)\b"
    r"|\bin summary\b|^(?:the )?transcript\b|\bfrom the transcript\b"
    r"|\bhere (?:is|are|you|['’]s) (?:go\b|(?:the|a|an|your|my|some) (?:\w+ ){0,2}(?:captions?|"
    r"descriptions?|summary|"
    r"answers?|json|responses?|replies|reply|outputs?|sentences?|version))"
    r"|^(?:sure|certainly|of course|okay|ok|alright)[,!.]"
    # the task
    r"|\bjson\b|\b(?:your|my|system|this|the) prompts?\b(?! (?:on|appears?|at|in|box)\b)"
    r"|\b(?:my|your|previous|prior|system|these) instructions?\b"
    r"|\binstructions? (?:above|were|say|said|given above)\b|\bas (?:instructed|requested|"
    r"per your)\b"
    r"|\bthe user (?:wants?|wanted|asks?|asked|requests?|requested|says|said|needs?|would|"
    r"provided|has asked)\b"
    r"|\b(?:the|this|my) task (?:is|was|asks|of|says|requires)\b|\byou (?:have )?asked\b|"
    r"\bmy answer\b"
    r"|\b(?:the|this|your) request (?:can|cannot|is|was|could)\b"
    r"|\b(?:provided|given) (?:information|evidence|data|facts|clip|text)\b|\b(?:not enough|"
    r"insufficient|no) "
    r"(?:information|data|description|context)\b(?=[.!]|$| (?:is|was|are|to|available|about|given))"
    r"|\bplease provide\b|\blet me know\b|\bfeel free\b|\bhope this helps\b|\bwould you like\b"
    # the model itself
    r"|\bas an? (?:ai|language model|text|artificial|automated|assistant)\b|\blanguage model\b"
    r"|\bAI (?:model|assistant|system)\b|\b(?:an?|your|helpful) (?:virtual |ai )?assistant (?:i|"
    r"that helps|here)\b"
    r"|\bI(?:['’]m| am) (?:an? )?(?:sorry|unable|not able|not sure|afraid|ai\b|assistant|language)"
    r"|\bI (?:cannot|can['’]t|can|could|do not|don['’]t|will|would|hear|see|think|believe|guess|"
    r"apologi[sz]e|have|"
    r"am unable)\b"
    r"|\bI['’](?:ll|d|ve)\b|\bwe (?:do not|don['’]t|cannot|can['’]t) (?:know|tell|say|see|hear)\b"
    r"|^(?:i['’]?m )?sorry\b|\bsorry,? (?:but|i)\b|\bmy apologies\b|\b(?:is|was) (?:only |"
    r"just )?a guess\b"
    r"|\b(?:cannot|can['’]t|can not|could not|couldn['’]t|unable to|not able to|"
    r"impossible to) (?:be )?(?:describ\w+|"
    r"determin\w+|provid\w+|process\w*|access\w*|assist|help with|fulfil\w*|comply|generat\w+|"
    r"caption\w*|identif\w+|"
    r"listen|answer\w*|say\b|tell\b|watch th|(?:see|hear|view) (?:the|this|any) (?:clip|video|"
    r"audio|image|recording))"
    r"|^(?:n/a|none|todo|null|unknown|nothing)\b[.!]?$",
    re.IGNORECASE,
)


def confidence(text: str) -> str | None:
    """A confidence, its word, or who scored it, in a text without quotations."""
    return _first(CONFIDENCE, text)


def field_name(text: str) -> str | None:
    """The name of a field of the prompt or of a reply."""
    return _first(FIELDS, text)


def meta(text: str) -> str | None:
    """Talk about the task, the caption or the writer instead of the clip."""
    return _first(META, text.strip())


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match.group(0) if match else None
