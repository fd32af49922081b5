"""What the writer was asked about a clip.

A workspace keeps no prompts, but everything that they follow from. So the prompt is made again of the
clip's evidence, and shown only if its digest is the one that the row of captions has.
"""

from functools import lru_cache
from typing import TYPE_CHECKING

from engine.run.settings import read
from manifests.evidence import evidence_from_row
from manifests.workspace import Workspace
from pipelines.inspect.sets import Inspected, Row, WorkspaceSet

if TYPE_CHECKING:
    from pipelines.caption.installed import Installed

_REPLIES = (
    "Replies are not stored. The captions above are what was taken of them; faults of those that were "
    "refused stand with the evidence."
)


def asked(shown: Inspected, row: Row) -> str:
    """The first request for a clip in full, or why it can't be shown."""
    if not isinstance(shown, WorkspaceSet):
        return "A release does not say how its captions were asked for; its workspaces do."
    if row["writer"] is None:
        return "No language model was asked about this clip."
    from captioners.weights.packs import PackError
    from pipelines.caption.writer import first_messages
    from prompts.render import clip_prompt_digest

    try:
        wrote = _writer(shown.workspace, shown.captioned.job.digest)
    except PackError as missing:
        return f"The prompt follows from the guards' models, which are not here: {missing}"
    if wrote is None:
        return "Prompts or guards have changed since: the prompt can't be made again."
    facts = wrote.guards.select(evidence_from_row(row))
    messages = first_messages(wrote.spec, wrote.templates, row["clip_id"], facts)
    if clip_prompt_digest(wrote.spec.prompt_digest(), messages) != row["prompt_digest"]:
        return "The prompt that this version makes of the evidence is not the one that was asked."
    parts = [f"[{message['role']}]\n{message['content']}" for message in messages]
    told = f"Prompt {row['prompt_digest']}, the same as was asked:"
    return "\n\n".join([told, *parts, _REPLIES])


@lru_cache(maxsize=1)
def _writer(workspace: Workspace, job: str) -> "Installed | None":
    from pipelines.caption.installed import installed_writer

    return installed_writer(read(workspace, job))
