"""`import idn` and its first joint_loss against `import torch` and its first cross_entropy, in new processes.

Target: at most 1.15 of torch's time.
"""

from __future__ import annotations

import subprocess
import sys
import time

from side_by_side import arguments, compare, show

OURS = """
import idn, torch
idn.joint_loss([torch.zeros(4, 3)], torch.zeros(4, dtype=torch.int64))
"""
THEIRS = """
import torch
torch.nn.functional.cross_entropy(torch.zeros(4, 3), torch.zeros(4, dtype=torch.int64))
"""


def seconds(program: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)
    return time.perf_counter() - start


def main() -> None:
    options = arguments(__doc__, repeats=11)
    result = compare(lambda: seconds(OURS), lambda: seconds(THEIRS), options.repeats)
    show("import and first loss", result, "s", "<= 1.15", as_json=options.json)


if __name__ == "__main__":
    main()
