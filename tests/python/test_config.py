"""Configs: what they extend, what changes them, and everything that is refused."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
import yaml

from idn.errors import ConfigError
from idn.experiment import catalog, config, kinds, merging, schema, strict_yaml
from idn.training.config import OptimizerConfig, ScheduleConfig

MINIMAL = """
data: {name: digits}
model: {name: b_lenet}
training:
  stages:
    - {train: joint, epochs: 1}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "base.yaml").write_text(MINIMAL, encoding="utf-8")
    return tmp_path


def refused(path: Path, *overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        config.load(path, overrides)
    return str(caught.value)


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_config_of_ours_is_valid_and_states_what_it_changes() -> None:
    assert "branchynet_2016" in catalog.slugs()
    for slug in catalog.slugs():
        for name in catalog.names(slug):
            study = config.load_study(f"{slug}/{name}")
            all_of_it = [config.load(f"{slug}/{name}")] if study is None else study.variants.values()
            for loaded in all_of_it:
                assert loaded.run.experiment == slug
                assert loaded.preset == loaded.run.preset
                assert loaded.run.note or loaded.run.preset == "paper", f"{slug}/{name} has no note"


def test_the_published_settings_are_in_the_paper_presets() -> None:
    for name, exits in (("lenet_paper", 2), ("alexnet_paper", 3)):
        run = config.load(f"branchynet_2016/{name}").run
        assert [(stage.train, stage.epochs) for stage in run.training.stages] == [
            ("trunk", 50),
            ("joint", 100),
        ]
        assert all(stage.optimizer.name == "adam" for stage in run.training.stages)
        assert all(stage.optimizer.lr == 1e-3 for stage in run.training.stages)
        assert run.training.batch_size == 512
        assert run.training.exit_weights == (1.0,) * exits
        assert run.training.augment == "none"
        assert (run.criterion.name, run.criterion.normalized) == ("entropy", False)


def test_a_config_changes_only_what_it_says_of_the_one_it_extends(folder: Path) -> None:
    run = config.load(written(folder, "extends: base\ntraining: {seed: 3}\n")).run
    assert run.training.seed == 3
    assert run.data.name == "digits"
    assert run.training.stages[0].epochs == 1


def test_a_config_extends_one_of_ours_by_slug_and_name(folder: Path) -> None:
    loaded = config.load(written(folder, "extends: branchynet_2016/smoke\nmeasure: {samples: 7}\n"))
    assert loaded.run.measure.samples == 7
    assert loaded.run.data.name == "digits"
    assert [file.stem for file in loaded.files] == ["alexnet_paper", "alexnet_smoke", "smoke", "mine"]


KINDS = ["equal", "[1.0, 0.5]", "{alpha: 0.2}"]


@pytest.mark.parametrize("old", KINDS)
@pytest.mark.parametrize("new", KINDS)
def test_a_value_is_replaced_by_one_of_another_kind(folder: Path, old: str, new: str) -> None:
    (folder / "base.yaml").write_text(f"{MINIMAL}  exit_weights: {old}\n", encoding="utf-8")
    path = written(folder, f"extends: base\ntraining: {{exit_weights: {new}}}\n")
    wanted = strict_yaml.parse(new, "test").value
    for loaded in (config.load(path), config.load(folder / "base.yaml", [f"training.exit_weights={new}"])):
        assert loaded.run.model_dump(mode="json")["training"]["exit_weights"] == wanted


def test_a_section_replaced_by_a_scalar_is_a_wrong_type(folder: Path) -> None:
    assert "training is 3: " in refused(written(folder, "extends: base\ntraining: 3\n"))
    assert "training is 3: " in refused(folder / "base.yaml", "training=3")
    assert "note: expected a valid string" in refused(folder / "base.yaml", "note.x=3")


def test_a_cycle_of_extends_is_refused_and_shown(folder: Path) -> None:
    written(folder, "extends: other\n")
    (folder / "other.yaml").write_text("extends: mine\n", encoding="utf-8")
    message = refused(folder / "mine.yaml")
    assert "extends itself" in message
    assert "other.yaml" in message


def test_a_chain_of_extends_has_an_end(folder: Path) -> None:
    for index in range(merging.MAX_EXTENDS + 1):
        (folder / f"c{index}.yaml").write_text(f"extends: c{index + 1}\n", encoding="utf-8")
    assert f"more than {merging.MAX_EXTENDS} files" in refused(folder / "c0.yaml")


def test_extends_of_something_unknown_names_the_line_and_what_comes_closest(folder: Path) -> None:
    message = refused(written(folder, "note: x\nextends: bsae\n"))
    assert "mine.yaml, line 2" in message
    assert "base" in message


def test_overrides_come_last_and_are_read_as_yaml(folder: Path) -> None:
    overrides = [
        "training.stages[0].optimizer.lr=1e-2",
        "training.stages.0.epochs=4",
        "criterion={name: margin}",
    ]
    run = config.load(folder / "base.yaml", [*overrides, "training.exit_weights=[1, 0.5]", "note=a=b"]).run
    assert run.training.stages[0].optimizer.lr == 0.01
    assert run.training.stages[0].epochs == 4
    assert run.criterion.name == "margin"
    assert run.training.exit_weights == (1.0, 0.5)
    assert run.note == "a=b"


@pytest.mark.parametrize("override", ["training.seed", "=1", "a b=1", "training..seed=1"])
def test_an_override_that_is_not_key_and_value_is_a_usage_error(folder: Path, override: str) -> None:
    with pytest.raises(ValueError, match="is not key=value"):
        config.load(folder / "base.yaml", [override])


def test_an_override_outside_a_list_is_refused_with_its_length(folder: Path) -> None:
    message = refused(folder / "base.yaml", "training.stages[5].epochs=1")
    assert "override 'training.stages[5].epochs=1' cannot be applied" in message
    assert "training.stages has 1 entry, the last is training.stages[0]" in message
    assert "has 2 entries" in refused(
        folder / "base.yaml", "training.exit_weights=[1, 1]", "training.exit_weights[2]=1"
    )


ENTROPY = MINIMAL + "criterion: {normalized: false, temperature: 2.0}\n"


def test_another_kind_leaves_behind_what_only_the_old_kind_has(folder: Path) -> None:
    (folder / "base.yaml").write_text(ENTROPY, encoding="utf-8")
    own = written(folder, "extends: base\ncriterion: {name: margin}\n")
    study = folder / "study.yaml"
    study.write_text("extends: base\nvariants: {margin: {criterion: {name: margin}}}\n", encoding="utf-8")
    for loaded in (
        config.load(own),
        config.load(f"{study}:margin"),
        config.load(folder / "base.yaml", ["criterion.name=margin"]),
        config.load(folder / "base.yaml", ["criterion={name: margin}"]),
    ):
        criterion = loaded.run.criterion
        assert (criterion.name, criterion.normalized, criterion.temperature) == ("margin", True, 2.0)
    assert config.load(folder / "base.yaml", ["criterion.name=vote"]).run.criterion.temperature == 1.0
    assert not config.load(folder / "base.yaml", ["criterion.name=entropy"]).run.criterion.normalized


def test_another_optimizer_schedule_or_network_leaves_its_own_settings_behind(folder: Path) -> None:
    stage = (
        "optimizer: {name: sgd, lr: 0.1, momentum: 0.9, nesterov: true}, schedule: {name: sgdr, period: 5}"
    )
    text = MINIMAL.replace("epochs: 1", f"epochs: 1, {stage}").replace(
        "{name: b_lenet}", "{name: b_resnet, depth: 20}"
    )
    (folder / "base.yaml").write_text(text, encoding="utf-8")
    assert config.load(folder / "base.yaml").run.model.options == {"depth": 20}
    changes = ["training.stages[0].optimizer.name=adam", "training.stages[0].schedule={name: constant}"]
    run = config.load(folder / "base.yaml", [*changes, "model.name=b_lenet"]).run
    (trained,) = run.training.stages
    assert (trained.optimizer.name, trained.optimizer.lr, trained.optimizer.momentum) == ("adam", 0.1, 0.0)
    assert trained.schedule.period == 10
    assert run.model.options == {}


def test_what_is_written_beside_the_new_kind_is_never_dropped(folder: Path) -> None:
    (folder / "base.yaml").write_text(MINIMAL, encoding="utf-8")
    for overrides in (
        ["criterion.name=margin", "criterion.normalized=false"],
        ["criterion.normalized=false", "criterion.name=margin"],
        ["criterion={name: margin, normalized: false}"],
    ):
        assert "criterion.normalized is of entropy only" in refused(folder / "base.yaml", *overrides)
    own = written(folder, "extends: base\ncriterion: {name: margin, normalized: false}\n")
    assert "criterion.normalized is of entropy only" in refused(own)


def test_the_kinds_are_those_of_the_schema() -> None:
    for section, table in (
        (schema.CriterionConfig, kinds._CRITERIA),
        (OptimizerConfig, kinds._OPTIMIZERS),
        (ScheduleConfig, kinds._SCHEDULES),
    ):
        fields = section.model_fields
        assert set(get_args(fields["name"].annotation)) == set(table)
        assert {"name", *(key for keys in table.values() for key in keys)} == set(fields)


def test_an_unknown_key_is_refused_with_file_line_path_and_a_suggestion(folder: Path) -> None:
    message = refused(written(folder, "extends: base\ntraining:\n  seed: 1\n  batch_sice: 3\n"))
    assert f"{folder / 'mine.yaml'}, line 4: training.batch_sice is unknown" in message
    assert "did you mean training.batch_size?" in message


def test_an_unknown_key_names_the_extended_file_it_stands_in(folder: Path) -> None:
    (folder / "base.yaml").write_text(MINIMAL + "critrion: {name: margin}\n", encoding="utf-8")
    message = refused(written(folder, "extends: base\nnote: x\n"))
    assert "base.yaml, line 7: critrion is unknown; did you mean criterion?" in message


def test_an_unknown_key_in_a_list_and_one_that_belongs_elsewhere_are_explained(folder: Path) -> None:
    message = refused(folder / "base.yaml", "training.stages[0].optimizer.learning=3", "epochs=3")
    assert "the command line: training.stages.0.optimizer.learning is unknown; known here are" in message
    assert "the command line: epochs is unknown; did you mean training.stages[0].epochs?" in message


def test_a_key_that_is_nearly_one_further_down_is_found_there(folder: Path) -> None:
    assert "did you mean training.stages[0].epochs?" in refused(folder / "base.yaml", "training.epoch=3")
    assert "did you mean criterion.normalized?" in refused(folder / "base.yaml", "normalised=true")


def test_a_wrong_type_names_the_value_and_what_was_expected(folder: Path) -> None:
    message = refused(written(folder, "extends: base\ntraining:\n  batch_size: many\n"))
    assert "mine.yaml, line 3: training.batch_size is 'many': expected a valid integer" in message
    assert "expected 'smoke', 'cpu', 'paper' or 'custom'" in refused(folder / "base.yaml", "preset=fast")


def test_a_missing_key_is_named(folder: Path) -> None:
    path = folder / "empty.yaml"
    path.write_text("data: {name: digits}\n", encoding="utf-8")
    message = refused(path)
    assert "model is missing" in message
    assert "training is missing" in message


@pytest.mark.parametrize("text", ["", "- a\n", "just text\n"])
def test_a_file_that_is_no_mapping_is_refused(folder: Path, text: str) -> None:
    assert "a config is a mapping" in refused(written(folder, text))


def test_a_model_that_is_unknown_and_an_option_it_lacks_are_refused(folder: Path) -> None:
    assert "did you mean b_lenet?" in refused(folder / "base.yaml", "model.name=b_lennet")
    assert "model.dropuot is unknown" in refused(folder / "base.yaml", "model.dropuot=0.1")
    assert "follows from the data" in refused(folder / "base.yaml", "model.classes=7")


@pytest.mark.parametrize(
    "value",
    ["${oc.env:HOME}", "${oc.decode:1}", "${training.seed}", "x${oc.env:PATH}y", "${oc.create:{a: 1}}"],
)
def test_every_interpolation_is_refused(folder: Path, value: str) -> None:
    assert "interpolation is refused" in refused(written(folder, f"extends: base\nnote: '{value}'\n"))
    assert "interpolation is refused" in refused(folder / "base.yaml", f"note='{value}'")


@pytest.mark.parametrize(
    "value",
    [
        "!!python/object/apply:os.system [touch hacked]",
        "!!python/name:os.system",
        "!!python/object/new:type {}",
        "!custom 3",
        "!!binary aGVsbG8=",
        "!!set {a, b}",
    ],
)
def test_a_tag_is_refused_and_runs_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.chdir(folder)
    assert "is refused" in refused(written(folder, f"extends: base\nnote: {value}\n"))
    assert "is refused" in refused(folder / "base.yaml", f"note={value}")
    assert not (folder / "hacked").exists()


def test_a_bomb_of_aliases_is_refused_before_it_grows(folder: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]" for k in range(1, 10)]
    assert "more than 10000 values" in refused(written(folder, "\n".join(lines)))


def test_a_list_that_holds_itself_is_refused(folder: Path) -> None:
    assert "nested more than" in refused(written(folder, "note: &a [*a]\n"))


def test_deep_nesting_is_refused(folder: Path) -> None:
    assert "nested more than" in refused(written(folder, "note: " + "[" * 5000 + "]" * 5000))


def test_a_file_over_one_mebibyte_is_refused(folder: Path) -> None:
    assert "larger than" in refused(written(folder, "# " + "x" * strict_yaml.MAX_BYTES))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2\n", "line 2: a is given twice"),
        ("<<: {a: 1}\n", "merge key"),
        ("a.b: 1\n", "write nested keys"),
        ("? [a]\n: 1\n", "must be plain text"),
        ("a: [1\n", "is not YAML: line 2"),
        ("a: \x00\n", "is not YAML"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_line(folder: Path, text: str, message: str) -> None:
    assert message in refused(written(folder, text))


def test_a_file_that_is_no_text_is_refused(folder: Path) -> None:
    path = folder / "mine.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in refused(path)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("1E5", 1e5),
        ("0.5", 0.5),
        (".5", 0.5),
        ("12", 12),
        ("2026-01-01", "2026-01-01"),
        ("null", None),
    ],
)
def test_scalars_are_what_they_look_like(text: str, value: object) -> None:
    assert strict_yaml.parse(text, "test").value == value


