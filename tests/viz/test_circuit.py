import math
from collections.abc import Callable
from random import Random

import pytest

from autograd import DomainError, Value
from autograd.functions import dot, log, max, sqrt, sum
from autograd.gates import Gate
from autograd.graph import order
from autograd.value import apply
from tests.viz.helpers import DRAWN, GOLDEN, RANDOM, random_graph
from viz.circuit import Circuit, Wire, circuit_of


def named(circuit: Circuit) -> dict[str, Wire]:
    """Return the wires of a circuit by their names."""
    return {wire.name: wire for wire in circuit.wires}


# ------------------------------------------------------------------------------------------------ what there is to draw


def test_wires_and_boxes_stand_in_the_order_of_the_walk() -> None:
    circuit = circuit_of(GOLDEN["xyz"]())
    assert [wire.name for wire in circuit.wires] == ["x", "y", "q", "z", "f"]
    assert [wire.source for wire in circuit.wires] == [None, None, 0, None, 1]
    assert [box.symbol for box in circuit.boxes] == ["+", "×"]
    assert [[circuit.wires[pin.wire].name for pin in box.pins] for box in circuit.boxes] == [["x", "y"], ["q", "z"]]
    assert [(pin.local, pin.downstream) for pin in circuit.boxes[1].pins] == [(-4.0, -4.0), (3.0, 3.0)]
    assert [pin.index for box in circuit.boxes for pin in box.pins] == [0, 1, 2, 3]
    assert circuit.root is circuit.wires[-1]


@pytest.mark.parametrize("name", DRAWN)
def test_wires_pins_and_boxes_point_at_each_other(name: str) -> None:
    circuit = circuit_of(DRAWN[name]())
    assert [wire.index for wire in circuit.wires] == list(range(len(circuit.wires)))
    assert [box.index for box in circuit.boxes] == list(range(len(circuit.boxes)))
    for wire in circuit.wires:
        assert wire.source is None or circuit.boxes[wire.source].wire == wire.index
        assert [circuit.boxes[box].pins[pin].wire for box, pin in wire.pins] == [wire.index] * len(wire.pins)
        assert circuit.wire_of(wire.node) is wire
    leading = [(pin.wire, (box.index, i)) for box in circuit.boxes for i, pin in enumerate(box.pins)]
    assert sorted(leading) == [(wire.index, pin) for wire in circuit.wires for pin in wire.pins]
    pins = [pin.index for box in circuit.boxes for pin in box.pins]
    assert pins == list(range(len(pins)))


def test_a_leaf_alone_is_a_wire() -> None:
    circuit = circuit_of(Value(0.5, "x"))
    assert [(wire.name, wire.value, wire.gradient, wire.source) for wire in circuit.wires] == [("x", 0.5, 1.0, None)]
    assert circuit.boxes == ()
    assert circuit.notation.short(0.5) == "0.50"


# ------------------------------------------------------------------------------------------------------------ constants


@pytest.mark.parametrize(
    ("make", "symbol"),
    [
        (lambda x: x + 1, "+1"),
        (lambda x: 1 + x, "+1"),
        (lambda x: x * -1, "×−1"),
        (lambda x: -1 * x, "×−1"),
        (lambda x: -x, "×−1"),
        (lambda x: 2 * x, "×2"),
        (lambda x: x - 1, "−1"),
        (lambda x: 1 - x, "1−"),
        (lambda x: x - (-1), "−(−1)"),
        (lambda x: x / 2, "÷2"),
        (lambda x: 3 / x, "3÷"),
        (lambda x: 1 / x, "1/x"),
        (lambda x: x / 3.14159265, "÷3.14"),
        (lambda x: x + 1e-9, "+1e−9"),
        (lambda x: x**2, "x²"),
        (lambda x: 2**x, "2^"),
        (lambda x: max(x, 0), "max 0"),
        (lambda x: max(0, x), "max 0"),
        (lambda x: dot([x], [3.0]), "w·x 3"),
        (lambda x: sum([1, x, 2.5]), "Σ 1 2.5"),
    ],
)
def test_constants_are_folded_into_their_gate(make: Callable[[Value], Value], symbol: str) -> None:
    x = Value(4.0, "x")
    circuit = circuit_of(make(x))
    (box,) = circuit.boxes
    assert box.symbol == symbol
    assert [pin.wire for pin in box.pins] == [0]
    assert [wire.node for wire in circuit.wires] == [x, circuit.root.node]


def test_a_folded_constant_has_no_wire() -> None:
    f = Value(4.0, "x") + 1
    assert circuit_of(f).wire_of(f.inputs[1]) is None


def test_the_pin_keeps_the_place_of_its_input() -> None:
    (box,) = circuit_of(1 - Value(4.0, "x")).boxes
    assert [(pin.place, pin.local) for pin in box.pins] == [(1, -1.0)]


def test_where_all_is_constant_it_is_drawn() -> None:
    one = (Value(2.0) + 1).inputs[1]  # a raw number, met in two gates
    circuit = circuit_of(one * one + (Value(3.0, "x") - one))
    assert [wire.name for wire in circuit.wires] == ["1", "a", "x", "b", "f"]
    assert [len(box.pins) for box in circuit.boxes] == [2, 2, 2]
    assert circuit_of(one).root.node is one


# -------------------------------------------------------------------------------------------------- forks and gradients


def branches(circuit: Circuit, wire: Wire) -> list[float]:
    """Return what flows back into a wire from each of its pins."""
    return [circuit.boxes[box].pins[pin].downstream for box, pin in wire.pins]


