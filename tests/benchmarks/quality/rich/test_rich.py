"""The rich bench is the same for a seed, large enough, and its captions are what they claim to be."""

import re
from collections import Counter
from functools import lru_cache
from typing import Any

from benchmarks.quality.rich import cases
from benchmarks.quality.rich.alter import get
from benchmarks.quality.rich.evidence import GRAMMARS, Told, tell, without
from benchmarks.quality.rich.report import AIMS, Row, met, part, report
from benchmarks.quality.rich.swaps import FAULTS

_SIDES = {
    "audio_caption": ("audio",),
    "visual_caption": ("video",),
    "audio_visual_caption": ("audio", "video"),
}
_HEARD = ("sounds", "speech", "music")
_JOINING = re.compile(
    "(an?|and|after|are|as|audible|be|before|by|can|comes|first|followed|heard|in|is|saying|shows"
    "|the|then|view|voice|while|with|words)"
)
"""What captions join the evidence's words with."""


@lru_cache(maxsize=1)
def _items() -> list[dict[str, Any]]:
    return cases.items(1)


@lru_cache(maxsize=1)
def _told() -> list[Told]:
    return cases.told(1)


def _stem(word: str) -> str:
    return word.replace("y", "i")[:3]


def _words(text: str) -> set[str]:
    return {_stem(w) for w in re.findall(r"\w+", text.lower())}


def test_the_same_seed_gives_the_same_items_and_another_one_others() -> None:
    assert cases.items(1, 24) == _items()[:24]
    others = cases.items(2, 24)
    assert not {x["scene"] for x in others} & {x["scene"] for x in _items()}
    assert all(a["truth"] != b["truth"] for a, b in zip(_items(), others, strict=False))


def test_there_are_enough_of_each_kind() -> None:
    assert len(_items()) >= 300
    faults = Counter(bad["fault"] for item in _items() for bad in item["bad"])
    assert set(faults) == set(FAULTS)
    assert min(faults.values()) >= 100
    assert set(Counter(x["grammar"] for x in _items()).values()) == {120}
    captions = Counter(good["caption"] for item in _items() for good in item["good"])
    assert min(captions[c] for c in _SIDES) >= 500


def test_good_captions_say_only_what_the_evidence_of_their_side_says() -> None:
    for item in _items():
        for good in item["good"]:
            sides = _SIDES[good["caption"]]
            told = [i for i in item["evidence"] if i["modality"] in sides]
            known = _words(
                " ".join(i.get("text", "") + " " + i.get("transcript", "") for i in told)
            )
            new = {w for w in re.findall(r"\w+", good["text"].lower()) if not _JOINING.fullmatch(w)}
            assert not {w for w in new if _stem(w) not in known}, (good["text"], item["id"])


def test_wrong_details_are_in_one_captioner_and_in_no_good_caption() -> None:
    wrong = 0
    for told in _told():
        for one in told.wrong:
            wrong += 1
            assert str(get(told.truth, one.path)) != one.told
            if one.path.startswith(_HEARD):
                assert get(told.scene, one.path) == get(told.truth, one.path)
            else:
                assert told.scene == without(told.truth, one.path) != told.truth
            texts = {i["captioner"]: i["text"] for i in told.evidence if "text" in i}
            assert one.captioner in texts
    assert wrong >= 300


def test_bad_captions_differ_from_their_good_one_and_never_tell_a_disputed_detail() -> None:
    for item, told in zip(_items(), _told(), strict=True):
        goods = {good["text"] for good in item["good"]}
        for bad in item["bad"]:
            assert bad["text"] != bad["of"]
            assert bad["text"] not in goods
            wrong = {w.path for w in told.wrong if w.path.startswith(_HEARD)}
            assert not wrong & set(bad["path"].split("+"))


def test_every_grammar_can_tell_every_scene() -> None:
    for told in _told()[:60]:
        texts = {tell(told.truth, grammar).text() for grammar in GRAMMARS}
        assert len(texts) == len(GRAMMARS)


def test_the_report_counts_by_scene_and_knows_the_aims() -> None:
    rows = [
        Row(
            f"s{at}",
            "reporter",
            "visual_caption",
            "refused" if at % 10 == 0 else "accepted",
            style="copy",
        )
        for at in range(50)
        for _ in range(4)
    ]
    rows += [
        Row(f"s{at}", "reporter", "visual_caption", "refused", fault="order") for at in range(50)
    ]
    found = part([r for r in rows if r.style], "refused")
    assert found.value == 0.1
    assert found.clips == 50
    assert found.low is not None and found.high is not None
    assert found.high - found.low > 0.12
    assert met(rows) == {AIMS[0].name: False, AIMS[-1].name: True}
    text = report(rows)
    first, last = (x for x in text.splitlines() if x.endswith((" missed |", " met |")))
    assert first.startswith("| good, close to the wording, refused | at most 3 % | 10.0 %")
    assert last.startswith("| bad, accepted: role")
