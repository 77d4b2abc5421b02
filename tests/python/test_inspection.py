"""`idn inspect`: what it says of a package, as values, in words and as a picture."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from idn import inspection
from idn._words import printable
from idn.cli import exit_codes, main
from idn.inspection.summary import shape_text
from idn.inspection.wires import MOST_LANES, Wire, neighbours_and_wires
from packages import HOSTILE, saved, two_exits

Idn = Callable[..., tuple[int, str, str]]
SVG = "{http://www.w3.org/2000/svg}"
STEM = 8 * 8 * 4 * (2 * 3 * 9 + 1)  # operations of the first convolution on a sample: products, sums, bias


@pytest.fixture
def idn(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Idn:
    """Runs a command in this process, as its own `main` would."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("signal.signal", lambda *_: None)

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["idn", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return ended.value.code, *capsys.readouterr()

    return run


def test_segments_hold_what_an_exit_needs_and_the_one_before_did_not_compute() -> None:
    seen = inspection.inspect(two_exits(), batch=2)
    early, final = seen.segments
    assert [node.segment for node in seen.nodes] == [0, 0, 0, 1, 1, 1, 1]
    assert (early.exit, early.operators, final.exit, final.operators) == ("early", 3, "final", 4)
    # The head's weight serves both exits and counts where it is read first.
    assert (early.parameters, final.parameters) == (4 * 3 * 9 + 4 + 3 * 4 + 3, 4 * 4 * 9)
    assert early.parameter_bytes == 4 * early.parameters
    assert early.operations == 2 * (STEM + 4 * 64 + 3 * (2 * 4 + 1))
    assert final.operations == 2 * (8 * 8 * 4 * 2 * 4 * 9 + 4 * 64 + 4 * 64 + 3 * 2 * 4)
    assert early.live_bytes == 2 * 4 * 64 * 4  # what the first convolution gives, of two samples
    assert final.live_bytes == 0
    assert early.cumulative_share == pytest.approx(early.operations / seen.operations)
    assert final.cumulative_share == 1


def test_the_whole_adds_up() -> None:
    graph = two_exits()
    for batch in (0, 1, 7):
        seen = inspection.inspect(graph, batch)
        assert seen.operations == sum(one.operations for one in seen.segments) == graph.operations(batch)
        assert seen.peak_bytes == graph.peak_bytes(batch)
        assert seen.parameter_bytes == graph.parameter_bytes
        assert sum(seen.operators.values()) == len(graph.nodes) == len(seen.nodes)
    assert seen.sha256 == hashlib.sha256(graph.bytes()).hexdigest()
    assert list(seen.operators) == ["convolution", "linear", "reduce_mean", "add"]
    assert inspection.inspect(graph, 0).segments[0].cumulative_share is None  # nothing of nothing


def test_a_batch_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="batch is -1"):
        inspection.inspect(two_exits(), -1)


def test_shapes_are_written_as_messages_have_them() -> None:
    assert shape_text([(1, 0), (0, 3), (2, 1), (2, 0)]) == "(B, 3, 2B+1, 2B)"


def test_the_command_says_what_is_inside(idn: Idn, tmp_path: Path) -> None:
    code, out, err = idn("inspect", saved(two_exits(), tmp_path), "--batch", 4)
    assert (code, err) == (exit_codes.OK, "")
    lines = " ".join(out.split())
    for expected in (
        "image F32 (B, 3, 8, 8) from 0 to 1",
        "exits early, final",
        r"3: cat, dog, \x1b[31mred",
        "licence Apache-2.0",
        r"from: made by a test\nof idn",
        "at batch 4, all exits asked",
        "convolution 2, linear 2, reduce_mean 2, add 1",
        "4 KiB",
    ):
        assert expected in lines
    assert "block.weight" not in out


