"""What is hidden of command lines, URLs and other people's texts."""

import pytest

from engine.servers.redact import (
    HIDDEN,
    hidden_values,
    is_secret_name,
    public_url,
    redacted,
    without,
)
from engine.servers.spec import ServerSpec, command


def test_values_of_harmless_flags_alone_are_shown() -> None:
    args = ["--api-key", "sk-1", "--dtype", "float32", "--new-flag", "sk-2", "--enforce-eager"]
    shown = ["--api-key", HIDDEN, "--dtype", "float32", "--new-flag", HIDDEN, "--enforce-eager"]
    assert redacted(args) == shown


@pytest.mark.parametrize(
    ("args", "shown"),
    [
        (["--hf-token=sk-1"], [f"--hf-token={HIDDEN}"]),
        (["--max_model_len=7"], ["--max_model_len=7"]),
        (["sk-1"], [HIDDEN]),
        (["--api-key", "sk-1", "sk-2"], ["--api-key", HIDDEN, HIDDEN]),
        (["--dtype", "half", "sk-1"], ["--dtype", "half", HIDDEN]),
        (["-H", "Authorization: sk-1"], [HIDDEN, HIDDEN]),
        (["--model", "https://me:sk-1@host/m?token=sk-2"], ["--model", "https://host/m"]),
    ],
)
def test_any_other_value_is_hidden(args: list[str], shown: list[str]) -> None:
    assert redacted(args) == shown


@pytest.mark.parametrize("kind", ["vllm", "dummy"])
def test_our_own_command_line_is_shown_whole(kind: str) -> None:
    spec = ServerSpec(kind=kind, model="/m", num_gpus=2, tensor_parallel=2, quantization="fp8")  # type: ignore[arg-type]
    assert redacted(command(spec, 8000)) == command(spec, 8000)


def test_hidden_values_are_those_that_a_log_may_not_show() -> None:
    args = ["--dtype", "half", "--api-key", "sk-secret", "--hf-token=hf-secret", "--enforce-eager"]
    assert hidden_values(args) == ["sk-secret", "hf-secret"]


def test_a_text_of_others_loses_secrets_and_nothing_else() -> None:
    assert without("key sk-secret, 1 of 2", ["sk-secret", "1", None]) == f"key {HIDDEN}, 1 of 2"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://me:word@host:8000/v1?token=x#y", "http://host:8000/v1"),
        ("can't reach https://me@host/v1, sorry", "can't reach https://host/v1, sorry"),
        ("no url at all", "no url at all"),
        ("https://u:p w@host", "https://host"),
        ("see https://u:p w@x@host/v1, sorry", "see https://host/v1, sorry"),
        ("https://u:p/w@host", HIDDEN),
        ("http://[::1", HIDDEN),
    ],
)
def test_urls_lose_users_and_queries(text: str, shown: str) -> None:
    assert public_url(text) == shown


def test_names_that_sound_like_secrets_are_known() -> None:
    secret = ["api_key", "HF_TOKEN", "clientSecret", "password", "credentials", "Authorization"]
    assert all(map(is_secret_name, secret))
    secret += [
        "auth",
        "basicAuth",
        "pass",
        "db_pass",
        "userPass",
        "passphrase",
        "sas",
        "x-signature",
    ]
    secret += ["PRIVATE", "github-pat", "headers", "extra_header", "SENTRY_DSN", "bearer"]
    secret += ["connection_string", "connectionString", "connectionstring", "auth_tokens"]
    assert [name for name in secret if not is_secret_name(name)] == []


def test_names_that_only_contain_such_a_word_are_not() -> None:
    assert not any(map(is_secret_name, ["passes", "max_pass_rate", "author", "path", "pattern"]))
    assert not any(map(is_secret_name, ["sigma", "string", "connection", "backend", "sash"]))
    assert not any(map(is_secret_name, ["model", "max_new_tokens", "threshold", "batch_ms"]))


def test_a_secret_in_the_json_of_a_harmless_flag_is_hidden() -> None:
    value = '{"backend": "xgrammar", "nested": [{"api_key": "sk-secret"}], "url": "http://u:pa-word@h/"}'
    shown = f'{{"backend": "xgrammar", "nested": [{{"api_key": "{HIDDEN}"}}], "url": "http://h/"}}'
    flag = "--structured-outputs-config"
    assert redacted([flag, value]) == [flag, shown]
    assert redacted([f"{flag}={value}"]) == [f"{flag}={shown}"]
    assert hidden_values([flag, value]) == [value, "sk-secret", "pa-word"]


def test_what_looks_like_json_and_is_none_is_hidden() -> None:
    assert redacted(["--model", "{api_key: S}"]) == ["--model", HIDDEN]


def test_a_secret_that_is_part_of_another_leaves_nothing_of_it() -> None:
    assert without("key sk-secret-more", ["sk-secret", "sk-secret-more"]) == f"key {HIDDEN}"