def test_an_unknown_config_names_what_comes_closest() -> None:
    with pytest.raises(ValueError, match="did you mean branchynet_2016/smoke"):
        config.load("branchynet_2016/smok")
    with pytest.raises(ValueError, match="there is no file"):
        config.load("./nowhere.yaml")


def test_a_resolved_config_reads_back_to_itself(folder: Path) -> None:
    loaded = config.load("branchynet_2016/alexnet_modern", ["training.exit_weights={alpha: 0.1}"])
    path = written(folder, loaded.as_yaml())
    assert config.load(path).run == loaded.run


def test_the_run_id_follows_from_settings_that_change_results_alone(folder: Path) -> None:
    base = config.load(folder / "base.yaml")
    same = ["training.threads=1", "training.device=cpu", "data.root=/elsewhere", "note=hello"]
    assert config.load(folder / "base.yaml", same).run_id == base.run_id
    assert config.load(folder / "base.yaml", ["training.seed=1"]).run_id != base.run_id
    assert base.run_id.startswith("base-")


def test_a_preset_with_another_recipe_says_so(folder: Path) -> None:
    assert config.load("branchynet_2016/paper", ["training.seed=5", "training.threads=1"]).preset == "paper"
    assert config.load("branchynet_2016/paper", ["training.batch_size=64"]).preset == "paper, changed"
    mine = written(folder, "extends: branchynet_2016/paper\ntraining: {batch_size: 64}\n")
    assert config.load(mine).preset == "paper, changed"
    assert config.load(written(folder, "extends: branchynet_2016/paper\n")).preset == "paper"
    assert config.load(written(folder, MINIMAL + "preset: cpu\n")).preset == "cpu, changed"
    assert config.load(written(folder, MINIMAL)).preset == "custom"


def test_the_json_schema_accepts_our_configs_and_refuses_unknown_keys() -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    validator = jsonschema.Draft202012Validator(config.json_schema())
    for name in catalog.names("branchynet_2016"):
        text = catalog.find(f"branchynet_2016/{name}").read_text(encoding="utf-8")
        validator.validate(strict_yaml.parse(text, name).value)
    assert list(validator.iter_errors(yaml.safe_load("training: {bach: 1}")))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("training.seed=true", "training.seed is True; expected an integer"),
        ('training.seed="3"', "training.seed is '3'; expected an integer"),
        ('training.divide_by_classes="yes"', "training.divide_by_classes is 'yes'; expected true or false"),
        ('training.stages[0].optimizer.lr="0.1"', r"optimizer.lr is '0.1'; expected a number"),
    ],
)
def test_a_value_of_another_type_is_refused_and_not_converted(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config.load("branchynet_2016/smoke", [override])
