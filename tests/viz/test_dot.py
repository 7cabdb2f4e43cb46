import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import graphviz
import pytest

from autograd import DomainError, Value
from autograd.functions import sqrt
from autograd.gates import Gate
from autograd.graph import order
from autograd.value import apply
from tests.viz.helpers import DRAWN, HOSTILE_LABELS, hostile, sigmoid_neuron, xyz
from viz import draw
from viz.circuit import circuit_of
from viz.dot import dot_source, to_graphviz
from viz.fold import folded
from viz.fold_words import headline, what

ROOT = Path(__file__).resolve().parents[2]
HTML = r"<(?:[^<>]|<[^<>]*>)*>"  # a label in brackets, and tags in it
QUOTED = r'"(?:[^"\\]|\\.)*"'
ATTRIBUTES = rf"(?: \[(?:\w+=(?:{HTML}|{QUOTED}|[\w.]+) ?)*\])?"
STATEMENT = re.compile(rf"\t(?:graph|node|edge|[gwf]\d+(?: -> [gwf]\d+)?){ATTRIBUTES}", re.DOTALL)


def texts(source: str) -> list[str]:
    """Return the texts of labels, tags left out."""
    return [
        re.sub(r"<[^<>]*>", " ", label).strip() for label in re.findall(r" \[label=<((?:[^<>]|<[^<>]*>)*)>", source)
    ]


def test_the_first_example() -> None:
    source = to_graphviz(xyz()).source
    nodes = re.findall(r"^\t(\w+) \[label=(?:<<i>(.*?)</i>>|(\S+)) shape=(\w+)", source, re.MULTILINE)
    assert [(name, html or text.strip('"'), shape) for name, html, text, shape in nodes] == [
        ("g0", "+", "circle"),
        ("g1", "×", "circle"),
        ("w0", "x", "plaintext"),
        ("w1", "y", "plaintext"),
        ("w3", "z", "plaintext"),
        ("w4", "f", "plaintext"),
    ]
    assert re.findall(r"\w+ -> \w+", source) == ["w0 -> g0", "w1 -> g0", "g0 -> g1", "w3 -> g1", "g1 -> w4"]


def test_every_number_stands_on_its_edge() -> None:
    edges = [line for line in to_graphviz(xyz()).source.splitlines() if "->" in line]
    assert [texts(edge)[0].split() for edge in edges] == [
        ["−2", "◂", "−4", "local", "1"],
        ["5", "◂", "−4", "local", "1"],
        ["3", "q", "◂", "−4", "local", "−4"],
        ["−4", "◂", "3", "local", "3"],
        ["−12", "◂", "1"],
    ]


def test_full_digits_are_in_the_titles() -> None:
    assert 'tooltip="h = −1, gradient −0.196611933241482"' in to_graphviz(sigmoid_neuron()).source


def test_a_long_label_is_whole_in_the_title() -> None:
    label = "w" * 60
    source = to_graphviz(Value(2.0, label) * Value(1.0, "y")).source
    assert f'tooltip="{label} = 2, gradient 1"' in source
    assert f"<i>{label}</i>" not in source


def test_a_fork_is_a_point_with_a_branch_to_each_gate() -> None:
    x = Value(3.0, "x")
    edges = [line for line in to_graphviz(x * x + x).source.splitlines() if "->" in line]
    assert [edge.split(" [")[0].strip() for edge in edges if "f0" in edge] == [
        "w0 -> f0",
        "f0 -> g0",
        "f0 -> g0",
        "f0 -> g1",
    ]
    assert texts(edges[0])[0].split() == ["3", "◂", "3", "+", "3", "+", "1", "=", "7"]
    assert texts(edges[1])[0].split() == ["◂", "3", "local", "3"]


def test_a_leaf_is_a_node_with_its_number() -> None:
    assert texts(to_graphviz(Value(3.0, "x")).source)[0].split() == ["x", "3", "◂", "1"]


