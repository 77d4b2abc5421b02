"""Key pairs tried a second in the search for a node ID, on one core, against the loop a user would write.

The loop makes key pairs with PyNaCl (libsodium too, so hard to beat) and hashes them with hashlib.
Target: at least 50,000 a second.
"""

from __future__ import annotations

import contextlib
import hashlib
import time

from nacl.signing import SigningKey
from side_by_side import arguments, compare, show

from idn import identity

SECONDS = 1.0
OUT_OF_REACH = 64


class _EnoughError(Exception):
    pass


def ours() -> float:
    rate = 0.0

    def progress(state: identity.SearchProgress) -> None:
        nonlocal rate
        rate = state.rate
        if state.seconds >= SECONDS:
            raise _EnoughError

    with contextlib.suppress(_EnoughError):
        identity.generate(OUT_OF_REACH, threads=1, progress=progress)
    return rate


def loop() -> float:
    candidates = 0
    start = time.perf_counter()
    while (seconds := time.perf_counter() - start) < SECONDS:
        digest = hashlib.sha256(bytes(SigningKey.generate().verify_key)).digest()
        candidates += 1
        if int.from_bytes(digest, "big") >> (256 - OUT_OF_REACH) == 0:
            raise SystemExit("found one, which nobody will believe")
    return candidates / seconds


def main() -> None:
    options = arguments(__doc__, repeats=9)
    result = compare(ours, loop, options.repeats)
    show("node ID, one thread", result, "key pairs/s", ">= 50,000 key pairs/s", as_json=options.json)


if __name__ == "__main__":
    main()
