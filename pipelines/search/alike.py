"""What `captionmill duplicates` prints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from pipelines.search.clips import Clip
from pipelines.search.duplicates import Member
from pipelines.search.places import path, place
from pipelines.search.stored import COLUMNS, LACKS, By
from pipelines.terminal import counted, one_line


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Clips that are nearly alike, in groups, and files of the same bytes.

    at_least: the cosine from which on clips count as alike. listed: by id, the clips of all groups.
    copies: URIs by content, of contents that several files have. vectors: that were compared. clips:
    embedded.
    """

    by: By
    at_least: float
    groups: Sequence[Sequence[Member]]
    listed: Mapping[str, Clip]
    copies: Mapping[str, Sequence[str]]
    vectors: int
    clips: int

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "by": self.by,
            "at_least": self.at_least,
            "vectors": self.vectors,
            "clips": self.clips,
            "groups": [[self._member(member) for member in group] for group in self.groups],
            "same_bytes": list(self.copies.values()),
        }

    def _member(self, member: Member) -> dict[str, Any]:
        clip = self.listed[member.clip_id]
        same = [uri for uri in self.copies.get(clip.content_hash or "", ()) if uri != clip.uri]
        told = {"similarity": member.similarity, "like": member.like, "same_bytes": same}
        return clip.to_json() | told

    def lines(self) -> "list[Text]":
        """For people."""
        count = sum(map(len, self.groups))
        printed = [
            Text(
                f"{counted(len(self.groups), 'group')} of near-duplicates, {counted(count, 'clip')} "
                f"(cosine at least {self.at_least:g}, by {self.by})"
            )
        ]
        for number, group in enumerate(self.groups, 1):
            printed.append(Text(f"group {number}", style="cyan"))
            printed += map(self._line, group)
        if self.copies:
            printed.append(Text("files of the same bytes, each worked once", style="cyan"))
        for uris in self.copies.values():
            printed.append(Text(f"  {path(uris[0])}"))
            printed += [Text(f"    = {path(uri)}") for uri in uris[1:]]
        if lacking := self.clips - self.vectors:
            verb = "has" if lacking == 1 else "have"
            lacks = f"{counted(lacking, 'clip')} {verb} no {LACKS[COLUMNS[self.by]]}"
            printed.append(Text(f"not compared: {lacks}", style="dim"))
        return printed

    def _line(self, member: Member) -> Text:
        clip = self.listed[member.clip_id]
        similarity = "     " if member.similarity is None else f"{member.similarity:.3f}"
        caption = one_line(clip.caption(self.by) or "")
        return (
            Text(f"  {similarity}  ", style="cyan")
            + Text(place(clip), style="bold")
            + Text(f"  {clip.clip_id[:12]}", style="dim")
            + Text(f"  {caption}" if caption else "")
        )
