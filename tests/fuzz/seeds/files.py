"""Inputs for the targets of files: .npy arrays and exit policies."""

from __future__ import annotations

import json

WEIGHTS = "0123456789abcdef" * 4


def npy_files() -> dict[str, bytes]:
    """Arrays as numpy writes them, in each format, and headers that it does not write."""

    def npy(header: str, data: bytes = b"", version: int = 1) -> bytes:
        text = header.encode() + b"\n"
        length = len(text).to_bytes(2 if version == 1 else 4, "little")
        return b"\x93NUMPY" + bytes([version, 0]) + length + text + data

    def header(descr: str, shape: str, order: str = "False") -> str:
        return f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}"

    return {
        "float32": npy(header("<f4", "(2, 3)"), bytes(24)),
        "float16": npy(header("<f2", "(2,)"), bytes(4)),
        "int64-scalar": npy(header("<i8", "()"), bytes(8)),
        "int32-version2": npy(header("<i4", "(1, 1, 1)"), bytes(4), version=2),
        "uint8-version3": npy(header("|u1", "(5,)"), b"hello", version=3),
        "bool": npy(header("|b1", "(3,)"), b"\x01\x00\x01"),
        "empty": npy(header("<f4", "(0, 7)")),
        "other-order": npy('{"shape": (1,), "descr": "<f4", "fortran_order": False}', bytes(4)),
        "fortran": npy(header("<f4", "(2, 3)", "True"), bytes(24)),
        "big-endian": npy(header(">f4", "(2,)"), bytes(8)),
        "object": npy(header("|O", "(1,)"), b"\x80\x04N."),
        "fields": npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", bytes(4)),
        "huge": npy(header("<f4", "(4294967296, 4294967296)")),
        "cut-off": npy(header("<f4", "(2, 3)"), bytes(23)),
    }


def policy_files() -> dict[str, bytes]:
    """A file for each kind of criterion and each way to ask, and some steps from one."""

    def policy(criterion: dict[str, object], asked: dict[str, object], **changes: object) -> bytes:
        value = {
            "idn_policy": 1,
            "idn": "0.1.0",
            "criterion": criterion,
            "thresholds": [1, None],
            "exits": 3,
            "classes": 10,
            "weights_sha256": WEIGHTS,
            "asked": asked,
            "cost_unit": "MACs",
            "costs": [1, 2.5, 4],
            "validation": {
                "sha256": WEIGHTS[::-1],
                "samples": 100,
                "accuracy": 90.5,
                "full_accuracy": 91,
                "exit_rates": [50, 0, 50.0],
                "mean_cost": 2.5,
            },
            **changes,
        }
        return json.dumps(value).encode()

    drop: dict[str, object] = {"for": "max_drop", "points": 1.0}
    risk: dict[str, object] = {
        "for": "risk",
        "epsilon": 0.1,
        "delta": 0.05,
        "bound": "clopper_pearson",
        "seed": 0,
    }
    five = [[1.0, 0.5, 2.0, 1e-3, 1.0]] * 2
    learned = {"means": five, "deviations": five, "weights": five, "intercepts": [0.0, -1.0]}
    tested = {
        "samples": 9,
        "measured_loss": -0.5,
        "mean_cost": 0,
        "tested": 2,
        "passed": 0,
        "saving_epsilon": 0.2,
    }
    right = policy({"name": "margin", "temperature": 1.5}, drop)
    return {
        "margin": right,
        "confidence": policy(
            {"name": "confidence", "temperature": [1.0, 2]}, {"for": "budget", "at_most": 3}
        ),
        "entropy": policy(
            {"name": "entropy", "temperature": 1, "normalized": True}, {"for": "accuracy", "at_least": 90.0}
        ),
        "nats": policy({"name": "entropy", "temperature": 1, "normalized": False}, drop),
        "patience": policy({"name": "patience"}, drop),
        "vote": policy({"name": "vote"}, risk, risk=tested),
        "learned": policy({"name": "learned", "parameters": learned}, drop),
        "no-risk": policy({"name": "vote"}, drop, risk=None),
        "twice": right.replace(b'"exits"', b'"exits": 3, "exits"', 1),
        "unknown": right.replace(b'"exits"', b'"exists"', 1),
        "nan": right.replace(b"1.5", b"NaN", 1),
        "infinite": right.replace(b"1.5", b"1e999", 1),
        "marked": b"\xef\xbb\xbf" + right,
        "deep": b"[" * 1000,
    }
