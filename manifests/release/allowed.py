"""Whether the licences behind a row are among those that the rules allow."""

from manifests.release.licences import CLASSES, licence_class
from manifests.release.sections import Keep


def allows(keep: Keep, licence: str | None, outputs_train: bool | None) -> bool:
    """Whether a row may stay. licence: an SPDX expression; of names joined by OR one has to be allowed,
    of those joined by AND each. What is put together otherwise is not."""
    if keep.outputs_train and outputs_train is not True:
        return False
    if not keep.licences or licence_class(licence, outputs_train) in keep.licences:
        return True
    names = {name.lower() for name in keep.licences if name not in CLASSES}
    return all({name.lower() for name in choices} & names for choices in _parts(licence))


def names_in(licence: str | None) -> set[str]:
    """The names of an SPDX expression that rules can allow."""
    return set().union(*_parts(licence)) - {""}


def _parts(licence: str | None) -> list[set[str]]:
    """Of each part that AND joins, the names of which one has to be allowed."""
    return [_choices(part) for part in (licence or "").split(" AND ")]


def _choices(part: str) -> set[str]:
    """The names of which one may be chosen."""
    if part.startswith("(") and part.endswith(")"):
        part = part[1:-1]
    return {name.strip() for name in part.split(" OR ")}
