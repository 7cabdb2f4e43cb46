"""Folding: who belongs together, what is told of it, how it is drawn, and what is inside a part that is opened."""

import random
import re
from collections.abc import Callable
from hashlib import sha256
from itertools import pairwise
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from autograd import Value
from autograd.functions import dot, sum, tanh
from autograd.graph import order
from tests.viz.helpers import HOSTILE_LABELS, digest_elsewhere
from viz import draw, theme
from viz.fold import INPUTS, Folded, Link, Part, folded
from viz.fold_picture import picture_of_folded
from viz.fold_words import axis_of, facts, headline, notation_of
from viz.grouping import grouped, natural
from viz.opening import opened, openings
from viz.shapes import Picture, Text
from viz.svg import svg

if TYPE_CHECKING:
    from playwright.sync_api import Page

SVG = "{http://www.w3.org/2000/svg}"


# ---------------------------------------------------------------------------------------------------- graphs to fold


def network(
    sizes: tuple[int, ...],
    samples: int,
    activation: Callable[[Value], Value] = Value.relu,
    dots: bool = False,
    labels: bool = True,
    bias: float = 0.0,
) -> Value:
    """Return a max-margin loss with a penalty on an MLP of plain numbers, its neurons' outputs labelled as nn does."""
    rng = random.Random(7)
    layers = []
    for depth, (nin, nout) in enumerate(pairwise(sizes), 1):
        layer = []
        for path in [f"layer{depth}/neuron{unit}" for unit in range(nout)]:
            ws = [Value(rng.uniform(-1, 1), f"{path}/w{i}") for i in range(nin)]
            layer.append((path, ws, Value(bias if depth < len(sizes) - 1 else 0.0, f"{path}/b")))
        layers.append(layer)
    margins = []
    for sample in range(samples):
        h = [Value(rng.gauss(0, 1)) for _ in range(sizes[0])]
        for layer in layers:
            h = [neuron(path, ws, h, b, activation if layer is not layers[-1] else None, dots) for path, ws, b in layer]
        margins.append((1 + (1 - sample % 2 * 2) * h[0]).relu())
    parameters = [p for layer in layers for _, ws, b in layer for p in (*ws, b)]
    f = plain_sum(margins) * (1 / samples) + 1e-4 * plain_sum([p * p for p in parameters])
    if not labels:
        for node in order(f):
            node.label = ""
    return f


def neuron(
    path: str, ws: list[Value], xs: list[Value], b: Value, activation: Callable[[Value], Value] | None, dots: bool
) -> Value:
    z = dot(ws, xs, b) if dots else plain_sum([w * x for w, x in zip(ws, xs)], b)
    z = activation(z) if activation else z
    z.label = path
    return z


def plain_sum(terms: list[Value], start: Value | int = 0) -> Value:
    total: Value | int = start
    for term in terms:
        total = total + term
    assert isinstance(total, Value)
    return total


def labelled(value: Value, label: str) -> Value:
    value.label = label
    return value


def two_neurons() -> Value:
    """Return two neurons of two gates each, 3 samples, and a sum: one neuron of layer1 is dead."""
    alive, dead, out = Value(2.0, "layer1/neuron0/w"), Value(-1.0, "layer1/neuron1/w"), Value(3.0, "layer2/neuron0/w")
    scores = []
    for x in [Value(float(i), f"x{i}") for i in (1, 2, 3)]:
        h = [labelled((w * x).relu(), f"layer1/neuron{i}") for i, w in enumerate((alive, dead))]
        scores.append(labelled(out * (h[0] - h[1]), "layer2/neuron0"))
    return labelled(sum(scores), "loss")


def by_name(shown: Folded) -> dict[str, Part]:
    return {part.name: part for part in (*shown.parts, *shown.units)}


@pytest.fixture(scope="module")
def moons() -> Value:
    return network((2, 16, 16, 1), 100, bias=-0.7)


@pytest.fixture(scope="module")
def shown(moons: Value) -> Folded:
    return folded(moons)


# -------------------------------------------------------------------------------------------- who belongs to which part


def test_a_unit_takes_what_feeds_nothing_else() -> None:
    parts = by_name(folded(two_neurons()))
    assert parts["layer1"].kinds == (("relu", 6), ("×", 6))
    assert parts["layer1/neuron0"].kinds == (("relu", 3), ("×", 3))
    assert parts["layer2"].kinds == parts["layer2/neuron0"].kinds == (("×", 3), ("−", 3))
    assert parts["loss"].kinds == (("Σ", 1),)


