"""Print where the installed torch lies and what it is, without importing it.

Importing torch takes seconds and fails where its CUDA libraries are absent; a build needs neither.
"""

import importlib.util
import re
import sys
from pathlib import Path


def main() -> int:
    """Print version, cuda and root as key=value lines; return the exit status."""
    spec = importlib.util.find_spec("torch")
    if spec is None or not spec.submodule_search_locations:
        print(
            f"torch is not installed for {sys.executable}; install torch before building idn.",
            file=sys.stderr,
        )
        return 1
    root = Path(spec.submodule_search_locations[0]).absolute()
    text = (root / "version.py").read_text(encoding="utf-8")
    version = re.search(r"^__version__\s*=\s*['\"]([^'\"]+)", text, re.MULTILINE)
    cuda = re.search(r"^cuda\s*(?::[^=]*)?=\s*['\"]?([^'\"\n]+)", text, re.MULTILINE)
    if version is None:
        print(f"{root / 'version.py'} names no version; reinstall torch.", file=sys.stderr)
        return 1
    print(f"version={version.group(1)}")
    print(f"cuda={cuda.group(1) if cuda else 'None'}")
    print(f"root={root}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
