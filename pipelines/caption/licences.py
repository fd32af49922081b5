"""Under which terms captions may be used: those of every model behind a row."""

from collections.abc import Mapping
from dataclasses import dataclass

from captioners.weights.models import terms
from captioners.weights.terms import UNKNOWN, Terms
from engine.profile.profile import CaptionerSpec, Profile
from engine.profile.writer import WriterSpec
from engine.servers.spec import ServerSpec
from engine.stages.models import model_class


@dataclass(frozen=True, slots=True)
class Licence:
    """Terms of a row. text: licences of all models, joined as SPDX does. outputs_train: whether they let
    the row train other models, None where one of them is unknown and none forbids it. of: terms by the
    name of a model, a captioner or a server."""

    text: str
    outputs_train: bool | None
    of: Mapping[str, Terms]


def licence(profile: Profile, writer: WriterSpec) -> Licence:
    """The terms of every row that a profile makes."""
    captioners = profile.captioners
    loaded = [name for spec in captioners for name in model_class(spec).packs_of(spec.options)]
    packaged = packaged_terms(captioners)
    served = {
        server.model or server.name: served_terms(server)
        for server in profile.servers
        if server.model or server.urls
    }
    of = {name: terms(name) for name in loaded} | packaged | served
    answers = [each.outputs_train for each in of.values()]
    outputs_train = False if False in answers else None if None in answers else True
    asked = [profile.server(spec.server) for spec in captioners if spec.server]
    behind = [terms(name) for name in loaded] + [*packaged.values()]
    behind += [served_terms(server) for server in asked if server.model or server.urls]
    written = served_terms(profile.server(writer.model))
    if written != UNKNOWN or writer.licence is None:
        behind.append(written)
    stated = {writer.licence} if writer.licence else set()
    text = " AND ".join(sorted({each.licence for each in behind} | stated))
    return Licence(text, outputs_train, of)


def packaged_terms(captioners: tuple[CaptionerSpec, ...]) -> dict[str, Terms]:
    """Terms of weights inside packages and of imported captions, by the captioner's name."""
    stated = {spec.name: model_class(spec).terms_of(spec.options) for spec in captioners}
    return {name: own for name, own in stated.items() if own is not None}


def served_terms(server: ServerSpec) -> Terms:
    """The terms of what a server says: those of its model, else what the profile states."""
    of_model = terms(server.model) if server.model else UNKNOWN
    if of_model != UNKNOWN or server.licence is None:
        return of_model
    return Terms(licence=server.licence, outputs_train=server.outputs_train)