def test_what_feeds_two_units_is_the_rest() -> None:
    x = Value(1.0, "x")
    shared = x * 2
    a, b = labelled(shared + 1, "layer1/neuron0"), labelled(shared * 3, "layer1/neuron1")
    c = labelled((a * b) * 2, "layer2/neuron0")
    shown = folded(c + 1)
    assert [(part.name, part.gates) for part in shown.parts] == [
        ("layer1", 2),
        ("layer2", 2),
        ("inputs → layer1", 1),
        ("layer2 → f", 1),
    ]
    assert shown.columns == (1, 2, 0, 3)


def test_equal_paths_are_one_stack() -> None:
    parts = by_name(folded(two_neurons()))
    assert parts["layer1/neuron0"].stack == parts["layer1"].stack == (3, 3)
    assert parts["loss"].stack == (0, 0)


def test_a_path_on_sum_and_activation_counts_once() -> None:
    z = labelled(Value(1.0) * 2, "layer1/neuron0")
    f = labelled(z.relu(), "layer1/neuron0") * 2
    assert by_name(folded(f))["layer1/neuron0"].stack == (1, 1)
    assert by_name(folded(f))["layer1/neuron0"].gates == 2


def test_units_with_fewer_samples_are_told() -> None:
    x = Value(1.0, "x")
    once = [labelled(x * 2, "layer1/neuron0")]
    f = sum([*once, *[labelled(x * i, "layer1/neuron1") for i in (3, 4, 5)]])
    assert folded(f).parts[0].stack == (1, 3)


def test_parameters_belong_to_the_path_in_their_label_and_other_leaves_are_inputs() -> None:
    parts = by_name(folded(two_neurons()))
    assert (parts["layer1"].parameters, parts["layer1"].inputs) == (2, 3)
    assert (parts["layer1/neuron1"].parameters, parts["layer1/neuron1"].inputs) == (1, 3)
    assert (parts["layer2"].parameters, parts["layer2"].inputs) == (1, 0)


def test_the_penalty_reads_parameters_of_others(shown: Folded) -> None:
    penalty = by_name(shown)["parameters → f"]
    assert (penalty.parameters, penalty.inputs, penalty.borrowed) == (0, 0, 337)


def test_a_label_with_empty_names_is_no_path() -> None:
    f = Value(1.0)
    for label in ("a/", "/", "//b", "https://x.org", "1 / 2", "layer1"):
        f = labelled(f * 1.5, label)
    assert {unit.name for unit in folded(f).units} == {"1 / 2"}


def test_deeper_paths_belong_to_the_unit_above_where_layers_would_be_too_many() -> None:
    f = Value(1.0)
    for layer in range(3):
        for unit in range(5):
            for piece in ("sum", "out"):
                f = labelled(tanh(f), f"net/layer{layer}/neuron{unit}/{piece}")
    shown = folded(f)
    assert [part.name for part in shown.parts] == ["net/layer0", "net/layer1", "net/layer2"]
    assert [len(part.units) for part in shown.parts] == [5, 5, 5]


def test_many_layers_share_parts() -> None:
    f = Value(0.5)
    for layer in range(1, 31):
        f = labelled(tanh(f), f"layer{layer}/neuron0")
    shown = folded(f)
    assert [part.name for part in shown.parts][:2] == ["layer1 … layer3", "layer4 … layer6"]
    assert len(shown.parts) == 10
    assert headline(shown) == "30 gates shown as 10 groups of layers"


def test_layers_stand_in_the_order_of_their_depth_not_of_their_names() -> None:
    f = Value(0.5)
    for name in ("stem", "body", "head"):
        f = labelled(tanh(f), f"{name}/unit")
    shown = folded(f)
    assert [part.name for part in shown.parts] == ["stem", "body", "head"]
    assert shown.columns == (0, 1, 2)


def test_units_stand_in_the_order_of_their_numbers(shown: Folded) -> None:
    assert [unit.name for unit in shown.parts[0].units] == [f"layer1/neuron{i}" for i in range(16)]


