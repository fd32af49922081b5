"""What the scripted servers answer.

Nothing depends on the order of requests or on ids of clips: a chat server reads the mark in the media
that a request carries, the writer's finds the case by the evidence in its prompt. A reply takes a little
longer or shorter by its case, so that replies come back in another order.
"""

import base64
import io
import math
import threading
import time
import wave
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.quality.rich.scripted import finding, marks
from benchmarks.quality.rich.scripted.clips import Clip, by_mark
from manifests.captions import CaptionName
from prompts.render import available, load

Request = Mapping[str, Any]
_LOGPROB = -0.2
_SURE = math.log(0.95)
_SLOWEST_S = 0.03
_START = 12
"""Letters of a transcript by which it is known in a prompt."""


class Chat:
    """What chat captioners say. asked: requests by model and mark, None for one that carries no mark or
    several."""

    def __init__(self) -> None:
        self.asked: Counter[tuple[str, int | None]] = Counter()
        self._lock = threading.Lock()

    def __call__(self, request: Request, number: int) -> dict[str, Any]:
        """The reply to a captioner's request."""
        model = request["model"]
        read = {_mark(part) for part in _parts(request) if part["type"] != "text"}
        mark = read.pop() if len(read) == 1 else None
        with self._lock:
            self.asked[model, mark] += 1
        clip = by_mark(mark)
        if clip is None:
            return completion(request, ["The media of this request carry no mark."])
        _wait(clip)
        return completion(request, [clip.said.get(model, "")])


class Writer:
    """What the writer says: natural captions of the case that the prompt's evidence is of.

    replies: requests for captions by case. misled: the captions that were first answered badly. unknown:
    requests of which nobody can tell the case. transcripts: whether the first prompt of a case with a
    transcript had its words, by case. judged: sentences by the judge's answer.
    """

    def __init__(self, clips: Sequence[Clip]) -> None:
        self.replies: Counter[str] = Counter()
        self.misled: dict[tuple[str, CaptionName], str] = {}
        self.transcripts: dict[str, bool] = {}
        self.judged: Counter[str] = Counter()
        self.unknown = 0
        self._find = finding.Finder(clips)
        self._names = _names_of_keys()
        self._lock = threading.Lock()

    def __call__(self, request: Request, number: int) -> dict[str, Any]:
        """The reply to a request of the writer, or of its judge."""
        prompt = "\n".join(_text(message) for message in request["messages"])
        clip = self._find.clip(prompt)
        if clip is None:
            with self._lock:
                self.unknown += 1
            return completion(request, ["No case has this evidence."])
        _wait(clip)
        if is_judging(request):
            return self._judge(request, clip)
        return self._write(request, clip, prompt)

    def _write(self, request: Request, clip: Clip, prompt: str) -> dict[str, Any]:
        with self._lock:
            attempt = self.replies[clip.name]
            self.replies[clip.name] += 1
            if attempt == 0 and clip.transcript:
                self.transcripts[clip.name] = _shows(prompt, clip.transcript)
        keys = list(request["response_format"]["json_schema"]["schema"]["properties"])
        names = {key: self._names[key] for key in keys}
        candidates = [
            {key: clip.reply(name, attempt + more) for key, name in names.items()}
            for more in range(request.get("n", 1))
        ]
        for key, name in names.items():
            if attempt == 0 and candidates[0][key] in clip.bad.get(name, ()):
                self.misled[clip.name, name] = candidates[0][key]
        return completion(request, [finding.json_of(each) for each in candidates])

    def _judge(self, request: Request, clip: Clip) -> dict[str, Any]:
        sentence = judged_sentence(request)
        truth = finding.truth(sentence, clip)
        answer = {True: "yes", False: "no", None: "not scripted"}[truth]
        with self._lock:
            self.judged[answer] += 1
        return verdict(request, truth is True)


def is_judging(request: Request) -> bool:
    """Whether a request asks for a verdict on a sentence, not for captions."""
    return request.get("max_tokens") == 1 and bool(request.get("logprobs"))


def judged_sentence(request: Request) -> str:
    """The sentence that a judging request asks about: what is fenced in its last message."""
    return finding.fenced(_text(request["messages"][-1]))[-1]


def verdict(request: Request, truth: bool) -> dict[str, Any]:
    """A judge's reply of one token, with the log-probabilities of both answers."""
    answer, other = (" yes", " no") if truth else (" no", " yes")
    top = [_token(answer, _SURE), _token(other, math.log1p(-math.exp(_SURE)))]
    reply = completion(request, [answer])
    content = [{**_token(answer, _SURE), "top_logprobs": top}]
    reply["choices"][0]["logprobs"] = {"content": content}
    return reply


def completion(request: Request, texts: Sequence[str]) -> dict[str, Any]:
    """A chat completion with one choice for each text."""
    words = sum(len(text.split()) for text in texts)
    return {
        "id": "scripted",
        "object": "chat.completion",
        "created": 0,
        "model": request["model"],
        "choices": [
            {
                "index": at,
                "message": {"role": "assistant", "content": text},
                "finish_reason": "stop",
                "logprobs": {"content": [_token(word, _LOGPROB) for word in text.split()]},
            }
            for at, text in enumerate(texts)
        ],
        "usage": {"prompt_tokens": 100, "completion_tokens": words, "total_tokens": 100 + words},
    }


def _token(text: str, logprob: float) -> dict[str, Any]:
    return {"token": text, "logprob": logprob, "bytes": list(text.encode()), "top_logprobs": []}


def _wait(clip: Clip) -> None:
    time.sleep(_SLOWEST_S * (clip.mark * 37 % 101) / 101)


def _text(message: Mapping[str, Any]) -> str:
    content = message["content"]
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if part["type"] == "text")


def _parts(request: Request) -> list[dict[str, Any]]:
    return [
        part for m in request["messages"] if isinstance(m["content"], list) for part in m["content"]
    ]


def _mark(part: Mapping[str, Any]) -> int | None:
    """The mark of a sound or an image in a request."""
    if part["type"] == "input_audio":
        with wave.open(io.BytesIO(base64.b64decode(part["input_audio"]["data"]))) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
            return marks.heard(samples / 32768, file.getframerate())
    data = part["image_url"]["url"].partition(",")[2]
    with Image.open(io.BytesIO(base64.b64decode(data))) as image:
        return marks.seen(np.asarray(image.convert("RGB")))


def _names_of_keys() -> dict[str, CaptionName]:
    """Which caption a prompt means by a key of its reply."""
    return {key: name for prompt in available() for name, key in load(prompt).keys.items()}


def _shows(prompt: str, transcript: str) -> bool:
    """Whether a fence of the prompt begins as a transcript does."""
    start = finding.letters(transcript)[:_START]
    return any(finding.letters(fenced).startswith(start) for fenced in finding.fenced(prompt))
