"""The sections of a file of rules. What a default leaves out asks for nothing."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from manifests.captions import CAPTIONS, CaptionName
from manifests.faults import FAULTS

Flag = Literal["email", "phone", "card", "profanity"]
Pair = Literal["audio_video", "audio_caption", "visual_caption", "audio_visual_caption"]
Rank = Literal["stage", "confidence", "support", "similarity", "newest"]


def _off(value: Any) -> Any:
    return None if value == "off" else value


Share = Annotated[float, Field(ge=0, le=1)]
Cosine = Annotated[float, Field(gt=0, le=1)]
Limit = Annotated[float | None, Field(gt=0, le=1), BeforeValidator(_off)]
Count = Annotated[int, Field(ge=1)]
Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Split = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class InputRule(Section):
    """Captions of one workspace. name: what the release calls it; of several inputs each has its own.
    job: how the digest of a captioning begins, the newest where it is left out. real: people wrote them.
    """

    workspace: Text
    name: Name
    job: Annotated[str, Field(pattern="^[0-9a-f]{1,16}$")] | None = None
    real: bool = False


class Winner(Section):
    """Which of several caption sets of one clip stays, and which of several duplicates: the first of
    these in which they differ decides, the greater wins. What has no value loses. newest: of the input
    whose captioning began last."""

    order: Annotated[tuple[Rank, ...], Field(min_length=1)] = ("stage", "newest")

    @field_validator("order")
    @classmethod
    def _once(cls, order: tuple[Rank, ...]) -> tuple[Rank, ...]:
        return each_once(order)


class Keep(Section):
    """What a row needs to stay.

    captions: any one, all three, or all of those listed. writer: "llm" drops rows of which a template
    wrote a caption. min_confidence: of the mean over all claims; without a number a claim counts as the
    least of its tier, without support as 0. min_support: share of claims that the evidence supports.
    min_similarity: of sound, picture and captions by the encoder; a pair that the clip lacks is not
    asked for. lints: none of these faults among replies that were refused, at any step of the ladder
    ("loop") or at one ("first:loop"). flags: none of these. licences: every licence behind the row is
    one of these. outputs_train: all of them surely allow to train other models. min_ms, max_ms: length
    of the clip; a still has 0. languages: of the transcript, where there is one.

    Rules on how captions were written (writer, confidence, support, lints) leave inputs by people alone.
    """

    captions: Literal["any", "all"] | Annotated[tuple[CaptionName, ...], Field(min_length=1)] = (
        "any"
    )
    writer: Literal["llm", "any"] = "any"
    min_confidence: Share | None = None
    min_support: Share | None = None
    min_similarity: dict[Pair, Annotated[float, Field(ge=-1, le=1)]] = {}
    lints: tuple[Text, ...] = ()
    flags: tuple[Flag, ...] = ()
    licences: tuple[Text, ...] = ()
    outputs_train: bool = False
    min_ms: Annotated[int, Field(ge=0)] | None = None
    max_ms: Annotated[int, Field(ge=0)] | None = None
    languages: tuple[Annotated[str, Field(pattern="^[a-z]{2,3}$")], ...] = ()

    @field_validator("lints")
    @classmethod
    def _known(cls, lints: tuple[str, ...]) -> tuple[str, ...]:
        for lint in lints:
            if lint.rpartition(":")[2] not in FAULTS:
                raise ValueError(
                    f"{lint!r} is no lint: there are {', '.join(FAULTS)}; of one step of the ladder as "
                    "step:name, such as first:loop"
                )
        return lints

    @model_validator(mode="after")
    def _possible(self) -> "Keep":
        if self.min_ms is not None and self.max_ms is not None and self.min_ms > self.max_ms:
            raise ValueError("min_ms is more than max_ms: no clip is both; lower min_ms")
        return self

    @property
    def needed(self) -> tuple[CaptionName, ...]:
        """Captions that a row must have, beside any one."""
        if self.captions == "any":
            return ()
        return CAPTIONS if self.captions == "all" else self.captions


class Duplicates(Section):
    """Of which rows one stays. media: cosine of embeddings from which on clips are duplicates. captions:
    rows with equal captions. near_captions: Jaccard similarity of captions from which on rows are
    duplicates. "off", or left out: none are."""

    media: Limit = None
    captions: bool = False
    near_captions: Limit = None


class Caps(Section):
    """The most rows with the same source, and with the same most telling caption; None: any number."""

    source: Count | None = None
    caption: Count | None = None


class Mix(Section):
    """The ratio of rows by people to synthetic ones, such as 1 to 10. What is too many leaves."""

    real: Annotated[float, Field(gt=0)]
    synthetic: Annotated[float, Field(gt=0)]

    @property
    def share(self) -> float:
        """The share of rows by people."""
        return self.real / (self.real + self.synthetic)


class Decontaminate(Section):
    """Evaluation sets whose clips leave. lists: files of ids, hashes, uris or file names (`lists`).
    workspaces: of evaluation clips. near_media: cosine of embeddings from which on a clip is one of
    theirs."""

    lists: tuple[Text, ...] = ()
    workspaces: tuple[Text, ...] = ()
    near_media: Limit = None

    @model_validator(mode="after")
    def _possible(self) -> "Decontaminate":
        if self.near_media is not None and not self.workspaces:
            raise ValueError(
                "near_media compares with embeddings of evaluation workspaces, and there are none: name "
                "them in workspaces, or leave near_media out"
            )
        return self


class Takedown(Section):
    """Files of ids, hashes, uris or file names of clips that must leave (`lists`)."""

    lists: tuple[Text, ...] = ()


class Reviews(Section):
    """What people said of the captions. use: false: it changes nothing. workspaces: whose reviews are
    used beside those of the inputs, such as folders of reviews of releases."""

    use: bool = True
    workspaces: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _possible(self) -> "Reviews":
        if self.workspaces and not self.use:
            raise ValueError("workspaces are named and use is false: leave one out")
        return self


class Shuffle(Section):
    """seed: of the order of rows, of the splits, and of what stays where nothing else decides."""

    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0


class Output(Section):
    """What is written.

    part_rows, part_mb: size of a data part, of its tar where there are media; one of them, else parts of
    about 256 MB, with media 1024. evidence, claims, embeddings: side files. media: "webdataset" writes
    the clips' media beside. links_only: of the media nothing but where it is, so no transcript and none
    of these.
    """

    part_rows: Count | None = None
    part_mb: Count | None = None
    evidence: bool = True
    claims: bool = True
    media: Literal["none", "webdataset"] = "none"
    links_only: bool = False
    embeddings: bool = False

    @model_validator(mode="before")
    @classmethod
    def _without_sides(cls, data: Any) -> Any:
        """Links only: side files are off unless they are asked for, which is refused."""
        if isinstance(data, dict) and data.get("links_only") is True:
            return {"evidence": False, "claims": False, **data}
        return data

    @model_validator(mode="after")
    def _possible(self) -> "Output":
        if self.part_rows is not None and self.part_mb is not None:
            raise ValueError("part_rows and part_mb both say how large a part is: leave one out")
        asked = {
            "evidence": self.evidence,
            "claims": self.claims,
            "embeddings": self.embeddings,
            "media": self.media != "none",
        }
        if self.links_only and any(asked.values()):
            named = ", ".join(name for name, wanted in asked.items() if wanted)
            raise ValueError(f"links_only has nothing made of the media: leave {named} out")
        return self


def each_once(names: tuple[Any, ...]) -> tuple[Any, ...]:
    """The names. Raises ValueError for one that is there twice."""
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name} is there twice: each may be named once")
    return names
