from __future__ import annotations

import sys
from pathlib import Path

# The synthetic run directory is shared with the tests of the report.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))
