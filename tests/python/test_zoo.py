"""The zoo: networks load and are worth what their cards say; the script and the commands of it."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import idn
from idn import zoo
from idn._native import extension
from idn.cli import app
from idn.data import Dataset, Normalizer
from idn.errors import RunError
from idn.zoo import cards, packages
from zoo_script import DIGITS, ROOT, make_zoo


def has_data(name: str) -> bool:
    return next(source for source in idn.data.registry() if source.name == zoo.card(name).dataset).present()


WITH_DATA = [
    pytest.param(name, marks=pytest.mark.skipif(not has_data(name), reason="its data set is not there"))
    for name in zoo.names()
]


def logits_of(name: str, part: Dataset, count: int | None = None) -> torch.Tensor:
    """What every exit says of the first images: (samples, exits, classes)."""
    model, images = zoo.load(name), zoo.card(name).normalizer(torch.from_numpy(part.images[:count]))
    with torch.no_grad():
        return torch.cat([torch.stack(model(batch), dim=1) for batch in images.split(250)])


def percent_right(labels: torch.Tensor, part: Dataset) -> float:
    return 100 * float(np.mean(labels.numpy() == part.labels[: len(labels)]))


@pytest.mark.parametrize("name", zoo.names())
def test_a_network_is_the_one_its_card_describes(name: str) -> None:
    card, model = zoo.card(name), zoo.load(name)
    assert isinstance(model, idn.Branchy)
    assert not any(module.training for module in model.modules())
    assert not any(value.is_meta for value in [*model.parameters(), *model.buffers()])
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert model.exit_names == [one.name for one in card.exits]
    cost = idn.costs.count(model, torch.zeros(1, *card.input_shape))
    assert cost.macs == [one.macs for one in card.exits]
    assert cost.parameters == [one.parameters for one in card.exits]
    assert cost.trunk_macs == card.trunk_macs
    assert (cards.FOLDER / f"{name}.safetensors").stat().st_size <= 4_000_000
    source = next(source for source in idn.data.registry() if source.name == card.dataset)
    assert (card.data_licence, card.data_homepage) == (source.licence, source.homepage)


@pytest.mark.parametrize("name", zoo.names())
def test_a_package_answers_as_the_module_and_says_what_its_card_says(name: str) -> None:
    card, graph = zoo.card(name), zoo.graph(name)
    assert graph.exits == tuple(one.name for one in card.exits)
    assert graph.classes == card.classes
    assert graph.provenance["data_licence"] == card.data_licence
    assert graph.provenance["run"] == card.origin.run
    assert graph.provenance["weights_sha256"] == idn.exits.policy_file.weights_digest(
        zoo.load(name).state_dict()
    )
    assert json.loads(graph.provenance["mean"]) == list(card.mean)
    assert idn.load(zoo.path(name)).bytes() == graph.bytes() == zoo.path(name).read_bytes()
    generator = torch.Generator().manual_seed(0)
    bytes_ = torch.randint(0, 256, (5, *card.input_shape), dtype=torch.uint8, generator=generator)
    bytes_[0], bytes_[1] = 0, 255  # the ends of the range are within it
    images = card.normalizer(bytes_)
    with torch.no_grad():
        expected = zoo.load(name)(images)
    for found, one in zip(graph.run(images), expected, strict=True):
        # Sums of thousands of float32 terms in another order.
        torch.testing.assert_close(found, one, rtol=1e-4, atol=1e-4)
    with pytest.raises(ValueError, match="as the model was made for"):
        graph.run(images * 1.01)


@pytest.mark.parametrize("name", zoo.names())
def test_a_package_follows_from_the_weights_and_the_card(name: str) -> None:
    model, found = zoo.load(name), zoo.graph(name)
    again = idn.Graph(extension.graph.Package.from_bytes(packages.to_bytes(model, zoo.card(name))))
    if again.provenance == found.provenance:  # the same versions of torch and idn: else these differ
        assert again.bytes() == zoo.path(name).read_bytes()
    assert again.nodes == found.nodes
    others = [{**one.provenance, "torch": "", "idn": ""} for one in (again, found)]
    assert others[0] == others[1]


def test_the_network_on_digits_is_there() -> None:
    assert DIGITS in zoo.names()


def test_on_digits_every_number_of_the_card_is_found_again() -> None:
    card = zoo.card(DIGITS)
    splits = idn.data.load(card.dataset, validation=card.validation_samples, seed=card.split_seed)
    for split in ("validation", "test"):
        part: Dataset = getattr(splits, split)
        stated: zoo.Operation = getattr(card, split)
        logits = logits_of(DIGITS, part)
        for index, one in enumerate(card.exits):
            found = percent_right(logits[:, index].argmax(dim=1), part)
            assert found == pytest.approx(getattr(one, f"{split}_accuracy"), abs=1e-9)
        images = card.normalizer(torch.from_numpy(part.images))
        prediction = idn.inference.infer(zoo.load(DIGITS), images, card.policy)
        assert len(part) == stated.samples
        assert percent_right(prediction.labels, part) == pytest.approx(stated.accuracy, abs=1e-9)
        rates = 100 * np.bincount(prediction.exits, minlength=len(card.exits)) / len(part)
        assert rates == pytest.approx(stated.exit_rates, abs=1e-9)
        mean = float(rates @ np.array([one.macs for one in card.exits])) / 100
        assert mean == pytest.approx(stated.mean_macs)


@pytest.mark.parametrize("name", WITH_DATA)
def test_on_a_thousand_test_images_a_network_is_about_as_good_as_its_card_says(name: str) -> None:
    card = zoo.card(name)
    part = idn.data.load(card.dataset).test
    logits = logits_of(name, part, 1000)
    # Four standard deviations of a share among a thousand are 6.3 points at most.
    for index, one in enumerate(card.exits):
        found = percent_right(logits[:, index].argmax(dim=1), part)
        assert found == pytest.approx(one.test_accuracy, abs=6.3)
    used = idn.inference.from_traces(logits, card.policy)
    assert percent_right(used.labels, part) == pytest.approx(card.test.accuracy, abs=6.3)


@pytest.mark.parametrize("name", WITH_DATA)
def test_a_normalizer_is_that_of_the_training_split(name: str) -> None:
    card = zoo.card(name)
    splits = idn.data.load(card.dataset, validation=card.validation_samples, seed=card.split_seed)
    assert card.normalizer == Normalizer.fit(splits.train.images)
    assert list(card.classes) == splits.train.classes


def test_two_networks_share_nothing_and_random_numbers_go_on_as_they_would() -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    first, second = zoo.load(DIGITS), zoo.load(DIGITS)
    assert torch.equal(torch.rand(2), expected)
    for name, value in first.state_dict().items():
        value.zero_()
        assert second.state_dict()[name].any(), name


def test_a_network_can_be_trained_on() -> None:
    model = zoo.load(DIGITS).train()
    part = idn.data.load("digits").train
    images = zoo.card(DIGITS).normalizer(torch.from_numpy(part.images[:64]))
    idn.joint_loss(model(images), torch.from_numpy(part.labels[:64])).backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_an_unknown_name_is_refused_with_what_is_close() -> None:
    for ask in (zoo.card, zoo.load, zoo.graph, zoo.path):
        with pytest.raises(ValueError, match=r"no network 'b_lenet_digit'.*Did you mean 'b_lenet_digits'\?"):
            ask("b_lenet_digit")
    with pytest.raises(ValueError, match="no network '../zoo/b_lenet_digits'"):
        zoo.card("../zoo/b_lenet_digits")


def test_cards_are_read_without_torch() -> None:
    code = (
        "import sys; from idn import zoo; [zoo.card(name) for name in zoo.names()]\n"
        "print([m for m in ('torch', 'safetensors', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_large_network_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    model = zoo.load(DIGITS)
    monkeypatch.setattr(packages, "MAX_BYTES", 99_000)
    with pytest.raises(ValueError, match="'b_lenet_digits' takes 99.* bytes, expected at most 99000"):
        packages.to_bytes(model, zoo.card(DIGITS))


def test_a_network_that_its_package_does_not_hold_whole_is_not_written() -> None:
    model = zoo.load(DIGITS)
    model.register_buffer("unused", torch.zeros(1))
    with pytest.raises(ValueError, match="unused of 'b_lenet_digits' is not in its package"):
        packages.to_bytes(model, zoo.card(DIGITS))


def test_cards_and_page_are_as_the_script_writes_them(tmp_path: Path) -> None:
    for name in zoo.names():
        committed = (cards.FOLDER / f"{name}.json").read_text(encoding="utf-8")
        assert cards.as_json(zoo.card(name)) == committed, "run: python scripts/make_zoo.py"
    page = tmp_path / "zoo.md"
    shutil.copy(ROOT / "docs" / "zoo.md", page)
    script = make_zoo()
    script.write_page(page)
    assert page.read_text(encoding="utf-8") == script.PAGE.read_text(encoding="utf-8"), (
        "run: python scripts/make_zoo.py"
    )
    page.write_text("# A page without the mark\n", encoding="utf-8")
    with pytest.raises(ValueError, match="has no line"):
        script.write_page(page)


def test_the_script_makes_a_network_of_a_run_and_refuses_other_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages = "training.stages=[{train: joint, epochs: 1, optimizer: {name: adam, lr: 1e-3}}]"
    config = idn.experiment.load("branchynet_2016/lenet_smoke", [stages, "measure.samples=5"])
    done = idn.experiment.run(config, tmp_path / "runs", lambda _line: None)
    assert done is not None
    script, run_dir = make_zoo(), done.run_dir
    script.make(run_dir, "tiny", tmp_path)
    monkeypatch.setattr(cards, "FOLDER", tmp_path)
    card = zoo.card("tiny")
    assert card.test.accuracy == done.metrics["test"]["accuracy"]
    assert card.origin.run == f"branchynet_2016/{run_dir.name}"
    trace = idn.store.read_trace(run_dir / "traces.h5", "test")
    logits = logits_of("tiny", idn.data.load("digits").test)
    np.testing.assert_allclose(logits.numpy(), trace.logits, rtol=1e-4, atol=1e-4)

    state = torch.load(run_dir / "model.pt", weights_only=True)
    state["heads.0.linear.bias"][3] += 1e-3
    torch.save(state, run_dir / "model.pt")
    with pytest.raises(RunError, match=r"model\.pt does not give the validation logits of traces\.h5"):
        script.make(run_dir, "other", tmp_path)
    assert zoo.names() == ["tiny"]


def test_the_commands_print_the_cards() -> None:
    runner = CliRunner(env={"COLUMNS": "200"})
    assert DIGITS in runner.invoke(app, ["zoo", "list"]).stdout
    listed = json.loads(runner.invoke(app, ["zoo", "list", "--json"]).stdout)
    assert [card["name"] for card in listed] == zoo.names()
    shown = json.loads(runner.invoke(app, ["zoo", "show", DIGITS, "--json"]).stdout)
    assert shown == json.loads(json.dumps(dataclasses.asdict(zoo.card(DIGITS))))
    text = runner.invoke(app, ["zoo", "show", DIGITS]).stdout
    assert text.startswith(f"## {DIGITS}\n")
    assert text in (ROOT / "docs" / "zoo.md").read_text(encoding="utf-8")
    assert "Did you mean" in str(runner.invoke(app, ["zoo", "show", "b_lenet"]).exception)


def test_on_a_terminal_a_card_is_drawn_and_not_shown_as_markdown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")  # which rich takes for a terminal
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    text = CliRunner().invoke(app, ["zoo", "show", DIGITS]).stdout
    assert DIGITS in text
    assert "Licence: CC BY 4.0" in text
    assert f"torch {zoo.card(DIGITS).origin.torch}." in " ".join(text.split())
    assert not any(mark in text for mark in ("## ", "|--", "**", "`"))
