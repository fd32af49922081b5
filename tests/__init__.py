"""Tests, which mirror the tree."""

import os

# Several processes of tests fill the cores. What computes with threads of its own beside them (torch,
# BLAS) takes twice as much of the processors, since these threads spin while they wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
