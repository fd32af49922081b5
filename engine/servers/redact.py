"""What may be shown or stored of a server's settings: never a key, a token or a password.

The rule for command lines is safe by default: a flag's name may be seen, its value only if the flag is
one of those listed here, and a value that follows no flag never. A new option of vLLM is therefore hidden
until somebody adds it to the list.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any
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
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
_SECRET_WORDS = frozenset(
    {
        *("auth", "oauth", "passphrase", "sas", "sig", "signature", "private", "pat"),
        *("header", "headers", "dsn", "connectionstring", "connstr"),
    }
)
"""Words that make a name secret, but not as a part of another word: `author`, `path`, `sigma`."""
_URL = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^\n/?#]*@)?\S*", re.IGNORECASE)
"""A password may hold spaces, so what comes before an @ belongs to the URL."""
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
            shown.append(_public(argument) if harmless else HIDDEN)
            harmless = False
            continue
        harmless = flag["name"].replace("_", "-") in _HARMLESS
        if flag["value"] is None:
            shown.append(argument)
        else:
            value = _public(flag["value"]) if harmless else HIDDEN
            shown.append(f"--{flag['name']}={value}")
            harmless = False
    return shown


def hidden_values(command: Sequence[str]) -> list[str]:
    """The values that `redacted` leaves out, whole, and what is secret within those of JSON and URLs."""
    values: list[str] = []
    for argument, shown in zip(command, redacted(command), strict=True):
        if argument != shown:
            flag = _FLAG.fullmatch(argument)
            value = flag["value"] if flag and flag["value"] else argument
            values += [value, *_secrets_within(value)]
    return values


def without(text: str, secrets: Iterable[str | None]) -> str:
    """A text of others (a log, a server's error) with every secret in it replaced."""
    long = {secret for secret in secrets if secret and len(secret) >= _SHORTEST}
    for secret in sorted(long, key=len, reverse=True):  # one may be a part of another
        text = text.replace(secret, HIDDEN)
    return text


def public_url(text: str) -> str:
    """A text with each URL in it reduced to scheme, host, port and path."""
    return _URL.sub(lambda match: _bare(match[0]), text)


def is_secret_name(name: str) -> bool:
    """Whether an option or a variable of this name may well hold a secret."""
    words = [word.lower() for word in _WORD.findall(name)]
    if not _SECRET_WORDS.isdisjoint(words) or words[-1:] == ["pass"]:  # not pass_rate
        return True
    if ("connection", "string") in pairwise(words):
        return True
    return bool(_SECRET.search(name)) and not _COUNTED.search(name)


def _public(value: str) -> str:
    """The value of a harmless flag as it may be shown. JSON keeps its text unless it holds a secret."""
    if not value.lstrip().startswith(("{", "[")):
        return public_url(value)
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        return HIDDEN  # JSON of a kind that only the server reads
    shown = _public_json(parsed)
    return value if shown == parsed else json.dumps(shown, ensure_ascii=False)


def _public_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: HIDDEN if is_secret_name(name) else _public_json(part)
            for name, part in value.items()
        }
    if isinstance(value, list):
        return [_public_json(part) for part in value]
    return public_url(value) if isinstance(value, str) else value


def _secrets_within(value: str) -> Iterator[str]:
    """Texts under secret names in JSON, and the passwords of URLs."""
    if value.lstrip().startswith(("{", "[")):
        try:
            yield from _secret_texts(json.loads(value), False)
        except (ValueError, RecursionError):
            return
        return
    yield from _passwords(value)


def _secret_texts(value: Any, secret: bool) -> Iterator[str]:
    """secret: whether `value` stands under a secret name."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _secret_texts(part, secret or is_secret_name(name))
    elif isinstance(value, list):
        for part in value:
            yield from _secret_texts(part, secret)
    elif isinstance(value, str):
        if secret:
            yield value
        else:
            yield from _passwords(value)


def _passwords(text: str) -> Iterator[str]:
    for match in _URL.finditer(text):
        user = match[0].partition("://")[2].rpartition("@")[0]
        yield user.partition(":")[2] or user


def _bare(url: str) -> str:
    try:
        parts = urlsplit(url)
        _ = parts.port  # a port that is no number is the start of a password with a slash in it
    except ValueError:
        return HIDDEN
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
