import multiprocessing

import pytest

from captioners.contract import Captioner
from captioners.dummy import DummyAudio, DummyVideo
from captioners.weights.cache import Cache
from manifests.media import Media

_FAST = {"batch_ms": 0}


def _media(clip_id: str, content: str = "h") -> Media:
    return Media(clip_id, content, 1000)


def _captioner(kind: type[Captioner] = DummyAudio, **options: object) -> Captioner:
    captioner = kind("dummy", Cache(), {**_FAST, **options})
    captioner.load()
    return captioner


@pytest.mark.parametrize("kind", [DummyAudio, DummyVideo])
def test_what_is_said_hangs_on_the_clip_alone(kind: type[Captioner]) -> None:
    batch = [_media(f"{i:032x}") for i in range(40)]
    said = _captioner(kind).caption(batch)
    assert [w.clip_id for w in said] == [m.clip_id for m in batch]
    assert _captioner(kind).caption(batch[::-1]) == said[::-1]
    assert len({w.text for w in said}) > 10


def test_claims_fit_their_modality_and_have_scores() -> None:
    for kind in (DummyAudio, DummyVideo):
        (weak,) = _captioner(kind).caption([_media("a")])
        assert 1 <= len(weak.claims) <= 3
        for claim in weak.claims:
            assert claim.modality == kind.modality
            assert 0.5 <= claim.score < 1


def test_a_batch_takes_its_time_for_each_16_clips(monkeypatch: pytest.MonkeyPatch) -> None:
    captioner, slept = _captioner(batch_ms=40), list[float]()
    monkeypatch.setattr("captioners.dummy.time.sleep", slept.append)
    for clips in (1, 16, 17):
        captioner.caption([_media(str(i)) for i in range(clips)])
    assert slept == [0.04, 0.04, 0.08]


def test_a_marked_clip_fails_its_batch_and_names_it() -> None:
    captioner = _captioner(fail_on=["bad"])
    assert len(captioner.caption([_media("good")])) == 1
    with pytest.raises(RuntimeError, match="bad1"):
        captioner.caption([_media("good"), _media("bad1")])


def test_a_mark_may_be_of_the_content() -> None:
    with pytest.raises(RuntimeError):
        _captioner(fail_on=["beef"]).caption([_media("a", "beefcafe")])


@pytest.mark.run
def test_a_marked_clip_ends_the_process() -> None:
    process = multiprocessing.get_context("fork").Process(
        target=lambda: _captioner(crash_on=["bad"]).caption([_media("bad")])
    )
    process.start()
    process.join(30)
    assert process.exitcode == 13


def test_a_marked_clip_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 100:
            raise TimeoutError

    monkeypatch.setattr("captioners.dummy.time.sleep", sleep)
    captioner = _captioner(hang_on=["bad"])
    captioner.caption([_media("good")])
    assert slept == [0]
    with pytest.raises(TimeoutError):
        captioner.caption([_media("good"), _media("bad")])
