"""The contract between the engine and a model: a captioner, or whatever another stage asks.

A model declares what it needs of a clip, loads its weights once, and maps a batch of clips to answers,
a captioner to weak captions. It knows nothing of Ray, files or other clips. A model that vLLM serves is
asked through a `ModelServer` that the engine hands in; everything else is loaded in its own process.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

from captioners.weights.terms import Terms
from manifests.evidence import Modality, WeakCaption
from manifests.media import Media, Needs


class Packs(Protocol):
    """Where a captioner finds its weights."""

    def path(self, pack: str) -> Path:
        """Folder of a fetched and checked pack, or of a fetched hub model (`hub:<owner>/<name>`).

        Raises `captioners.weights.packs.PackMissing`.
        """
        ...


class Answer(Protocol):
    """What a model says of one clip; `clip_id` is that of the media object it was made from."""

    @property
    def clip_id(self) -> str:
        """The clip."""
        ...


class ModelServer(Protocol):
    """The model server that a profile gives to a captioner: all its replicas behind one name.

    model: what requests call it.
    """

    model: str

    def post(self, path: str, bodies: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The JSON replies to requests that are sent together, in the order of `bodies`.

        path: below `/v1`, "/chat/completions". A server that is away is waited for. Raises an
        exception that names the server's words when it refuses one of them.
        """
        ...


class Model(ABC):
    """What a host loads once and asks about batches. Named by a profile as `module:Class`.

    needs: what it wants decoded. packs: names of its model packs, or hub models as
    `hub:<owner>/<name>` (their versions enter its digest). terms: of weights that come inside an
    installed package. version: raise it when the code changes what is answered. server: set before
    `load` where the profile names a server for it.
    """

    needs: ClassVar[Needs]
    packs: ClassVar[tuple[str, ...]] = ()
    terms: ClassVar[Terms | None] = None
    version: ClassVar[int] = 1

    def __init__(self, name: str, packs: Packs, options: Mapping[str, Any] | None = None) -> None:
        self.name = name
        self.weights = packs
        self.options: Mapping[str, Any] = options or {}
        self.server: ModelServer | None = None

    @classmethod
    def needs_of(cls, options: Mapping[str, Any]) -> Needs:
        """What it wants decoded under these options of a profile."""
        return cls.needs

    @classmethod
    def packs_of(cls, options: Mapping[str, Any]) -> tuple[str, ...]:
        """The packs and hub models that it loads under these options: its own, or `options.model`."""
        return (str(options["model"]),) if "model" in options else cls.packs

    @classmethod
    def terms_of(cls, options: Mapping[str, Any]) -> Terms | None:
        """The terms of what it answers under these options, beside those of its packs and server."""
        return cls.terms

    @classmethod
    def state_of(cls, options: Mapping[str, Any]) -> str:
        """What else its answers depend on, such as the content of a file that the options name: it
        enters its digest."""
        return ""

    @abstractmethod
    def load(self) -> None:
        """Brings the weights to memory; called once, in the process and thread that answers."""

    @abstractmethod
    def answer(self, batch: Sequence[Media]) -> Sequence[Answer]:
        """One answer for each clip of the batch, in any order.

        Every clip of the batch has what `needs` asks for: the engine skips the others.
        """


class Captioner(Model):
    """One weak captioner. Subclasses live one model family a file.

    modality: what it perceives.
    """

    modality: ClassVar[Modality]

    @abstractmethod
    def caption(self, batch: Sequence[Media]) -> list[WeakCaption]:
        """One weak caption for each clip of the batch, in its order."""

    def answer(self, batch: Sequence[Media]) -> Sequence[WeakCaption]:
        """The weak captions of a batch."""
        return self.caption(batch)

    def weak(self, media: Media, **said: Any) -> WeakCaption:
        """A weak caption of `media` by this captioner."""
        return WeakCaption(
            clip_id=media.clip_id, content_hash=media.content_hash, captioner=self.name, **said
        )
