"""Errors of rules: each says which file, which key, and what to do."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from manifests.errors import UserError

_SHOWN = 80
"""Characters of a wrong value that are shown."""


class RulesError(UserError):
    """Rules of a release that can't be used; says file, key and what to do."""


def problem(error: ValidationError, source: str, model: type[BaseModel]) -> RulesError:
    """The first fault of a file as people read it."""
    faults = error.errors(include_url=False)
    # Of a value that may be of several types each type has a fault of its own: the innermost tells most.
    first = max(faults, key=lambda fault: len(_walk(fault["loc"], model)[0]))
    place, inside = _walk(first["loc"], model)
    key = ".".join(str(part) for part in place) or "the file"
    return RulesError(f"{source}: {key}: {_message(first, inside)}")


def _message(fault: Any, inside: type[BaseModel] | None) -> str:
    kind, context = fault["type"], fault.get("ctx", {})
    if kind == "extra_forbidden":
        known = ", ".join(inside.model_fields) if inside else ""
        return f"no such rule: there are {known}; correct its name or leave it out"
    if kind == "missing":
        return "is missing: add it"
    if kind == "value_error":
        return str(context["error"])
    value = repr(fault["input"])
    if len(value) > _SHOWN:
        value = f"{value[:_SHOWN]}..."
    message: str = fault["msg"].replace("tuple", "list").replace("Tuple", "List")
    return f"{value} can't be used: {message[:1].lower()}{message[1:]}"


def _walk(
    place: Sequence[str | int], model: type[BaseModel]
) -> tuple[list[str | int], type[BaseModel] | None]:
    """The keys of a place in a file, without the names that pydantic gives to the branches of a union,
    and the model of the table that holds the last of them."""
    keys: list[str | int] = []
    inside: type[BaseModel] | None = model
    current: type[BaseModel] | None = model
    for part in place:
        if isinstance(part, str) and part.endswith("]") and "[" in part:
            continue
        keys.append(part)
        inside = current
        if current is not None and isinstance(part, str):
            field = current.model_fields.get(part)
            current = _model_of(field.annotation) if field else None
        elif isinstance(part, int) and current is None:
            current = inside
    return keys, inside


def _model_of(annotation: Any) -> type[BaseModel] | None:
    """The model that a field holds, in a tuple or beside None too."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if isinstance(annotation, Mapping):
        return None
    return next((model for each in get_args(annotation) if (model := _model_of(each))), None)
