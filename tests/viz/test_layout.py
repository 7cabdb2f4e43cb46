from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations, pairwise
from random import Random

import pytest

from autograd import Value
from autograd.functions import sin
from tests.viz.helpers import DRAWN, GOLDEN, random_graph, random_tree
from viz import layout, theme
from viz.circuit import Circuit, circuit_of
from viz.layout import Placement, place
from viz.shapes import Text, shapes_of

Point = tuple[float, float]


@dataclass(frozen=True)
class Rectangle:
    """What something takes up of the plane, and what it is."""

    left: float
    top: float
    right: float
    bottom: float
    what: str
    gate: int | None = None  # the gate it belongs to, which it may touch; below 0, the route

    def overlaps(self, other: "Rectangle") -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
            and (self.gate is None or self.gate != other.gate)
        )


@cache
def drawn(name: str) -> tuple[Circuit, Placement]:
    circuit = circuit_of(DRAWN[name]())
    return circuit, place(circuit)


def slot(text: Text) -> Rectangle:
    """Return the room of a text: its width by the theme, its height that of DejaVu Sans, the tallest of the fonts."""
    width = theme.text_width(text.text + text.subscript, text.size, bold=text.kind in theme.BOLD)
    left = {"start": text.x, "middle": text.x - width / 2, "end": text.x - width}[text.anchor]
    gate = text.of[1] if text.of[0] == "gate" else None
    return Rectangle(left, text.y - 0.93 * text.size, left + width, text.y + 0.24 * text.size, text.text, gate)


def texts(circuit: Circuit, placement: Placement) -> list[Rectangle]:
    return [slot(shape) for shape in shapes_of(circuit, placement) if isinstance(shape, Text)]


def gates(placement: Placement) -> list[Rectangle]:
    return [
        Rectangle(s.x - s.half_width, s.y - s.half_height, s.x + s.half_width, s.y + s.half_height, f"gate {i}", i)
        for i, s in enumerate(placement.spots)
    ]


def lines(circuit: Circuit, placement: Placement) -> Iterator[Rectangle]:
    """Return the straight pieces of wires: passages, stubs, routes, and what leads from a pin to its gate."""
    for owner, left, right, y in placement.passages:
        yield Rectangle(left, y - 0.75, right, y + 0.75, f"passage of wire {owner}")
    for wire, stub in zip(circuit.wires, placement.stubs, strict=True):
        yield Rectangle(stub.x, stub.y - 0.75, stub.end, stub.y + 0.75, f"stub of wire {wire.index}", wire.source)
    for i, spot in enumerate(placement.spots):
        for y in spot.pins:
            yield Rectangle(spot.pins_from, y - 0.75, spot.x, y + 0.75, f"pin of gate {i}", i)
    for i, (wire_index, corners) in enumerate(placement.routes):
        for (x, y), (to_x, to_y) in pairwise(corners):
            left, right, upper, lower = min(x, to_x), max(x, to_x), min(y, to_y), max(y, to_y)
            wide, high = (0.75, 0.0) if x == to_x else (0.0, 0.75)
            sides = (left - wide, upper - high, right + wide, lower + high)
            yield Rectangle(*sides, f"route of wire {wire_index}", -1 - i)


def overlaps(rectangles: list[Rectangle]) -> list[tuple[str, str]]:
    """Return what overlaps, pair by pair; a sweep from left to right looks only at what is near."""
    found = []
    rectangles = sorted(rectangles, key=lambda r: r.left)
    for i, one in enumerate(rectangles):
        for other in rectangles[i + 1 :]:
            if other.left >= one.right:
                break
            if one.overlaps(other):
                found.append((one.what, other.what))
    return found


def crossings(placement: Placement) -> int:
    """Return how many pairs of bends of different wires cross."""
    channels = defaultdict(list)
    for wire, x, y, _, to_y in placement.bends:
        channels[x].append((wire, y, to_y))
    return sum(
        one[0] != other[0] and (one[1] - other[1]) * (one[2] - other[2]) < 0
        for bends in channels.values()
        for one, other in combinations(bends, 2)
    )


# -------------------------------------------------------------------------------------------------- room for everything


@pytest.mark.parametrize("name", DRAWN)
def test_nothing_stands_on_anything_else(name: str) -> None:
    circuit, placement = drawn(name)
    assert overlaps([*texts(circuit, placement), *gates(placement), *lines(circuit, placement)]) == []


@pytest.mark.parametrize("name", DRAWN)
def test_everything_is_inside_with_a_margin(name: str) -> None:
    circuit, placement = drawn(name)
    everything = [*texts(circuit, placement), *gates(placement), *lines(circuit, placement)]
    assert min(r.left for r in everything) >= 20
    assert min(r.top for r in everything) >= 20
    assert max(r.right for r in everything) <= placement.width - 20
    assert max(r.bottom for r in everything) <= placement.height - 20


