"""What the captioners of speech share: which recognised text is believed, and what it is worth."""

import math
import re
from collections.abc import Sequence

_MOST_COMPRESSED, _LEAST_LOGPROB, _MOST_NO_SPEECH = 2.4, -1.0, 0.6
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{4}")


def believed(text: str, logprob: float, compression: float, no_speech: float) -> bool:
    """Whether a segment that Whisper wrote is speech as far as its own numbers tell.

    Refused are a compression ratio above 2.4 (loops) or a mean log probability below -1, Whisper's own
    bounds; a no-speech probability above 0.6, whatever the log probability is (Whisper lets a sure text
    pass: "Hmm" over a cartoon's music had 0.66); no letter or digit in it, or a letter five times in a
    row ("Mmmmm").
    """
    return (
        compression <= _MOST_COMPRESSED
        and logprob >= _LEAST_LOGPROB
        and no_speech <= _MOST_NO_SPEECH
        and any(letter.isalnum() for letter in text)
        and not _DRAWN_OUT.search(text.casefold())
    )


def speech_score(segments: Sequence[tuple[float, float]]) -> float:
    """exp of the mean of log probabilities, of (seconds, log probability) pairs."""
    lengths = [max(seconds, 0.01) for seconds, _ in segments]
    total = sum(n * logprob for n, (_, logprob) in zip(lengths, segments, strict=True))
    return math.exp(total / sum(lengths))
