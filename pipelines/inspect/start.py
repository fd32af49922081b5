"""One start of the app."""

from collections.abc import Callable
from dataclasses import dataclass

from manifests.workspace import Workspace
from pipelines.inspect.sets import Inspected


@dataclass(frozen=True, slots=True)
class Start:
    """What is shown, to whom, and how a browser gets in.

    reviews: the workspace that what is said is stored in; None where nothing can be. token, cookie: as in
    `pipelines.inspect.security`. told: is called with lines for the terminal. plan: whose clips are
    shown.
    """

    shown: Inspected
    reviews: Workspace | None
    reviewer: str
    token: str
    cookie: str
    told: Callable[[str], None]
    plan: str | None = None
