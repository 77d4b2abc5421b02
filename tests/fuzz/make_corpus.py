"""Write the inputs that fuzzing starts from: tests/fuzz/corpus/TARGET/NAME.

Each is valid, or one step from it. What fuzzing found later lies beside them as found-NAME and is left alone.
"""

from __future__ import annotations

import sys
from pathlib import Path

from seeds.files import npy_files, policy_files
from seeds.graphs import graph_inputs, packages
from seeds.identity import cbor_values, identity_files, signed_records
from seeds.multiformats import cids, multiaddrs, multibases, multihashes, unixfs_blocks, varints

CORPUS = Path(__file__).resolve().parent / "corpus"


TARGETS = {
    "cbor": cbor_values,
    "cid": cids,
    "graph": graph_inputs,
    "identity_file": identity_files,
    "multiaddr": multiaddrs,
    "multibase": multibases,
    "multihash": multihashes,
    "npy": npy_files,
    "package": packages,
    "planted_fault": lambda: {"harmless": b"plant"},
    "policy_file": policy_files,
    "signed_record": signed_records,
    "unixfs": unixfs_blocks,
    "varint": varints,
}


def write(folder: Path) -> None:
    """Write every target's inputs below a folder, in place of those written before."""
    for target, inputs in TARGETS.items():
        here = folder / target
        here.mkdir(parents=True, exist_ok=True)
        for path in here.iterdir():
            if not path.name.startswith("found-"):
                path.unlink()
        for name, data in inputs().items():
            (here / name).write_bytes(data)


if __name__ == "__main__":
    write(CORPUS)
    sys.exit()