def test_wires_that_lead_back_do_not_turn_the_columns_round() -> None:
    h, out = Value(0.1), Value(0.0)
    for _ in range(5):
        h = labelled(tanh(h * 0.5 + out), "cell/state")
        out = labelled(h * 2, "head/out")
    shown = folded(out)
    assert [part.name for part in shown.parts] == ["cell", "head"]
    assert shown.columns == (0, 1)
    assert [(link.source, link.target, link.wires) for link in shown.links if link.source >= 0] == [
        (0, 1, 5),
        (1, 0, 4),
    ]


# -------------------------------------------------------------------------------------------------- what is told of it


def test_means_are_of_the_outputs() -> None:
    parts = by_name(folded(two_neurons()))
    assert (parts["layer1/neuron0"].value, parts["layer1/neuron0"].gradient) == (4.0, 3.0)
    assert (parts["layer1"].outputs, parts["layer1"].value, parts["layer1"].gradient) == (6, 2.0, 3.0)
    assert (parts["layer2"].value, parts["layer2"].gradient) == (12.0, 1.0)


def test_links_count_wires_and_what_flows_back() -> None:
    shown = folded(two_neurons())
    assert shown.links == (
        Link(INPUTS, 0, 6, 1.0 * 3 * 2 / 2),
        Link(0, 1, 6, 3.0),
        Link(1, 2, 3, 1.0),
    )
    assert [(link.source, link.target, link.wires) for link in shown.unit_links] == [(0, 2, 3), (1, 2, 3)]


def test_a_unit_is_dead_where_its_switch_is_shut_for_every_sample() -> None:
    parts = by_name(folded(two_neurons()))
    assert [parts[f"layer1/neuron{i}"].is_dead for i in (0, 1)] == [False, True]
    assert (parts["layer1"].dead, parts["layer1"].switches, parts["layer1"].shut) == (1, 6, 3)
    assert "dead: 1 of 3 neurons (layer1/neuron1)" in facts(folded(two_neurons()), notation_of([folded(two_neurons())]))


@pytest.mark.parametrize(
    ("gate", "dead"), [(Value.relu, True), (Value.step, True), (Value.leaky_relu, False), (Value.tanh, False)]
)
def test_dead_is_told_by_the_flow_on_the_card(gate: Callable[[Value], Value], dead: bool) -> None:
    f = sum([labelled(gate(Value(x)), "layer1/neuron0") for x in (-1.0, -2.0)])
    assert folded(f).units[0].is_dead is dead


def test_the_moons_loss(shown: Folded) -> None:
    assert shown.gates == 65_077
    assert headline(shown) == "65,077 gates shown as 3 layers and 2 other parts"
    assert [(part.name, part.gates, len(part.units), part.stack) for part in shown.parts] == [
        ("layer1", 8_000, 16, (100, 100)),
        ("layer2", 52_800, 16, (100, 100)),
        ("layer3", 3_200, 1, (100, 100)),
        ("parameters → f", 675, 0, (0, 0)),
        ("layer3 → f", 402, 0, (0, 0)),
    ]
    assert [part.parameters for part in shown.parts] == [48, 272, 17, 0, 0]
    assert {(link.source, link.target): link.wires for link in shown.links} == {
        (INPUTS, 0): 3_200,
        (0, 1): 25_600,
        (1, 2): 1_600,
        (2, 4): 100,
        (3, 4): 1,
    }
    assert len(shown.unit_links) == 16 * 16 + 16


def test_its_numbers_are_those_of_the_engine(moons: Value, shown: Folded) -> None:
    outputs: dict[str, list[Value]] = {}
    twin = network((2, 16, 16, 1), 100, bias=-0.7)
    twin.backward()
    for node in order(twin):
        if node.gate and node.label:
            outputs.setdefault(node.label, []).append(node)
    for unit in shown.units:
        nodes = outputs[unit.name]
        assert unit.value == pytest.approx(plain_mean([abs(node.data) for node in nodes]))
        assert unit.gradient == pytest.approx(plain_mean([abs(node.grad) for node in nodes]))
        assert unit.is_dead is (unit.switches > 0 and not any(node.data for node in nodes))
    assert 0 < plain_mean([unit.is_dead for unit in shown.units]) < 1


def plain_mean(xs: list[float] | list[bool]) -> float:
    total = 0.0
    for x in xs:
        total += x
    return total / len(xs)


