"""How captions are written: the `[writer]` part of a profile.

Every process of a run reads what it is told of a profile, and few of them write: what makes prompts is
imported where it is used.
"""

from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from manifests.captions import Domain
from prompts import VERSION
from prompts.schema import CAPTION_CHARS

if TYPE_CHECKING:
    from prompts.render import Template
    from prompts.selection import Facts


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Rung(_Part):
    """One step of the ladder: a request for the captions that are still missing.

    prompt: name or .toml path of a template; domains: other ones for clips whose sound is understood
    speech, or music and nothing else (`Facts.domain`). rich: by the same domains, those for clips of
    which a captioner speaks in sentences; "general" for domains without one of their own. whole: ask
    for all captions of the clip, not for the missing ones alone; those already accepted stay. repair:
    add the faults to the request. temperature: 0 is greedy. candidates: replies asked for at once; of
    those without fault the one that tells most is kept (`prompts.choice`). A rung's seed comes from the
    clip and the rung's name.
    vLLM's CPU build (0.32) dies of a seeded request at a temperature above 0 whose prompt it prefills
    in chunks ("CPU Generator does not use offset"): start it with --no-enable-chunked-prefill, or stay
    greedy.
    """

    name: str
    prompt: str
    domains: dict[Domain, str] = {}
    rich: dict[Domain, str] = {}
    whole: bool = True
    repair: bool = False
    temperature: float = Field(0.0, ge=0, le=2)
    candidates: int = Field(1, ge=1, le=16)
    max_tokens: int = Field(320, ge=16)

    @property
    def prompts(self) -> tuple[str, ...]:
        """All templates that it may use, in an order that stays when the profile is stored."""
        others = (*sorted(self.domains.items()), *sorted(self.rich.items()))
        return (self.prompt, *(name for _, name in others))

    def prompt_of(self, facts: "Facts") -> str:
        """The template for a clip."""
        if self.rich and facts.is_rich:
            return self.rich.get(facts.domain, self.rich["general"])
        return self.domains.get(facts.domain, self.prompt)

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.rich and "general" not in self.rich:
            raise ValueError(
                f'rung {self.name}: rich has no prompt for clips of no domain: add general = "..."'
            )
        return self

    @model_validator(mode="after")
    def _differ(self) -> Self:
        if self.candidates > 1 and not self.temperature:
            raise ValueError(
                f"rung {self.name}: {self.candidates} candidates at temperature 0 are all alike: "
                "give a temperature, such as 0.7"
            )
        return self


class WriterSpec(_Part):
    """How captions are written.

    model: name of its server in the profile. licence: of what it writes, where nothing is known of its
    server's model. ladder: after its last rung the template writes. variants: further captions of each
    clip, a style of the first rung's prompt for each; "plain" is a paraphrase. embedder: model by which
    guards know words that the word table lacks (`prompts.nearness`). thesaurus: pack of WordNet, by which
    they compare captions with sentences of captioners (`prompts.meaning`); without it words decide.
    judge: ask the model about captions that this leaves in doubt (`prompts.judge`). guided: send the
    reply's JSON schema with the request. caption_chars: of one caption at most. concurrency: requests at
    a time of each shard worker. Only what shapes a caption is in `settings`.
    """

    model: str = "writer"
    licence: str | None = None
    ladder: tuple[Rung, ...] = (
        Rung(name="first", prompt="terse"),
        Rung(name="draft", prompt="terse-draft"),
        Rung(name="other", prompt="terse-other"),
    )
    variants: tuple[str, ...] = ()
    embedder: str | None = None
    thesaurus: str | None = None
    judge: bool = False
    guided: bool = True
    caption_chars: int = Field(CAPTION_CHARS, ge=80, le=2000)
    concurrency: int = Field(32, ge=1)

    @model_validator(mode="after")
    def _has_styles(self) -> Self:
        if not self.variants:
            return self
        if not self.ladder:
            raise ValueError("variants need a ladder: its first rung's prompt writes them")
        from prompts.render import PLAIN, load

        try:
            prompts = [load(name) for name in self.ladder[0].prompts]
        except OSError:
            return self  # computing its digest raises the error
        for prompt in prompts:
            styles = (PLAIN, *prompt.styles)
            if missing := [style for style in self.variants if style not in styles]:
                raise ValueError(
                    f"the prompt {prompt.id} has no style {missing[0]!r}; it has {', '.join(styles)}"
                )
        return self

    def settings(self) -> dict[str, Any]:
        """What enters the config digest: model, licence, ladder and its prompts, variants; not where
        the server is nor how many requests it gets at a time."""
        from prompts.judge import BELIEVED, QUESTION
        from prompts.meaning.compare import versions

        return {
            **self.model_dump(mode="json", exclude={"concurrency"}),
            "prompts": self.prompt_digest(),
            "guards": guards_state(),
            "meaning": versions() if self.thesaurus else [],
            "question": [QUESTION, BELIEVED] if self.judge else [],
        }

    def templates(self) -> dict[str, "Template"]:
        """All templates of the ladder by name. Raises OSError, ValueError."""
        from prompts.render import load

        return {name: load(name) for rung in self.ladder for name in rung.prompts}

    def prompt_digest(self) -> str:
        """Digest of all prompts, schemas and limits of the ladder. Raises OSError, ValueError."""
        from prompts.render import load, prompt_digest

        return prompt_digest(
            [load(name) for rung in self.ladder for name in rung.prompts],
            self.caption_chars,
            [rung.model_dump(mode="json") for rung in self.ladder],
        )


def guards_state() -> list[Any]:
    """Versions of the guards and of the table of what implies what."""
    from prompts.words import lexicon_digest

    return [VERSION, lexicon_digest()]
