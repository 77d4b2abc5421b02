"""`python -m idn.cli` is `idn`."""

from __future__ import annotations

from idn.cli import main

if __name__ == "__main__":
    main()
