from collections.abc import Callable

import pytest

from autograd import Value, check_gradients
from autograd.functions import relu, tanh
from autograd.gates import Gate
from autograd.graph import order
from autograd.value import apply
from tests.viz.helpers import DRAWN, GOLDEN, RANDOM, sigmoid_neuron, xyz
from tests.viz.test_layout import gates, lines, overlaps, texts
from viz import draw
from viz.circuit import Note
from viz.layout import place
from viz.words import WRONG


def off(share: float) -> Gate:
    """Return a gate whose rule is wrong by that share."""
    return Gate("square", "x²", "scaler", lambda x: x * x, lambda z, x: (2 * (1 + share) * x,))


def wrong_inside(share: float) -> Value:
    x, y = Value(1.5, "x"), Value(0.3, "y")
    return tanh(apply(off(share), x) * y) + x * y


def notes(f: Value) -> list[tuple[str, Note | None]]:
    (circuit,) = draw(f, check=True).circuits
    return [(box.gate.name, pin.note) for box in circuit.boxes for pin in box.pins]


@pytest.mark.parametrize("name", [*GOLDEN, "diamonds", "wide_dot", "softmax_loss", *list(RANDOM)[::6]])
def test_every_slope_has_its_numeric_one_beside_it_and_nothing_on_anything_else(name: str) -> None:
    f = DRAWN[name]()
    diagram = draw(f, check=True)
    (circuit,), placement = diagram.circuits, place(diagram.circuits[0])
    pins = {(box.step.node, pin.place): pin for box in circuit.boxes for pin in box.pins}
    for edge in check_gradients(f).edges:
        if (edge.node, edge.place) in pins:  # not into a constant
            note = pins[edge.node, edge.place].note
            assert note is not None
            assert note.alarm is not edge.agrees
            assert note.text.endswith(f"≈ {circuit.notation.short(edge.numeric)}") or note.alarm
    assert all(pin.note for pin in pins.values())
    assert overlaps([*texts(circuit, placement), *gates(placement), *lines(circuit, placement)]) == []


@pytest.mark.parametrize(
    ("share", "told"), [(0.1, "×3.30 ≠ 3.00 ✗"), (-1.5, "×(−1.50) ≠ 3.00 ✗"), (1e-4, "×3.0003 ≠ 3.00 ✗")]
)
def test_a_wrong_rule_is_marked_where_it_is_and_nowhere_else(share: float, told: str) -> None:
    f = wrong_inside(share)
    alarms = [(gate, note.text) for gate, note in notes(f) if note and note.alarm]
    assert alarms == [("square", told)]
    diagram = draw(f, check=True)
    assert diagram.svg.count('class="gw-alarm"') == 1
    assert told in diagram.svg
    assert f"Gradient check: {WRONG} 1 of 8 edges and 1 of 2 inputs disagree: square, x → a" in repr(diagram)


def test_right_rules_get_a_verdict_and_no_mark() -> None:
    diagram = draw(sigmoid_neuron(), check=True)
    assert WRONG not in "".join(note.text for _, note in notes(sigmoid_neuron()) if note)
    assert "gw-alarm" not in diagram.svg
    assert repr(diagram).endswith("Gradient check: 13 edges and 5 inputs agree to 1e-06.")
    assert "agree to 1e-06" in diagram.svg


def test_a_slope_without_an_estimate_is_an_alarm_with_a_question_mark() -> None:
    lonely = Gate("lonely", "l", "scaler", lambda x: x if x == 1.0 else float("nan"), lambda z, x: (1.0,))
    ((_, note),) = notes(apply(lonely, Value(1.0, "x")))
    assert note is not None
    assert (note.text, note.alarm) == ("×1 ≠ ? ✗", True)


def test_a_kink_agrees_and_says_what_it_is() -> None:
    ((_, note),) = notes(relu(Value(0.0, "x")))
    assert note is not None
    assert not note.alarm
    assert "kink" in note.title


def test_several_graphs_are_checked_each_for_itself() -> None:
    diagram = draw(xyz(), wrong_inside(0.1), check=True)
    assert [WRONG in verdict for verdict in diagram.caption] == [False, True]


def test_a_check_touches_no_gradient_and_leaves_plain_pictures_as_they_are() -> None:
    f = sigmoid_neuron()
    plain = draw(f).svg
    draw(f, check=True)
    assert draw(f).svg == plain
    assert {node.grad for node in order(f)} == {0.0}


@pytest.mark.parametrize("draws", [lambda f: draw(f, check=True), lambda f: draw(f, check=True, open="rest")])
def test_a_folded_graph_is_not_checked_and_told_what_is(draws: Callable[[Value], object]) -> None:
    x = Value(1.0, "x")
    with pytest.raises(ValueError, match=r"graphs of up to 300 gates.*print\(check_gradients\(f\)\) has no such limit"):
        draws(sum([x] * 302, start=x))