def test_with_dot_gates_it_folds_to_the_same_parts(shown: Folded) -> None:
    other = folded(network((2, 16, 16, 1), 100, dots=True, bias=-0.7))
    assert [part.name for part in other.parts] == [part.name for part in shown.parts]
    assert [unit.gradient for unit in other.units] == pytest.approx([unit.gradient for unit in shown.units])
    assert other.parts[1].kinds == (("relu", 1_600), ("w·x", 1_600))


def test_vanishing_and_exploding_are_said() -> None:
    def deep(slope: float) -> str:
        f = Value(1e-9)
        for layer in range(8):
            f = labelled(f * slope, f"layer{layer}/neuron0")
        return facts(folded(f), notation_of([folded(f)]))[0]

    assert deep(0.1).startswith("vanishing: ")
    assert deep(10.0).startswith("exploding: ")
    assert deep(1.0) == "on its way back the mean |gradient| goes from 1.00 at layer7 to 1.00 at layer0"


def test_no_gradient_is_touched_and_stale_graphs_are_fresh() -> None:
    f = two_neurons()
    leaf = next(node for node in order(f) if node.label == "layer2/neuron0/w")
    leaf.data = 5.0
    assert by_name(folded(f))["layer2"].value == 20.0
    opened(f, "layer1/neuron0")
    assert {node.grad for node in order(f)} == {0.0}


@pytest.mark.parametrize("number", [float("inf"), float("nan"), 1e308, 5e-324])
def test_numbers_beyond_all_bounds_are_drawn(number: float) -> None:
    f = Value(number)
    for layer in range(3):
        f = labelled(f * 1e10 + 1.0, f"layer{layer}/neuron0")
    text = draw(plain_sum([f] * 301)).svg
    assert ElementTree.fromstring(text).tag == f"{SVG}svg"


# ------------------------------------------------------------------------------------------------------ without labels


def test_without_paths_bands_of_depth_hold_about_equally_many_gates() -> None:
    shown = folded(network((2, 16, 16, 1), 100, labels=False))
    assert shown.layers == 0
    assert len(shown.parts) == 12
    assert plain_mean([part.gates for part in shown.parts]) * 12 == 65_077
    assert shown.parts[0].name == "depth 1 to 2"
    assert [kind for kind, _ in shown.parts[2].kinds] == ["×", "+"]


MANY = 10**6


@pytest.fixture(scope="module", params=["chain", "wide"])
def million(request: pytest.FixtureRequest) -> Folded:
    if request.param == "wide":
        f = sum([Value(1.0) * 2.0 for _ in range(MANY - 1)])
    else:
        f, w = Value(1.0), Value(0.9999)
        for _ in range(MANY):
            f = f * w
    return folded(f)


def test_a_million_gates_fold_into_a_useful_picture(million: Folded) -> None:
    assert million.gates == MANY
    assert len(million.parts) in (2, 12)
    picture = picture_of_folded([million])
    assert picture.title == f"1,000,000 gates shown as {len(million.parts)} bands, from the inputs to f"
    gradients = [part.gradient for part in million.parts]
    assert gradients == sorted(gradients)
    if len(million.parts) == 12:
        assert facts(million, notation_of([million]))[0].startswith("vanishing: ")
    else:
        assert [part.kinds for part in million.parts] == [(("×", MANY - 1),), (("Σ", 1),)]


# ------------------------------------------------------------------------------------------------------ opening a part


def test_an_opened_part_has_the_numbers_of_the_whole() -> None:
    f = network((2, 16, 16, 1), 100, bias=-0.2)
    circuit = opened(f, "layer2/neuron3[42]")
    f.backward()
    assert len(circuit.boxes) == 33
    assert circuit.root.name == "layer2/neuron3[42]"
    assert circuit.output == "f"
    for wire in circuit.wires:
        if wire.source is not None:
            assert wire.value == wire.node.data
            assert wire.gradient == wire.node.grad
    ends = [node for node in order(f) if node.label == "layer2/neuron3"]
    assert circuit.root.node is ends[42]
    inputs = {wire.name: wire for wire in circuit.wires if wire.source is None}
    assert set(inputs) == {*[f"w{i}" for i in range(16)], "b", *[f"layer1/neuron{i}" for i in range(16)]}
    for i in range(16):  # the share of this part, not of the others
        assert inputs[f"w{i}"].gradient == pytest.approx(
            circuit.root.gradient * (ends[42].data > 0) * inputs[f"layer1/neuron{i}"].value
        )


