"""Gates."""

import json
from pathlib import Path

import pytest

from pipelines.report.gate import GateError, check, read, read_file

_OWN: dict[str, float | None] = {
    "unsupported": 0.02,
    "support": 0.9,
    "similarity_audio": None,
    "similarity_visual": -0.02,
}
_OTHER: dict[str, float | None] = {
    "unsupported": 0.01,
    "support": 1.0,
    "similarity_audio": 0.1,
    "similarity_visual": 0.5,
}


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("unsupported>0.02", True),
        ("unsupported >= 0.02", False),
        ("unsupported > 2%", True),
        ("unsupported>1.9%", False),
        ("support<.95", False),
        ("support<-5%", False),
        ("support<-10%", True),
        ("support < -0.05", False),
        ("unsupported>+100%", True),
        ("unsupported>+99%", False),
        ("unsupported>+0.02", True),
        ("similarity_visual < -0.01 absolute", False),
        ("similarity_visual < -0.03 absolute", True),
        ("similarity_visual < -1% absolute", False),
        ("similarity_visual < -0.5", False),
        ("similarity_visual < -0.53", True),
        ("support<95% absolute", False),
    ],
)
def test_a_plain_number_is_of_the_figure_and_a_signed_one_of_its_change(
    text: str, passes: bool
) -> None:
    assert (check([read(text)], _OWN, _OTHER) == []) == passes


def test_a_figure_that_is_not_measured_passes_no_gate() -> None:
    [failure] = check([read("similarity_audio<0.1")], _OWN, None)
    assert failure.value is None and "not measured" in failure.why


def test_a_limit_below_zero_of_a_figure_needs_no_other_set() -> None:
    [failure] = check([read("similarity_visual < -0.01 absolute")], _OWN, None)
    assert failure.why == "similarity_visual is -0.020"


def test_what_grew_from_nothing_grew_without_bound() -> None:
    other = _OTHER | {"unsupported": 0.0}
    assert check([read("unsupported>+1000%")], _OWN, other)
    assert not check([read("unsupported>+1%")], _OWN | {"unsupported": 0.0}, other)


def test_a_change_from_nothing_is_null_in_json_and_says_why() -> None:
    other = _OTHER | {"unsupported": 0.0}
    [failure] = check([read("unsupported>+5%")], _OWN, other)
    told = failure.to_json()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert told["value"] is None
    assert told["why"] == "unsupported went from 0% to 2%: from 0 no change can be told in %"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("unsupported > 2", 'did you mean "unsupported > 2%"?'),
        ("unsupported>5.5", 'did you mean "unsupported > 5.5%"?'),
        ("support < 95", 'did you mean "support < 95%"?'),
        ("unsupported > 200%", "can be 0 to 1"),
        ("unsupported > 1", "can be 0 to 1"),
        ("bad > 100%", "can be 0 to 1"),
        ("support < 0", "can be 0 to 1"),
        ("support < -5% absolute", "can be 0 to 1"),
        ("confidence < -5 absolute", "can be 0 to 1"),
        ("kappa < -1 absolute", "can be -1 to 1"),
        ("similarity_audio > 1", "can be -1 to 1"),
        ("clips < 0", "can be 0 and more"),
        ("unsupported > +5", 'did you mean "unsupported > +5%"?'),
        ("support < -2", 'did you mean "support < -2%"?'),
        ("support < -1", "the change of support can be -1 to 1"),
        ("support < -100%", "the change of support can be -1 and more"),
    ],
)
def test_a_limit_that_cannot_be_crossed_is_refused(text: str, hint: str) -> None:
    with pytest.raises(GateError, match="always or never true") as refused:
        read(text)
    assert hint in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        *("pending > 0", "uncaptioned >= 1", "support <= 0", "support < 1", "words > 200"),
        *("kappa < -0.5 absolute", "clips < 1000", "unsupported > +200%", "clips < -2000"),
    ],
)
def test_a_limit_that_can_be_crossed_is_taken(text: str) -> None:
    assert read(text).text == text


def test_a_change_needs_another_set() -> None:
    with pytest.raises(GateError, match="--against, or write 'support<-5% absolute'"):
        check([read("support<-5%")], _OWN, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "unsupported",
        "nothing>1",
        "support>>1",
        "support>1e9",
        "support=1",
        "support<1 absolut",
        "x" * 10**6,
    ],
)
def test_what_is_no_gate_is_refused(text: str) -> None:
    with pytest.raises(GateError):
        read(text)


def test_gates_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "gates.toml"
    gates = 'fail_on = ["unsupported > 0.02", "support<-5%"]\n'
    file.write_text(gates, encoding="utf-8-sig")
    assert [gate.name for gate in read_file(file)] == ["unsupported", "support"]


@pytest.mark.parametrize(
    "content",
    [
        "fail_on = 3",
        "fail_on = []",
        "other = []",
        "fail_on = [1]",
        "not toml",
        'fail_on = ["a>1"]',
        "\xff",
    ],
)
def test_a_file_that_is_no_list_of_gates_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "gates.toml"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(GateError, match=r"gates\.toml"):
        read_file(file)