def test_x_times_x_has_two_pins_on_one_wire() -> None:
    x, y = Value(3.0, "x"), Value(2.0, "y")
    circuit = circuit_of(x * x + y)
    wires = named(circuit)
    assert (wires["x"].forks, wires["y"].forks) == (True, False)
    assert [circuit.boxes[box].pins[pin].place for box, pin in wires["x"].pins] == [0, 1]
    assert (branches(circuit, wires["x"]), wires["x"].gradient) == ([3.0, 3.0], 6.0)


@pytest.mark.parametrize("name", RANDOM)
def test_gradients_are_those_of_the_engine_and_add_up_at_forks(name: str) -> None:
    f = RANDOM[name]()
    circuit = circuit_of(f)
    f.backward()
    for wire in circuit.wires:
        assert wire.value == pytest.approx(wire.node.data, rel=0, abs=0, nan_ok=True)
        assert wire.gradient == pytest.approx(wire.node.grad, rel=1e-12, nan_ok=True)
        parts = branches(circuit, wire)
        if parts and math.isfinite(wire.gradient):
            assert math.fsum(parts) == pytest.approx(wire.gradient, rel=0, abs=1e-12 * math.fsum(map(abs, parts)))


def test_random_circuits_fork_and_most_of_their_gradients_are_numbers_worth_comparing() -> None:
    wires = [wire for make in RANDOM.values() for wire in circuit_of(make()).wires]
    telling = [wire for wire in wires if math.isfinite(wire.gradient) and wire.gradient != 0]
    assert len(telling) > 0.5 * len(wires)
    assert len([wire for wire in telling if wire.forks]) > 100


def test_no_gradient_is_touched() -> None:
    f = random_graph(Random(7), 30)
    for i, node in enumerate(order(f)):
        node.grad = i + 0.5
    circuit_of(f)
    assert [node.grad for node in order(f)] == [i + 0.5 for i in range(len(order(f)))]


def test_a_stale_graph_is_drawn_fresh() -> None:
    x = Value(2.0, "x")
    f = x * x
    x.data = 5.0
    wires = named(circuit_of(f))
    assert [(wires[name].value, wires[name].gradient) for name in "xf"] == [(5.0, 10.0), (25.0, 1.0)]


def test_later_changes_do_not_reach_the_circuit() -> None:
    x = Value(2.0, "x")
    f = x * x
    circuit = circuit_of(f)
    x.data, x.label = 5.0, "changed"
    f.backward()
    assert [(wire.name, wire.value, wire.gradient) for wire in circuit.wires] == [("x", 2.0, 4.0), ("f", 4.0, 1.0)]
    assert circuit.forward[0].values == (2.0, 2.0)


# ------------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("thing", [3.0, None, "f", [Value(1.0)], Value])
def test_what_is_no_value_has_no_picture(thing: object) -> None:
    with pytest.raises(TypeError, match=f"not of {type(thing).__name__}"):
        circuit_of(thing)  # type: ignore[arg-type]


def additions(count: int) -> Value:
    v = Value(1.0, "x")
    for _ in range(count):
        v = v + 1.0
    return v


def test_three_hundred_gates_are_drawn_and_one_more_is_not() -> None:
    assert len(circuit_of(additions(300)).boxes) == 300
    with pytest.raises(ValueError, match=r"301 gates are too many for one picture \(at most 300\)"):
        circuit_of(additions(301))


def test_a_million_gates_are_refused_before_any_gradient_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    f = additions(1_000_000)
    monkeypatch.setattr("autograd.graph.forward", lambda nodes: pytest.fail("computed"))
    with pytest.raises(ValueError, match="1,000,000 gates are too many"):
        circuit_of(f)


def test_where_a_slope_does_not_exist_there_is_no_picture() -> None:
    with pytest.raises(DomainError, match=r"the slope of sqrt needs x > 0, got x = 0\.0"):
        circuit_of(sqrt(Value(0.0, "x")))


def test_where_a_changed_leaf_leaves_the_domain_there_is_no_picture() -> None:
    x = Value(1.0, "x")
    f = log(x)
    x.data = -1.0
    with pytest.raises(DomainError, match=r"log needs x > 0, got x = -1\.0"):
        circuit_of(f)


def test_inputs_of_gates_count_as_well_as_gates() -> None:
    assert len(circuit_of(sum([Value(1.0) for _ in range(900)])).wires) == 901
    for count in (901, 1_000_000):
        with pytest.raises(
            ValueError, match=rf"{count:,} inputs of gates are too many for one picture \(at most 900\)"
        ):
            circuit_of(sum([Value(1.0) for _ in range(count)]))


def root_of_difference(x: float, y: float) -> float:
    return math.sqrt(x - y)


def test_a_gate_that_raises_where_it_has_no_value_is_drawn_with_a_constant() -> None:
    gate = Gate("gap", "gap", "scaler", root_of_difference, lambda z, x, y: (0.5 / z, -0.5 / z), arity=2)
    one, three = (Value(0.0, "x") + 1.0).inputs[1], (Value(0.0, "x") + 3.0).inputs[1]
    assert [box.symbol for box in circuit_of(apply(gate, Value(3.0, "x"), one)).boxes] == ["gap 1"]
    assert [box.symbol for box in circuit_of(apply(gate, three, Value(1.0, "y"))).boxes] == ["3 gap"]
