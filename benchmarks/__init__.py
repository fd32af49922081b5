"""Benchmarks are processes of captionmill's own: importing torch must not fail in them.

This comes before every import of torch or transformers, which remember what they found.
"""

from engine import torch_cpu

torch_cpu.switch_on()
