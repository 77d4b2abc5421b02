"""Configs of runs that start from a network of the zoo, and their digests."""

from __future__ import annotations

from pathlib import Path

import pytest

from idn.errors import ConfigError
from idn.experiment import config


def test_a_run_may_start_from_the_zoo_and_its_digest_is_that_of_the_package(tmp_path: Path) -> None:
    base = "experiment: mine\ndata: {name: digits}\nmodel: {name: b_lenet}\ntraining: {stages: []}\n"
    file = tmp_path / "mine.yaml"
    file.write_text(base + "start_from: zoo/b_lenet_digits\n", encoding="utf-8")
    loaded = config.load(file)
    assert loaded.start is None
    assert loaded.run.start_from == "zoo/b_lenet_digits"
    again = tmp_path / "again"
    again.mkdir()
    (again / "mine.yaml").write_text(loaded.as_yaml(), encoding="utf-8")
    assert config.load(again / "mine.yaml").digest == loaded.digest
    for name, change, message in (
        ("zoo/b_lenet_digit", "", "start_from: the zoo has no network 'b_lenet_digit'.*Did you mean"),
        ("zoo/b_lenet_cifar10", "", "data.name is 'digits', but zoo/b_lenet_cifar10.* has 'cifar10'"),
        ("zoo/b_lenet_digits", "data: {name: digits, seed: 3}", "data.seed is 3, but zoo/b_lenet_digits"),
    ):
        text = base if not change else base.replace("data: {name: digits}", change)
        file.write_text(f"{text}start_from: {name}\n", encoding="utf-8")
        with pytest.raises(ConfigError, match=message):
            config.load(file)


def test_what_is_measured_of_batches_is_in_the_digest_only_where_it_is_asked_for() -> None:
    # Committed results are found by this name, from before there was such a key.
    assert config.load("branchynet_2016/alexnet_cpu").run_id == "alexnet_cpu-cfa944c8"
    digests = {
        config.load("branchynet_2016/alexnet_cpu", change).digest
        for change in ([], ["batching.samples=100"], ["batching.samples=200"])
    }
    assert len(digests) == 3
