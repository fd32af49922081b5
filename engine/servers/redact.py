"""What may be shown or stored of a server's settings: never a key, a token or a password.

The rule for command lines is safe by default: a flag's name may be seen, its value only if the flag is
one of those listed here, and a value that follows no flag never. A new option of vLLM is therefore hidden
until somebody adds it to the list.
"""

import re
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit, urlunsplit

HIDDEN = "…redacted…"

_HARMLESS = frozenset(
    {
        *("batch-ms", "block-size", "cpu-offload-gb", "data-parallel-size", "dtype"),
        *("gpu-memory-utilization", "host", "kv-cache-dtype", "limit-mm-per-prompt", "load-format"),
        *("max-logprobs", "max-model-len", "max-num-batched-tokens", "max-num-seqs"),
        *("mm-processor-cache-gb", "model", "name", "pipeline-parallel-size", "port"),
        *("quantization", "reasoning-parser", "revision", "seed", "served-model-name", "slots"),
        *("structured-outputs-config", "swap-space", "tensor-parallel-size", "tokenizer"),
        *("tokenizer-mode", "tool-call-parser"),
    }
)
"""Flags of vLLM, and of the dummy server, whose values name sizes, formats, models or addresses."""

_FLAG = re.compile(r"--(?P<name>[A-Za-z][A-Za-z0-9_.-]{0,60})(?:=(?P<value>.*))?", re.DOTALL)
_SECRET = re.compile(
    r"key|token|secret|passw|pwd|credential|authorization|bearer|cookie", re.IGNORECASE
)
_COUNTED = re.compile(r"tokens$", re.IGNORECASE)
_URL = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
_SHORTEST = 6
"""Characters of a text that can be a secret: hiding every `1` of a log would hide the log."""


def redacted(command: Sequence[str]) -> list[str]:
    """A command line, or arguments alone, as they may be shown or stored. What starts it (the
    interpreter, `-m` and a module) is kept."""
    start = 3 if list(command[1:2]) == ["-m"] else 0
    shown = list(command[:start])
    harmless = False
    for argument in command[start:]:
        flag = _FLAG.fullmatch(argument)
        if flag is None:
            shown.append(public_url(argument) if harmless else HIDDEN)
            harmless = False
            continue
        harmless = flag["name"].replace("_", "-") in _HARMLESS
        if flag["value"] is None:
            shown.append(argument)
        else:
            value = public_url(flag["value"]) if harmless else HIDDEN
            shown.append(f"--{flag['name']}={value}")
            harmless = False
    return shown


def hidden_values(command: Sequence[str]) -> list[str]:
    """The values that `redacted` leaves out."""
    values = []
    for argument, shown in zip(command, redacted(command), strict=True):
        if argument != shown:
            flag = _FLAG.fullmatch(argument)
            values.append(flag["value"] if flag and flag["value"] else argument)
    return values


def without(text: str, secrets: Iterable[str | None]) -> str:
    """A text of others (a log, a server's error) with every secret in it replaced."""
    for secret in secrets:
        if secret and len(secret) >= _SHORTEST:
            text = text.replace(secret, HIDDEN)
    return text


def public_url(text: str) -> str:
    """A text with each URL in it reduced to scheme, host, port and path."""
    return _URL.sub(lambda match: _bare(match[0]), text)


def is_secret_name(name: str) -> bool:
    """Whether an option or a variable of this name may well hold a secret."""
    return bool(_SECRET.search(name)) and not _COUNTED.search(name)


def _bare(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return HIDDEN
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