def test_the_samples_shares_add_up_to_the_gradient() -> None:
    f = two_neurons()
    shares = [opened(f, f"layer1/neuron0[{i}]").wires[0] for i in range(3)]
    f.backward()
    weight = next(node for node in order(f) if node.label == "layer1/neuron0/w")
    assert [share.node for share in shares] == [weight] * 3
    assert plain_mean([share.gradient for share in shares]) * 3 == weight.grad == 18.0


def test_a_layer_a_loss_and_a_band_open_too() -> None:
    f = two_neurons()
    layer = opened(f, "layer1")
    assert [wire.name for wire in layer.wires if not wire.pins] == ["neuron0[0]", "neuron1[0]"]
    assert len(layer.boxes) == 4
    assert opened(f, "loss").root.gradient == 1.0
    assert len(opened(f, "loss").boxes) == 1
    band = opened(Value(2.0, "x") * 3 + 1, "depth 1")
    assert (band.root.value, band.output, len(band.boxes)) == (6.0, "f", 1)


def test_a_letter_given_to_a_gate_is_not_the_name_of_a_parameter() -> None:
    circuit = opened(network((2, 8, 8, 1), 4), "layer1/neuron0")
    names = [wire.name for wire in circuit.wires]
    assert "b" in names
    assert len(set(names)) == len(names)


def test_a_gate_that_others_read_too_starts_from_what_they_hand_back() -> None:
    x = Value(3.0, "x")
    inner = labelled(x * 2.0, "unit/inner")
    f = labelled(inner * inner, "unit/outer") * (inner * 5.0)
    circuit = opened(f, "unit")
    f.backward()
    (wire,) = [wire for wire in circuit.wires if wire.node is inner]
    assert wire.outside == 180.0
    assert wire.forks
    assert wire.gradient == inner.grad == 540.0


def test_what_a_page_carries_is_one_sample_to_which_gradients_come() -> None:
    f = network((2, 4, 4, 1), 8, bias=-0.3)
    carried = {opening.name: opening for opening in openings(grouped(f))}
    samples = {opening.sample for opening in carried.values() if opening.samples}
    assert samples == {4}
    for name, opening in carried.items():
        assert opening.circuit is not None
        alone = opened(f, f"{name}[4]" if opening.samples else name)
        assert [wire.gradient for wire in opening.circuit.wires] == [wire.gradient for wire in alone.wires]


def test_what_all_samples_share_is_an_input_of_each() -> None:
    w = Value(2.0, "layer1/neuron0/w")
    twice = w * 2
    f = sum([labelled(twice * x, "layer1/neuron0") for x in (1.0, 2.0, 3.0)])
    circuit = opened(f, "layer1/neuron0[1]")
    assert len(circuit.boxes) == 1
    assert [wire.gradient for wire in circuit.wires] == [2.0, 1.0]


def test_draw_opens_and_folds() -> None:
    f = network((2, 8, 8, 1), 20)
    assert "gates shown as 3 layers" in draw(f).svg
    assert repr(draw(f)).startswith("4,133 gates shown as 3 layers")
    assert draw(f, open="layer1/neuron3").svg.count('class="gw-gate"') == 5
    assert draw(f, Value(1.0) * 2).svg.count("gates shown as") >= 1
    with pytest.raises(ValueError, match="one graph"):
        draw(f, f, open="layer1")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("layer1/neurn3", "there is no part 'layer1/neurn3' in this graph; there is 'layer1/neuron3', "),
        ("zebra", "there is no part 'zebra' in this graph; there is 'layer1', 'layer2', 'layer3', …"),
        ("layer1/neuron3[20]", "samples are counted from 0, and it has 20"),
        ("layer3 → f[1]", "samples are counted from 0, and it has 1"),
        ("layer2", "'layer2' has 351 gates, too many for one picture (at most 300): open one of 'layer2/neuron0', "),
    ],
)
def test_what_cannot_be_opened_is_told(name: str, words: str) -> None:
    f = network((2, 13, 13, 1), 20)
    with pytest.raises(ValueError, match=re.escape(words)):
        draw(f, open=name)