@pytest.mark.parametrize("name", DRAWN)
def test_no_room_is_wasted_at_the_edges(name: str) -> None:
    circuit, placement = drawn(name)
    everything = [*texts(circuit, placement), *gates(placement), *lines(circuit, placement)]
    assert min(r.left for r in everything) <= 35
    assert min(r.top for r in everything) <= 35
    assert max(r.right for r in everything) >= placement.width - 35
    assert max(r.bottom for r in everything) >= placement.height - 35


@pytest.mark.parametrize("name", DRAWN)
def test_wires_bend_only_where_there_is_no_text_and_no_gate(name: str) -> None:
    circuit, placement = drawn(name)
    solid = [*texts(circuit, placement), *gates(placement)]
    bends = {
        Rectangle(x, min(y, to_y) - 0.75, to_x, max(y, to_y) + 0.75, f"bend of wire {wire}")
        for wire, x, y, to_x, to_y in placement.bends
    }
    assert [(r.what, bend.what) for r in solid for bend in bends if r.overlaps(bend)] == []


@pytest.mark.parametrize("name", DRAWN)
def test_all_bends_lie_in_channels_that_nothing_else_enters(name: str) -> None:
    circuit, placement = drawn(name)
    if not placement.routes:  # rows have their channels at different places
        channels = {(x, to_x) for _, x, _, to_x, _ in placement.bends}
        solid = [*texts(circuit, placement), *gates(placement)]
        assert [r for r in solid for x, to_x in channels if r.left < to_x and x < r.right] == []
        assert all(end <= start for (_, end), (start, _) in pairwise(sorted(channels)))


def test_the_sweep_finds_a_planted_overlap() -> None:
    circuit, placement = drawn("xyz")
    everything = [*texts(circuit, placement), *gates(placement), *lines(circuit, placement)]
    for one in everything:
        planted = Rectangle(one.left, one.top, one.right, one.bottom, "planted")
        assert any("planted" in pair for pair in overlaps([*everything, planted]))


# ------------------------------------------------------------------------------------------- wires arrive at their pins


def arrivals(circuit: Circuit, placement: Placement, wire: int) -> set[Point]:
    """Return the points where one arrives from the end of a wire's stub, along its bends, passages and routes."""
    leads: dict[Point, list[Point]] = defaultdict(list)
    for owner, x, y, to_x, to_y in placement.bends:
        if owner == wire:
            leads[x, round(y, 1)].append((to_x, round(to_y, 1)))
    for owner, x, to_x, y in placement.passages:
        if owner == wire:
            leads[x, round(y, 1)].append((to_x, round(y, 1)))
    for owner, ((x, y), *_, (to_x, to_y)) in placement.routes:
        if owner == wire:
            leads[x, round(y, 1)].append((to_x, round(to_y, 1)))
    stub = placement.stubs[wire]
    ends, todo = set(), [(stub.end, round(stub.y, 1))]
    while todo:
        point = todo.pop()
        further = leads.pop(point, [])
        todo.extend(further)
        if not further:
            ends.add(point)
    assert leads == {}, "pieces of the wire that hang in the air"
    return ends


@pytest.mark.parametrize("name", DRAWN)
def test_every_wire_leads_from_its_stub_to_all_its_pins_and_nowhere_else(name: str) -> None:
    circuit, placement = drawn(name)
    for wire, stub in zip(circuit.wires, placement.stubs, strict=True):
        spots = [(placement.spots[box], pin) for box, pin in wire.pins]
        pins = {(spot.pins_from, round(spot.pins[pin], 1)) for spot, pin in spots}
        assert arrivals(circuit, placement, wire.index) == (pins or {(stub.end, round(stub.y, 1))})


@pytest.mark.parametrize("name", DRAWN)
def test_a_dot_marks_each_fork_and_nothing_else(name: str) -> None:
    _, placement = drawn(name)
    leaving: dict[tuple[int, float, float], int] = defaultdict(int)
    for wire, x, y, _, _ in placement.bends:
        leaving[wire, x, y] += 1
    assert set(placement.forks) == {place for place, count in leaving.items() if count > 1}
    assert len(placement.forks) == len(set(placement.forks))


@pytest.mark.parametrize("name", DRAWN)
def test_every_wire_goes_to_the_right(name: str) -> None:
    circuit, placement = drawn(name)
    assert all(x < to_x for _, x, _, to_x, _ in placement.bends)
    routed = {wire for wire, _ in placement.routes}
    for box, spot in zip(circuit.boxes, placement.spots, strict=True):
        before = [placement.stubs[pin.wire].end < spot.pins_from or pin.wire in routed for pin in box.pins]
        assert all(before)
        assert spot.pins_from < spot.x - spot.half_width
        assert spot.x < placement.stubs[box.wire].x < placement.stubs[box.wire].end
        assert list(spot.pins) == sorted(spot.pins)
        assert all(abs(y - spot.y) <= spot.half_height for y in spot.pins)


# ------------------------------------------------------------------------------------------------------ good to look at


