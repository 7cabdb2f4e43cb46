"""The picture cut to the culprit: one mark, on the right wire, the numbers of the whole graph, nothing overlapping."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from autograd import DomainError, Value, diagnose, parse
from autograd.functions import dot, exp, log, sin, sqrt, sum, tanh
from autograd.gates import Gate
from autograd.graph import order
from autograd.value import apply
from tests.viz.helpers import RANDOM
from tests.viz.test_layout import gates, lines, overlaps, texts
from viz import culprit
from viz.circuit import Circuit, Wire
from viz.cutting import HIGHEST, MOST_DRAWN, WIDEST
from viz.layout import place
from viz.words import WRONG


def the_circuit(f: Value | DomainError) -> Circuit:
    (circuit,) = culprit(f).circuits
    return circuit


def marks(circuit: Circuit) -> list[tuple[Wire, str]]:
    return [(wire, wire.note.text) for wire in circuit.wires if wire.note]


def overflow() -> Value:
    x, w = Value(1000.0, "x"), Value(0.3, "w")
    return (tanh(w) + exp(x) * w - exp(x * 2)) * w


def steep() -> Value:
    p, w = Value(1e-300, "p"), Value(0.3, "w")
    return (p + w * 0) ** 0.01 * 1e20 * w


def without_slope() -> Value:
    p, w = Value(0.0, "p"), Value(0.3, "w")
    return sqrt(p * p) * w + w


def refused(text: str, **values: float) -> DomainError:
    with pytest.raises(DomainError) as caught:
        parse(text, **values)
    return caught.value


CASES: dict[str, tuple[Callable[[], Value | DomainError], str, str]] = {  # what is drawn, the mark, the gate before it
    "overflow": (overflow, "first ∞", "exp"),
    "spoilt gradient": (lambda: 1 / (1 + exp(Value(1000.0, "x"))), "first ∞", "exp"),
    "steep": (steep, "first ∞", "add"),  # the gradient of what the power reads
    "without slope": (without_slope, "no slope", "sqrt"),
    "refused": (lambda: refused("log(x - y) * 2", x=1, y=2), "no value", "log"),
    "refused inf": (lambda: refused("sin(exp(x) * w)", x=1000, w=2), "first ∞", "exp"),
    "nan given": (lambda: Value(math.nan, "n") * 2 + 1, "first nan", ""),
    "nan alone": (lambda: Value(math.nan, "n"), "first nan", ""),
    "constant": (lambda: Value(2.0, "y") * math.inf, "first ∞", "mul"),  # folded into the gate that reads it
}


@pytest.mark.parametrize("case", CASES)
def test_one_wire_is_marked_in_words_and_the_diagnosis_stands_below(case: str) -> None:
    make, text, gate = CASES[case]
    f = make()
    diagram = culprit(f)
    (circuit,) = diagram.circuits
    ((wire, mark),) = marks(circuit)
    assert mark == f"{WRONG} {text}"
    assert (circuit.boxes[wire.source].gate.name if wire.source is not None else "") == gate
    assert diagram.caption[0] == str(diagnose(f))
    assert str(diagnose(f)) in repr(diagram)
    assert "in a box: where a number first is not finite" in diagram.svg
    placement = place(circuit)
    assert overlaps([*texts(circuit, placement), *gates(placement), *lines(circuit, placement)]) == []


@pytest.mark.parametrize("name", list(RANDOM)[2::4])
@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_a_gate_planted_anywhere_is_in_the_picture_marked_and_with_the_gradients_of_the_whole_graph(
    name: str, number: float
) -> None:
    f = RANDOM[name]()
    made = [node for node in order(f) if node.gate is not None]
    bad = apply(Gate("bad", "!", "scaler", lambda x: number, lambda z, x: (1.0,)), made[len(made) // 2])
    root = f + bad * made[-1]
    circuit = the_circuit(root)
    ((wire, _),) = marks(circuit)
    assert wire.node is bad
    assert len(circuit.boxes) <= MOST_DRAWN + 1
    root.backward()
    for wire in circuit.wires:
        assert wire.gradient == pytest.approx(wire.node.grad, rel=1e-9, abs=1e-12, nan_ok=True)
    placement = place(circuit)
    assert overlaps([*texts(circuit, placement), *gates(placement), *lines(circuit, placement)]) == []


@pytest.mark.parametrize("case", ["without slope", "refused", "refused inf"])
def test_a_picture_of_the_forward_pass_alone_knows_its_values_and_no_gradient(case: str) -> None:
    circuit = the_circuit(CASES[case][0]())
    assert all(math.isnan(wire.gradient) for wire in circuit.wires)
    assert {circuit.notation.short(wire.gradient) for wire in circuit.wires} == {"?"}
    svg = culprit(CASES[case][0]()).svg
    assert "nan" not in svg
    assert "◂ ?" in svg


def test_a_graph_up_to_the_gate_that_refused_has_the_numbers_it_was_built_with() -> None:
    x, y = Value(1.0, "x"), Value(2.0, "y")
    difference = x - y
    with pytest.raises(DomainError) as caught:
        log(difference)
    circuit = the_circuit(caught.value)
    assert [(wire.name, wire.value) for wire in circuit.wires][:3] == [("x", 1.0), ("y", 2.0), ("a", -1.0)]
    assert [box.gate.name for box in circuit.boxes] == ["sub", "log"]
    assert circuit.notation.short(circuit.root.value) == "?"


def test_a_large_graph_is_cut_and_says_so() -> None:
    v = Value(0.5, "x")
    for _ in range(400):
        v = tanh(v) + 0.1
    bad = exp(v * 1e4)
    w = bad
    for _ in range(400):
        w = w * 0.5
    diagram = culprit(w)
    (circuit,) = diagram.circuits
    assert circuit.wire_of(bad) is not None
    assert len(circuit.boxes) == 6  # itself, three before, two after
    cut = "Drawn: 6 of 1,202 gates, those nearest to the culprit; gradients are those of f."
    assert list(diagram.caption[1:]) == [cut]


def layers(sizes: list[int]) -> tuple[list[Value], Value]:
    """Return the first gates of a network whose neurons are alike, and its output."""
    xs, first = [Value(0.1 * i, f"x{i}") for i in range(sizes[0])], list[Value]()
    for wide in sizes[1:]:
        sums = [dot([Value(0.3, f"w{i}") for i in range(len(xs))], xs, Value(0.0, "b")) for _ in range(wide)]
        first, xs = first or sums, [tanh(v) for v in sums]
    return first, sum(xs)


@pytest.mark.parametrize("sizes", [[8, 8, 1], [2, 16, 1], [3, 12, 2]])
def test_a_graph_of_few_gates_that_no_page_has_room_for_is_cut_too(sizes: list[int]) -> None:
    (gate, *_), f = layers(sizes)
    assert len([node for node in order(f) if node.gate]) <= MOST_DRAWN
    gate.inputs[0].data = math.inf
    diagram = culprit(f)
    (circuit,) = diagram.circuits
    placement = place(circuit)
    assert placement.width <= WIDEST
    assert placement.height <= HIGHEST
    assert [wire.node for wire, _ in marks(circuit)] == [gate.inputs[0]]
    assert circuit.wire_of(gate) is not None
    assert len(circuit.boxes) > 1  # something of what it does to others
    assert f"Drawn: {len(circuit.boxes)} of " in diagram.caption[1]


def test_gates_of_many_inputs_are_left_out_unless_one_is_the_culprit() -> None:
    x = Value(1000.0, "x")
    losses = [exp(x), *[Value(float(i), f"v{i}") for i in range(2000)]]
    assert [box.gate.name for box in the_circuit(sum(losses)).boxes] == ["exp"]
    many = [Value(1e308, f"v{i}") for i in range(2000)]
    with pytest.raises(ValueError, match=r"2,000 inputs of gates are too many .* sum makes inf of finite numbers"):
        culprit(sum(many))


@pytest.mark.parametrize("suffix", [".svg", ".html", ".png", ".pdf", ".dot", ".tex"])
@pytest.mark.parametrize("case", CASES)
def test_the_picture_can_be_saved(case: str, suffix: str, tmp_path: Path) -> None:
    if suffix in (".png", ".pdf"):
        pytest.importorskip("matplotlib")
    assert culprit(CASES[case][0]()).save(tmp_path / f"f{suffix}").stat().st_size > 200


def test_a_diagnosis_is_drawn_as_its_graph_is_and_no_gradient_is_touched() -> None:
    f = overflow()
    found = diagnose(f)
    assert found is not None
    assert culprit(found).svg == culprit(f).svg
    assert {node.grad for node in order(f)} == {0.0}


def test_a_finite_graph_has_no_culprit_and_other_things_are_refused() -> None:
    with pytest.raises(ValueError, match="there is no culprit"):
        culprit(sin(Value(1.0, "x")))
    with pytest.raises(TypeError, match="a diagnosis is of a Value"):
        culprit("x")  # type: ignore[arg-type]