def test_what_is_no_value_is_refused() -> None:
    with pytest.raises(TypeError, match="not of float"):
        folded(1.0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not of float"):
        opened(1.0, "layer1")  # type: ignore[arg-type]


# --------------------------------------------------------------------------------------------------------- the picture


def recurrent() -> Value:
    h, y = [Value(0.1), Value(0.2)], Value(0.0)
    for _ in range(40):
        h = [labelled(tanh(a * 0.5 + b + y), f"rnn/cell{i}") for i, (a, b) in enumerate(zip(h, h[::-1]))]
        y = labelled(h[0] * 2 - h[1], "head/out") * 0.1
    return labelled((y - 1) ** 2, "loss")


def residual() -> Value:
    x = [Value(0.1 * i, f"x{i}") for i in range(4)]
    first = h = [labelled(tanh(v * 2), f"layer1/neuron{i}") for i, v in enumerate(x)]
    for layer in (2, 3, 4):
        total = sum(h)
        h = [labelled(tanh(total * 0.1 * i), f"layer{layer}/neuron{i}") for i in range(4)]
    return labelled(sum([*h, *first, *x]), "loss")


def hostile() -> Value:
    total = Value(1.0, HOSTILE_LABELS[0])
    for i in range(40):
        for label in HOSTILE_LABELS:
            total = labelled(
                total * 1.01 + Value(1.0, label), f"{label or 'x'}/{label[::-1] or 'y'}{i % 3}".replace("//", "/")
            )
    return labelled(total, HOSTILE_LABELS[1].replace("/", "|"))


PICTURES: dict[str, Callable[[], Value]] = {
    "moons": lambda: network((2, 16, 16, 1), 10, bias=-0.7),
    "dots": lambda: network((2, 16, 16, 1), 10, dots=True),
    "wide": lambda: network((2, 50, 20, 1), 2),
    "deep": lambda: network((2, *(3,) * 9, 1), 4, activation=Value.sigmoid),
    "bands": lambda: network((2, 8, 8, 1), 10, labels=False),
    "recurrent": recurrent,
    "residual": residual,
    "hostile": hostile,
    "tiny": lambda: Value(1e-200) * 1e-150,
}


def room(text: Text) -> tuple[float, float, float, float]:
    """Return what a text takes: left, top, right, bottom."""
    width = theme.text_width(text.text, text.size, text.kind in theme.BOLD)
    left = text.x - {"start": 0.0, "middle": width / 2, "end": width}[text.anchor]
    return left, text.y - 0.8 * text.size, left + width, text.y + 0.22 * text.size


def collisions(picture: Picture) -> list[tuple[str, str]]:
    texts = []
    for x, y, shapes in picture.groups:
        for text in shapes:
            if isinstance(text, Text):
                left, top, right, bottom = room(text)
                assert 0 <= x + left <= x + right <= picture.width + 0.1, text
                assert 0 <= y + top <= y + bottom <= picture.height, text
                texts.append((x + left, y + top, x + right, y + bottom, text.text))
    return [
        (one[4], other[4])
        for i, one in enumerate(texts)
        for other in texts[:i]
        if min(one[2], other[2]) > max(one[0], other[0]) and min(one[3], other[3]) > max(one[1], other[1])
    ]


@pytest.mark.parametrize("name", PICTURES)
def test_no_text_stands_on_another(name: str) -> None:
    assert collisions(picture_of_folded([folded(PICTURES[name]())])) == []


def test_a_long_name_is_whole_in_the_titles_and_is_not_suggested_cut() -> None:
    path = "net/" + "n" * 60
    f = plain_sum([network((2, 8, 8, 1), 20)])
    for node in order(f):
        node.label = node.label.replace("layer1/neuron0", path)
    assert f"<title>{path}\n" in draw(f).svg
    shown = folded(f)
    suggested = [re.search(r'open="(.*)"', line) for line in facts(shown, notation_of([shown]))]
    (name,) = [match[1] for match in suggested if match]
    assert "…" not in name
    assert draw(f, open=name).circuits


def test_a_name_is_suggested_as_it_is_typed() -> None:
    units = [Value(1.0, "x") for _ in range(2)]
    for i, name in enumerate(("net/" + "n" * 60, 'net/"q"\\')):
        for _ in range(200):
            units[i] = units[i] * 1.01
            units[i].label = name
    shown = folded(units[0] + units[1])
    (line,) = [line for line in facts(shown, notation_of([shown])) if "open=" in line]
    assert line == r'look inside with draw(f, open="net/\"q\"\\")'


def test_several_share_an_axis() -> None:
    both = [folded(PICTURES["moons"]()), folded(PICTURES["deep"]())]
    assert collisions(picture_of_folded(both)) == []
    axis = axis_of(both)
    assert axis.low == min(axis_of([one]).low for one in both)
    assert axis.high == max(axis_of([one]).high for one in both)
    assert (axis.share(0.0), axis.share(10.0**axis.high)) == (0.0, 1.0)
    assert not isnan(axis.share(float("nan")))


def test_the_moons_picture_is_small(moons: Value) -> None:
    drawn = draw(moons).svg
    assert len(drawn.encode()) < 100_000
    assert drawn.count('class="gw-dead-card"') == plain_mean([u.is_dead for u in folded(moons).units]) * 33
    root = ElementTree.fromstring(drawn)
    assert root.findtext(f"{SVG}title") == "65,077 gates shown as 3 layers and 2 other parts"


@pytest.mark.parametrize("label", HOSTILE_LABELS, ids=range(len(HOSTILE_LABELS)))
def test_hostile_names_are_text(label: str) -> None:
    def chain(name: str) -> Value:
        f = Value(1.0, name)
        for i in range(310):
            f = labelled(f * 1.01, f"{name}/neuron{i % 2}")
        return labelled(f + 1, name)

    def tags(f: Value) -> list[str]:
        return [element.tag for element in ElementTree.fromstring(draw(f).svg).iter()]

    name = label.replace("/", "|").strip() or "x"
    assert len(tags(chain(name))) == pytest.approx(len(tags(chain("layer"))), abs=8)  # titles of what was cut
    assert set(tags(chain(name))) == set(tags(chain("layer")))


def test_units_have_one_order_whatever_digits_are_in_their_names() -> None:
    paths = [("net", f"n{digit}") for digit in ("10", "9", "\u0663", "\u0664", "\u0665", "\u0966", "")]
    keys = [natural(path) for path in paths]
    assert all(one != other for i, one in enumerate(keys) for other in keys[:i])
    assert [path[1] for path in sorted(paths, key=natural)][:3] == ["n", "n9", "n10"]


def test_a_gate_of_too_many_inputs_is_folded() -> None:
    f = sum([Value(1.0) for _ in range(1_000_000)])
    (part,) = draw(f).folded[0].parts
    assert (part.gates, part.inputs) == (1, 1_000_000)
    assert len(draw(f).svg) < 20_000
    with pytest.raises(ValueError, match=r"'depth 1' has 1,000,000 inputs of gates, too many .* \(at most 900\)"):
        draw(f, open="depth 1")


@pytest.mark.parametrize("seed", ["0", "1", "random"])
def test_another_process_with_other_hashes_draws_the_same_bytes(seed: str) -> None:
    assert digest_elsewhere(__name__, seed) == digest()


def digest() -> str:
    text = "".join(svg(picture_of_folded([folded(make())])) for make in PICTURES.values())
    return sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".tex", ".dot", ".html"])
