"""What all tests share."""

from __future__ import annotations

import os

# Read when torch is loaded, here and in every process a test starts: many small jobs on few cores do better
# with one thread each, and one thread always gives the same bits.
os.environ.setdefault("OMP_NUM_THREADS", "1")