@pytest.mark.parametrize("make", DRAWN.values(), ids=DRAWN)
def test_every_statement_is_well_formed(make: Callable[[], Value]) -> None:
    first, *statements, last = to_graphviz(make()).source.rstrip("\n").split("\n")
    assert (first, last) == ("digraph {", "}")
    assert [line for line in statements if not STATEMENT.fullmatch(line)] == []


def test_hostile_labels_are_text() -> None:
    f = Value(2.0, '\\N <b>"q"</b>\n& \x1b[31m🙂') * Value(1.0, "<i>")
    source = to_graphviz(f).source
    assert "<<i>\\\N{ZERO WIDTH SPACE}N &lt;b&gt;&quot;q&quot;&lt;/b&gt; &amp; [31m🙂</i>>" in source
    assert "<<i>&lt;i&gt;</i>>" in source
    assert r'tooltip="\\N <b>\"q\"</b> & [31m🙂 = 2, gradient 1"' in source
    assert all(c.isprintable() or c in "\n\t\N{ZERO WIDTH SPACE}" for c in to_graphviz(hostile()).source)


def test_hostile_symbols_are_text() -> None:
    gate = Gate('<"\\N">', '<b>"\\N"</b>\n', "scaler", lambda x: x, lambda z, x: (1.0,))
    source = to_graphviz(apply(gate, Value(1.0, "x"))).source
    assert r'label="<b>\"\\N\"</b>"' in source


def test_the_same_graph_gives_the_same_text_in_another_process() -> None:
    code = "from tests.viz.helpers import sigmoid_neuron; from viz.dot import to_graphviz; "
    code += "import sys; sys.stdout.buffer.write(to_graphviz(sigmoid_neuron()).source.encode())"
    sources = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout.decode()
        for seed in ("1", "2")
    ]
    assert sources == [to_graphviz(sigmoid_neuron()).source] * 2


def test_the_source_needs_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    digraph = to_graphviz(xyz())
    assert isinstance(digraph, graphviz.Digraph)
    assert digraph.source == dot_source(circuit_of(xyz()))


def test_what_cannot_be_drawn() -> None:
    with pytest.raises(TypeError, match="of a Value, not of str"):
        to_graphviz("x")  # type: ignore[arg-type]
    with pytest.raises(DomainError, match="the slope of sqrt"):
        to_graphviz(sqrt(Value(0.0, "x")))


def layered(label: str) -> Value:
    """Return 400 gates of two units, whose labels are paths."""
    f = Value(1.0, "x")
    for i in range(400):
        f = f * 1.01
        f.label = f"{label}/unit{i // 200}"
    return f


def test_a_graph_too_large_is_folded_into_its_parts_in_the_same_words() -> None:
    f = layered("layer") * 2.0
    source, shown = to_graphviz(f).source, folded(f)
    assert f'label="{headline(shown)}"' in source
    assert re.findall(r"^\t(\w+) \[label=<<i>(.*?)</i>", source, re.MULTILINE) == [
        ("p0", "layer"),
        ("p1", "layer → f"),
        ("f", "f"),
    ]
    assert all(what(part) in source for part in shown.parts)
    assert re.findall(r"\w+ -> \w+", source) == ["p0 -> p1", "p1 -> f"]
    assert draw(f).dot == draw(f, engine="dot").dot == source
    assert {node.grad for node in order(f)} == {0.0}


@pytest.mark.parametrize("label", HOSTILE_LABELS, ids=range(len(HOSTILE_LABELS)))
def test_hostile_names_of_parts_are_text(label: str) -> None:
    hostile, plain = (
        re.sub(QUOTED, "", to_graphviz(layered(name)).source)  # in quotes, as in tooltips, every character is text
        for name in (label.replace("/", "|").strip() or "x", "layer")
    )
    assert re.findall(r"</?\w+", hostile) == re.findall(r"</?\w+", plain)
    assert hostile.count("->") == plain.count("->")