@pytest.mark.parametrize("name", [*GOLDEN, "wide_dot", "chain", "cube"])
def test_inputs_stand_at_the_left_as_in_the_notes(name: str) -> None:
    circuit, placement = drawn(name)
    inputs = [stub.x for wire, stub in zip(circuit.wires, placement.stubs, strict=True) if wire.source is None]
    assert set(inputs) == {min(stub.x for stub in placement.stubs)}


def test_inputs_stand_near_their_gates_where_that_makes_the_picture_much_smaller() -> None:
    v = Value(0.0, "x0")
    for i in range(1, 20):
        v = v + Value(float(i), f"x{i}")
    placement = place(circuit := circuit_of(v))
    at_the_left = layout._placed(circuit, layout._ranks(circuit))
    assert placement.passages == ()
    assert len(at_the_left.passages) == sum(range(1, 19))  # x2 passes one gate, x19 eighteen
    assert placement.width * placement.height < 0.72 * at_the_left.width * at_the_left.height


@pytest.mark.parametrize("seed", range(40))
def test_no_wires_of_a_tree_cross(seed: int) -> None:
    assert crossings(place(circuit_of(random_tree(Random(seed), 2 + seed)))) == 0


@pytest.mark.parametrize(
    ("name", "most"), [("sigmoid_neuron", 0), ("cube", 0), ("diamonds", 0), ("hidden_layer", 17), ("mlp_small", 6)]
)
def test_few_wires_cross(name: str, most: int) -> None:
    assert crossings(drawn(name)[1]) <= most


def test_crossings_are_counted() -> None:
    x, y, z = Value(1.0, "x"), Value(2.0, "y"), Value(3.0, "z")
    everybody_with_everybody = (x + y + z) * (x * y * z) + (x - y - z)  # K3,3 and more: no plane has room for it
    assert crossings(place(circuit_of(everybody_with_everybody))) > 0


def test_a_chain_is_straight_in_every_row() -> None:
    placement = drawn("chain")[1]
    assert len({stub.y for stub in placement.stubs}) == 1 + len(placement.routes) > 3


@pytest.mark.parametrize("name", [*GOLDEN, "wide_dot", "cube", "softmax_loss", "mlp_dots", "random_250"])
def test_what_is_not_long_is_one_row(name: str) -> None:
    assert drawn(name)[1].routes == ()


def test_the_sigmoid_neuron_fits_a_page() -> None:
    placement = drawn("sigmoid_neuron")[1]
    assert placement.width <= 1180


def test_a_very_long_chain_fits_a_page() -> None:
    v = Value(0.3, "x")
    for _ in range(120):
        v = sin(v)
    placement = place(circuit_of(v))
    assert placement.width < 1800
    assert placement.height < placement.width


def test_the_texts_of_a_pin_stand_next_to_its_gate() -> None:
    for name in GOLDEN:
        circuit, placement = drawn(name)
        spots = {pin.index: spot for box, spot in zip(circuit.boxes, placement.spots, strict=True) for pin in box.pins}
        shown = [shape for shape in shapes_of(circuit, placement) if isinstance(shape, Text) and shape.of[0] == "pin"]
        assert {text.of[1] for text in shown} == set(spots)
        for text in shown:
            spot = spots[text.of[1]]
            assert spot.half_height < abs(text.y - spot.y) < spot.half_height + 34
            assert abs(text.x - spot.x) <= 20


def test_the_pieces_of_a_wire_meet_at_whole_pixels_where_no_joint_shows() -> None:
    placements = [drawn(name)[1] for name in DRAWN]
    bends = [x for placement in placements for _, start, _, end, _ in placement.bends for x in (start, end)]
    passages = [x for placement in placements for _, start, end, _ in placement.passages for x in (start, end)]
    stubs = [stub.end for placement in placements for stub in placement.stubs]
    assert [x for x in (*bends, *passages, *stubs) if x != int(x)] == []


def test_long_wires_are_straight() -> None:
    bends = [bend for name in DRAWN if name.startswith("random_") for bend in drawn(name)[1].bends]
    blemishes = [bend for bend in bends if 0 < abs(bend[4] - bend[2]) < 6]
    assert len(blemishes) < 0.015 * len(bends)


# ---------------------------------------------------------------------------------------------------- same in, same out


@pytest.mark.parametrize("name", DRAWN)
def test_the_same_circuit_has_the_same_placement(name: str) -> None:
    assert place(circuit_of(DRAWN[name]())) == drawn(name)[1]


def test_other_numbers_as_wide_change_no_place() -> None:
    x, y, z = Value(-3, "x"), Value(8, "y"), Value(-7, "z")
    q = x + y
    q.label = "q"
    assert place(circuit_of(q * z)) == drawn("xyz")[1]


def test_the_largest_circuit_is_laid_out() -> None:
    placement = place(circuit_of(random_graph(Random(0), 299)))
    assert len(placement.spots) >= 299
