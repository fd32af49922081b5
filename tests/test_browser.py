"""What the browser of the tests finds wrong, and what is told where there is none."""

from types import SimpleNamespace

import pytest

from tests.browser import needs_chromium, opened, told, violations

_GOOD = "<!doctype html><html lang=en><title>A dog</title><main><h1>A dog</h1></main>"


@pytest.mark.run
@needs_chromium
def test_what_keeps_people_from_using_a_page_is_found() -> None:
    with opened() as page:
        page.set_content(_GOOD)
        assert violations(page) == []
        page.set_content(
            f"{_GOOD}<p style='color: #ddd; background: #fff'>faint</p><img src=a.png>"
        )
        assert {found.partition(":")[0] for found in violations(page)} == {
            "color-contrast",
            "image-alt",
        }


@pytest.mark.run
@needs_chromium
@pytest.mark.parametrize(
    "page",
    ["<script>nothing.here</script>", "<script src=data:,></script>"],
    ids=["fails", "policy"],
)
def test_a_script_that_fails_or_is_refused_fails_the_test(page: str) -> None:
    policy = "<meta http-equiv=Content-Security-Policy content=\"script-src 'unsafe-inline'\">"
    with pytest.raises(AssertionError), opened(f"data:text/html,{policy}{page}"):
        pass


def test_what_did_not_run_is_told_in_one_line() -> None:
    def skipped(name: str, why: str) -> SimpleNamespace:
        return SimpleNamespace(nodeid=f"{name}::test", longrepr=("f.py", 1, f"Skipped: {why}"))

    assert told([]) is None
    assert told([skipped("a.py", "no root")]) is None
    why = "chromium is not installed"
    assert told([skipped("b.py", why), skipped("a.py", why), skipped("b.py", why)]) == (
        "chromium is not installed (apt-get install chromium): 3 tests did not run: a.py (1), b.py (2)"
    )