def test_every_format_is_written(suffix: str, tmp_path: Path) -> None:
    if suffix in (".png", ".pdf"):
        pytest.importorskip("matplotlib")
    path = draw(network((2, 8, 8, 1), 4)).save(tmp_path / f"f{suffix}")
    assert path.stat().st_size > 1000


BOXES = """() => [...document.querySelectorAll('text')].map(text => {
    const {left, top, right, bottom} = text.getBoundingClientRect();
    return [left, top, right, bottom, text.textContent];
})"""


@pytest.mark.parametrize("name", PICTURES)
def test_on_the_screen_no_text_stands_on_another(
    name: str, page: "Page", complaints: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "f.svg"
    picture = picture_of_folded([folded(PICTURES[name]())])
    path.write_text(svg(picture), encoding="utf-8")
    page.goto(path.as_uri())
    boxes = page.evaluate(BOXES)
    assert len(boxes) > 8
    for i, (left, top, right, bottom, text) in enumerate(boxes):
        assert left >= 0 <= top, text
        assert right <= picture.width + 0.5, text
        assert bottom <= picture.height + 0.5, text
        for other in boxes[:i]:
            beside = (
                min(right, other[2]) - max(left, other[0]) <= 0.5 or min(bottom, other[3]) - max(top, other[1]) <= 0.5
            )
            assert beside, (text, other[4])
    assert complaints == []
