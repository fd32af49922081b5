"""A dummy captioner that asks for many large frames: what tests bound are then bytes of media. Only
captionmill's processes may import it."""

import os

from captioners.dummy import DummyVideo
from engine.torch_cpu import SWITCH
from manifests.media import Needs

if os.environ.get(SWITCH) != "1":
    raise ImportError("this process is not marked as captionmill's")

SIDE, FRAMES = 256, 16


class Wide(DummyVideo):
    """Says what `DummyVideo` says, of 3 MiB of frames a clip."""

    needs = Needs(frames=FRAMES, frame_px=SIDE)
