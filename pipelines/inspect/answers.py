"""What the pages of both apps are made with: routes, files, and templates."""

from collections.abc import Callable, Iterable, Mapping
from importlib.resources import files
from typing import Any

from fastapi import FastAPI
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from manifests.errors import UserError
from pipelines.report.shown import visible

Answer = Callable[..., Any]

_TYPES = {"js": "text/javascript", "svg": "image/svg+xml", "css": "text/css"}
_STYLE = "style.css"


def routed(
    gets: Mapping[str, Answer], posts: Mapping[str, Answer], missing: Answer, failed: Answer
) -> FastAPI:
    """An app that answers at these paths, the first one that fits. missing: answers for what is not
    there; failed: for what can't be read."""
    made = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    for method, answers in (("GET", gets), ("POST", posts)):
        for path, answer in answers.items():
            made.add_api_route(path, answer, methods=[method], response_model=None)
    made.add_exception_handler(404, missing)
    made.add_exception_handler(UserError, failed)
    return made


class Static:
    """Files of the app itself. names: those that there are beside the style sheet."""

    def __init__(self, names: Iterable[str]) -> None:
        folder = files("pipelines.inspect") / "static"
        self._files = {name: (folder / name).read_bytes() for name in (*names, _STYLE)}
        report = files("pipelines.report") / "templates" / _STYLE
        self._files[_STYLE] = report.read_bytes() + self._files[_STYLE]

    def answer(self, name: str) -> Response:
        """One of them."""
        if name not in self._files:
            return PlainTextResponse("There is no such file.", 404)
        return Response(self._files[name], media_type=_TYPES[name.rpartition(".")[2]])


class Templates:
    """The templates of both apps, and those parts of cards that the report has too. common: values that
    all pages have."""

    def __init__(self, **common: Any) -> None:
        self._common = common
        self._made = Environment(
            loader=ChoiceLoader(
                [PackageLoader("pipelines.inspect"), PackageLoader("pipelines.report")]
            ),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._made.filters |= {"visible": visible}
        # Drawings of ours, in which every text is escaped.
        self._made.filters["drawing"] = Markup

    def page(self, name: str, status: int = 200, **values: Any) -> HTMLResponse:
        """A page."""
        text = self._made.get_template(name).render(**self._common, **values)
        return HTMLResponse(text.encode("utf-8", "replace"), status)