def test_nodes_are_listed_when_asked(idn: Idn, tmp_path: Path) -> None:
    path = saved(two_exits(tier="device"), tmp_path)
    _, out, _ = idn("inspect", path, "--nodes")
    (stem,) = [line.split() for line in out.splitlines() if "stem.weight" in line]
    assert " ".join(stem) == (
        "0 convolution @device image, stem.weight, stem.bias F32 (B, 4, 8, 8) "
        f"dilation [1, 1], groups 1, padding [1, 1], stride [1, 1] 112 {STEM:,}"
    )
    assert re.search(r"^ *4 +add +3, 0 ", out, re.MULTILINE)
    assert re.search(r"^ *6 +linear +5, head.weight ", out, re.MULTILINE)


def test_a_narrow_terminal_cuts_no_number_and_folds_names(
    idn: Idn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = two_exits("an_exit_with_a_name_that_is_longer_than_others", size=800)
    path = saved(graph, tmp_path)
    for columns in (80, 40):  # in the second not even the numbers fit
        monkeypatch.setenv("COLUMNS", str(columns))
        _, out, _ = idn("inspect", path, "--nodes")
        seen = inspection.inspect(graph)
        costs = [node.operations for node in seen.nodes] + [one.operations for one in seen.segments]
        assert all(re.search(rf"(?m) {cost:,}( |$)", out) for cost in costs)
        for heading in ("operators", "parameters", "operations", "live bytes", "so far", "to exit", "node"):
            assert re.search(rf"(?m)(^|  ){heading}( |$)", out)
        tables = out[out.index("to exit") :]
        assert columns < 80 or max(map(len, tables.splitlines())) <= columns
        assert re.search(r"(?m)^ *0 +convolution +F32 \(B, ", out) or columns < 80
        assert "reads image," in out


def test_json_holds_the_same_and_sizes_as_the_package_has_them(idn: Idn, tmp_path: Path) -> None:
    graph = two_exits()
    path = saved(graph, tmp_path)
    code, out, err = idn("inspect", path, "--batch", 3, "--json")
    found = json.loads(out)
    assert (code, err) == (exit_codes.OK, "")
    assert found["operations"] == graph.operations(3)
    assert [one["exit"] for one in found["segments"]] == ["early", "final"]
    assert found["inputs"] == [
        {"name": "image", "dtype": "F32", "shape": [[1, 0], 3, 8, 8], "range": [0.0, 1.0]}
    ]
    assert found["classes"][2] == "\x1b[31mred"
    assert "\x1b" not in out
    assert "nodes" not in found
    nodes = json.loads(idn("inspect", path, "--json", "--nodes")[1])["nodes"]
    assert nodes[0]["outputs"] == [{"value": 6, "dtype": "F32", "shape": [[1, 0], 4, 8, 8]}]
    assert nodes[0]["attributes"]["padding"] == [1, 1]
    page = (Path(__file__).resolve().parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
    assert all(f"`{key}`" in page for key in (*found, "nodes"))


def test_what_is_no_package_is_one_line_and_a_code(idn: Idn, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("hello")
    code, out, err = idn("inspect", file)
    assert (code, out) == (exit_codes.FAILED, "")
    assert "It is no safetensors file, and so no package" in err
    assert err.count("\n") == 1
    file.write_bytes(b"")
    assert "and so no package" in idn("inspect", file)[2]
    file.write_bytes(saved(two_exits(), tmp_path).read_bytes()[:100])
    _, _, err = idn("inspect", file)
    assert ("is cut off in its header" in err, "no package" in err) == (True, False)
    assert idn("inspect", tmp_path / "none")[0] == exit_codes.FAILED
    assert idn("inspect", file, "--batch", -1)[0] == exit_codes.USAGE


def test_a_drawing_is_written_and_not_replaced_unasked(idn: Idn, tmp_path: Path) -> None:
    path, drawing = saved(two_exits(), tmp_path), tmp_path / "graph.svg"
    code, out, err = idn("inspect", path, "--json", "--svg", drawing)
    assert code == exit_codes.OK
    assert json.loads(out)["exits"] == ["early", "final"]
    assert err == f"Drawing: {drawing}\n"
    before = drawing.read_bytes()
    assert b"model.safetensors" in before
    code, _, err = idn("inspect", path, "--svg", drawing)
    assert (code, "--force" in err) == (exit_codes.USAGE, True)
    assert idn("inspect", path, "--svg", drawing, "--force")[0] == exit_codes.OK
    assert drawing.read_bytes() == before  # the same package gives the same picture
    nowhere = tmp_path / "none" / "graph.svg"
    code, out, err = idn("inspect", path, "--svg", nowhere)
    assert (code, out) == (exit_codes.FAILED, "")
    assert (
        err
        == f"idn: {nowhere} cannot be written: there is no folder {nowhere.parent}; make it first, "
        + ("or give another.\n")
    )


def test_a_drawing_has_every_operator_segment_and_exit() -> None:
    seen = inspection.inspect(two_exits())
    root = ElementTree.fromstring(inspection.draw(seen, "a model"))
    texts = [element.text or "" for element in root.iter(f"{SVG}text")]
    assert [text for text in texts if text in seen.operators] == [node.operator for node in seen.nodes]
    assert [text for text in texts if text.startswith("to exit")] == ["to exit early", "to exit final"]
    assert texts.count("early") == texts.count("final") == 1  # the marks
    assert "a model" in texts
    bands = [element for element in root.iter(f"{SVG}rect") if "band" in element.get("class", "")]
    assert len(bands) == 2


def test_a_drawing_has_a_line_for_every_reading() -> None:
    """Ten of values: seven operators, of which the addition reads two, and the image."""
    seen = inspection.inspect(two_exits())
    root = ElementTree.fromstring(inspection.draw(seen))
    heads = [element for element in root.iter(f"{SVG}path") if element.get("class") == "head"]
    made = {value for node in seen.nodes for value, _, _ in node.outputs} | {0}
    readings = [value for node in seen.nodes for value in node.reads if value in made]
    assert len(heads) == len(readings) == 8
    wires = [element.get("class") for element in root.iter(f"{SVG}path")]
    assert "wire crosses" in wires  # the first convolution is read beyond the first exit


@pytest.mark.parametrize("name", [HOSTILE, "a" * 256, "\N{HANGUL FILLER}é漢"])
def test_names_of_strangers_stay_text(idn: Idn, tmp_path: Path, name: str) -> None:
    graph = two_exits(name, licence="<b>\x1b]0;owned\x07\r\n", tier=name[:100])
    text = inspection.draw(inspection.inspect(graph), HOSTILE)
    root = ElementTree.fromstring(text)
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "style", "rect", "text", "path", "g"}
    code, out, _ = idn("inspect", saved(graph, tmp_path), "--nodes")
    assert code == exit_codes.OK
    for shown in (out, text):
        assert all(character.isprintable() or character == "\n" for character in shown)
    assert printable(name, 64)[:20] in " ".join(out.split())


def test_printable_is_one_line_without_controls_and_tells_texts_apart() -> None:
    assert printable("a\nb\x1b\u202e\ud800\\") == r"a\nb\x1b\u202e\ud800\\"
    assert printable("\\x1b") != printable("\x1b")
    assert printable("abcdef", 4) == "abc…"
    assert printable("abcd", 4) == "abcd"


def test_wires_on_one_lane_do_not_overlap_and_short_ones_lie_inside() -> None:
    made = {value: value for value in range(20)}
    readers = {0: [1, 19], 1: [2, 4], 2: [3, 5], 3: [4], 10: [12], 12: [14]}
    close, wires = neighbours_and_wires(made, readers)
    assert sorted(close) == [(0, 1), (1, 2), (2, 3), (3, 4)]
    by_value = {wire.value: wire for wire in wires}
    assert by_value[0] == Wire(0, 0, (19,), 2)
    assert (by_value[1].lane, by_value[2].lane) == (0, 1)
    assert by_value[12].lane == 1  # it begins in the row where another ends
    for one in wires:
        for other in wires:
            if one is not other and one.lane == other.lane:
                assert one.readers[-1] < other.row or other.readers[-1] < one.row


def test_more_wires_than_lanes_share_them() -> None:
    made = {value: value for value in range(2 * MOST_LANES)}
    readers = {value: [1000 + value] for value in made}
    lanes = {wire.lane for wire in neighbours_and_wires(made, readers)[1]}
    assert lanes == set(range(MOST_LANES))
