"""The policies that the C++ tests read are what Python writes and decides today."""

from __future__ import annotations

import json

import numpy as np
import pytest

import policy_vectors

FILES = policy_vectors.files()


def test_the_logits_are_those_that_were_written() -> None:
    np.testing.assert_array_equal(
        np.load(policy_vectors.DATA / "logits.npy"), policy_vectors.logits(), strict=True
    )


@pytest.mark.parametrize("name", FILES)
def test_a_policy_and_its_answers_are_those_that_were_written(name: str) -> None:
    written = json.loads((policy_vectors.DATA / f"{name}.json").read_text(encoding="utf-8"))
    today = FILES[name].as_dict()
    assert {**written, "idn": today["idn"]} == today
    np.testing.assert_array_equal(
        np.load(policy_vectors.DATA / f"{name}.npy"), policy_vectors.decided(FILES[name]), strict=True
    )
