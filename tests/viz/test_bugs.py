import builtins
import json
import math
from collections.abc import Callable
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import pytest

from autograd import Value
from autograd.functions import sin, tanh
from autograd.gates import MUL, SWAP, Gate
from autograd.graph import backward_steps, inputs_of, order
from autograd.value import apply
from tests.viz.helpers import DRAWN, GOLDEN, RANDOM, gate_patterns, random_tree, sigmoid_neuron, xyz
from tests.viz.test_layout import gates, lines, overlaps, texts
from viz import Broken, broken
from viz.bugs import BUGS, recorded_bugs
from viz.circuit import circuit_of
from viz.layout import place
from viz.words import WRONG

largest = builtins.max
SMALL = [*GOLDEN, "cube", "diamonds", "long_skips", "softmax_loss", "hostile_labels", "wide_dot", *list(RANDOM)[:20]]


def wrong(f: Value, bug: str) -> dict[str, float]:
    return {wire.name: wire.wrong for wire in broken(f, bug).wrong}


# -------------------------------------------------------------------------------------------------- the right numbers


@pytest.mark.parametrize("bug", BUGS)
@pytest.mark.parametrize("name", SMALL)
def test_the_right_numbers_are_those_of_the_backward_steps(name: str, bug: str) -> None:
    f = DRAWN[name]()
    gradients = {f: 1.0}
    for step in backward_steps(f):
        gradients.update(zip(step.inputs, step.after, strict=True))
    found = {wire.node: wire.right for wire in broken(f, bug).wires}
    assert found == {node: gradients.get(node, 0.0) for node in found}


@pytest.mark.parametrize("bug", BUGS)
def test_no_gradient_is_touched(bug: str) -> None:
    f = sigmoid_neuron()
    f.backward()
    before = [node.grad for node in order(f)]
    broken(f, bug)
    assert [node.grad for node in order(f)] == before


# ------------------------------------------------------------------------------------------------------ the wrong ones


@pytest.mark.parametrize(
    ("make", "bug", "expected"),
    [
        (lambda x: x * x, "overwrite", {"x": 3.0}),
        (lambda x: x + x, "overwrite", {"x": 1.0}),
        (lambda x: x * x * x, "overwrite", {"x": 9.0}),
        (lambda x: x * x * x, "stale", {"x": 45.0, "a": 6.0}),  # what micrograd says of x³ at 3
        (lambda x: x * x * x, "zero_grad", {"x": 54.0}),
        (lambda x: 2 * x, "swap", {"x": 3.0}),
    ],
)
def test_the_numbers_that_each_bug_is_known_for(
    make: Callable[[Value], Value], bug: str, expected: dict[str, float]
) -> None:
    assert wrong(make(Value(3, "x")), bug) == expected


@pytest.mark.parametrize("name", RANDOM)
def test_two_passes_of_the_engine_are_what_a_forgotten_zero_grad_gives(name: str) -> None:
    f = RANDOM[name]()
    f.backward()
    f.backward()
    for wire in broken(f, "zero_grad").wires:
        assert wire.wrong == pytest.approx(wire.node.grad, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_a_second_pass_of_micrograd_is_the_stale_one(seed: int) -> None:
    engine = pytest.importorskip("micrograd.engine")
    rng = Random(seed)
    ours, theirs = [[make(number) for number in (1.5, -0.5, 2.0)] for make in (Value, engine.Value)]
    for _ in range(12):
        i, j, product = rng.randrange(len(ours)), rng.randrange(len(ours)), rng.random() < 0.5
        for made in (ours, theirs):
            made.append(made[i] * made[j] if product else made[i] + made[j])
    theirs[-1].backward()
    for leaf in theirs[:3]:
        leaf.grad = 0
    theirs[-1].backward()
    found = {wire.node: wire.wrong for wire in broken(ours[-1], "stale").wires}
    for mine, other in zip(ours, theirs, strict=True):
        if mine in found:
            assert found[mine] == pytest.approx(other.grad)


def recursive(root: Value) -> dict[Value, float]:
    """Pull gradients back as beginners write it: a function that calls itself, and visits each gate once."""
    slopes = {step.node: step.locals for step in backward_steps(root)}
    gradients, visited = {root: 1.0}, {root}

    def visit(node: Value) -> None:
        for x, slope in zip(inputs_of(node), slopes.get(node, ()), strict=True):
            gradients[x] = gradients.get(x, 0.0) + gradients[node] * slope
            if x not in visited:
                visited.add(x)
                visit(x)

    visit(root)
    return gradients


@pytest.mark.parametrize("name", [*RANDOM, "diamonds", "long_skips"])
def test_no_order_is_what_a_recursive_function_makes_of_it(name: str) -> None:
    f = DRAWN[name]()
    expected = recursive(f)
    assert [wire.wrong for wire in broken(f, "order").wires] == [expected.get(w.node, 0) for w in broken(f).wires]


def test_no_order_spoils_what_lies_behind_a_fork_of_a_gate() -> None:
    x = Value(0.5, "x")
    a = sin(x)
    a.label = "a"
    f = a * a + tanh(a)
    assert set(wrong(f, "order")) == {"x"}
    assert wrong(f, "order")["x"] == pytest.approx(math.cos(0.5) * math.sin(0.5))


WRONG_MUL = Gate("wrong_mul", "×", "multiplier", lambda x, y: x * y, lambda z, x, y: (x, y), arity=2)


@pytest.mark.parametrize("seed", range(20))
def test_swapped_operands_are_what_a_gate_with_swapped_slopes_gives(seed: int) -> None:
    def graph(multiply: Callable[[Value, Value], Value]) -> Value:
        rng, made = Random(seed), [Value(1.5), Value(-0.5), Value(2.0)]
        for _ in range(10):
            x, y = rng.choice(made), rng.choice(made)
            made.append(multiply(x, y) if rng.random() < 0.6 else tanh(x) + y)
        return made[-1]

    f = graph(lambda x, y: apply(WRONG_MUL, x, y))
    f.backward()
    found = [wire.wrong for wire in broken(graph(lambda x, y: x * y), "swap").wires]
    assert found == pytest.approx([node.grad for node in order(f)])


def test_a_users_gate_that_swaps_is_swapped_too() -> None:
    gate = Gate("product", "p", SWAP, MUL.forward, MUL.partials, arity=2)
    assert wrong(apply(gate, Value(3, "x"), Value(4, "y")), "swap") == {"x": 3.0, "y": 4.0}


def test_overwriting_leaves_the_share_of_the_branch_that_comes_back_last() -> None:
    x, y, z = Value(2, "x"), Value(3, "y"), Value(5, "z")
    assert wrong(x * y + x * z, "overwrite") == {"x": 3.0}  # x·z is visited first


# ------------------------------------------------------------------------------------------- where nothing shows


@pytest.mark.parametrize(
    ("make", "bug", "why"),
    [
        (xyz, "overwrite", "this graph has no fork"),
        (lambda: Value(3, "x") * Value(3, "x"), "swap", "at these numbers the result is the same"),
        (lambda: tanh(Value(3, "x")), "swap", "no gate of this graph is a swap multiplier"),
        (DRAWN["cube"], "order", "only an input forks here, and an input hands nothing on"),
        (xyz, "order", "no wire forks in this graph"),
        (lambda: tanh(Value(3, "x")), "stale", "no gate of this graph feeds another"),
        (lambda: Value(3, "x"), "zero_grad", "no gate of this graph hands a gradient to an input"),
        (lambda: Value(3, "x") * 0, "zero_grad", "at these numbers the result is the same"),
    ],
)
def test_where_a_bug_changes_nothing_the_words_say_so_and_why(make: Callable[[], Value], bug: str, why: str) -> None:
    found = broken(make(), bug)
    assert found.wrong == ()
    assert f"Here the bug is invisible: {why}" in found.words
    assert why in " ".join(repr(found).split())
    assert WRONG not in found.svg


@pytest.mark.parametrize("seed", range(10))
def test_in_a_tree_neither_overwriting_nor_order_shows(seed: int) -> None:
    f = random_tree(Random(seed), 12)
    assert broken(f, "overwrite").wrong == broken(f, "order").wrong == ()


@pytest.mark.parametrize("bug", BUGS)
def test_a_leaf_alone_has_nothing_to_get_wrong(bug: str) -> None:
    assert broken(Value(2.0, "x"), bug).wrong == ()


@pytest.mark.parametrize("name", SMALL)
def test_a_bug_that_cannot_show_changes_nothing(name: str) -> None:
    f = DRAWN[name]()
    for bug in BUGS.values():
        assert bug.can_show(circuit_of(f)) or not broken(f, bug.name).wrong


# ------------------------------------------------------------------------------------------------ words and pictures


def test_words_tell_what_comes_out_and_what_should() -> None:
    words = broken(Value(3, "x") * Value(4, "y"), "swap").words
    assert words.endswith("Here 2 of 3 gradients come out wrong: x gets 3 instead of 4 and y gets 4 instead of 3.")


def test_numbers_that_two_decimals_cannot_tell_apart_get_more() -> None:
    f = Value(0.501, "x") * Value(0.502, "y")
    assert "x gets 0.5010 instead of 0.5020" in broken(f, "swap").words


def test_it_prints_as_a_table_of_right_and_wrong() -> None:
    lines = repr(broken(Value(3, "x") * Value(3, "y") * Value(3, "x"), "overwrite")).splitlines()
    assert lines[0].split() == ["wire", "right", "with", "overwrite"]
    assert WRONG not in "".join(lines[1:])
    rows = [line.split() for line in repr(broken(DRAWN["cube"](), "overwrite")).splitlines()[2:5]]
    assert rows == [["x", "27", "9", WRONG, "wrong"], ["a", "3", "3"], ["f", "1", "1"]]


@pytest.mark.parametrize("bug", BUGS)
@pytest.mark.parametrize("name", [*SMALL, "random_250"])
def test_wrong_gradients_stand_beside_the_right_ones_and_on_nothing_else(name: str, bug: str) -> None:
    found = broken(DRAWN[name](), bug)
    (circuit,), placement = found.diagram.circuits, place(found.diagram.circuits[0])
    assert overlaps([*texts(circuit, placement), *gates(placement), *lines(circuit, placement)]) == []
    marked = [wire.note is not None for wire in circuit.wires]
    assert marked == [wire.differs for wire in found.wires]


@pytest.mark.parametrize("bug", BUGS)
def test_the_picture_marks_each_wrong_gradient_by_sign_word_and_box(bug: str) -> None:
    found = broken(DRAWN["diamonds"](), bug)
    document = ElementTree.fromstring(found.svg)
    words = ["".join(text.itertext()) for text in document.iter("{http://www.w3.org/2000/svg}text")]
    boxes = [box for box in document.iter("{http://www.w3.org/2000/svg}rect") if box.get("class") == "gw-alarm"]
    marks = [text for text in words if text.startswith(f"{WRONG} wrong ")]
    assert len(marks) == len(boxes) == len(found.wrong) > 0
    assert "gw-alarm{" in found.svg


def test_hostile_labels_are_text_in_the_picture() -> None:
    document = ElementTree.fromstring(broken(DRAWN["hostile_labels"](), "swap").svg)
    assert not list(document.iter("script"))


def test_the_same_graph_gives_the_same_bytes() -> None:
    assert broken(gate_patterns(), "swap").svg == broken(gate_patterns(), "swap").svg


def test_a_notebook_shows_the_picture_and_a_file_holds_it(tmp_path: Path) -> None:
    found = broken(xyz(), "swap")
    assert "data:image/svg+xml" in found._repr_html_()
    assert found.save(tmp_path / "f.svg").read_text(encoding="utf-8") == found.svg
    assert "wrong 3" in found.save(tmp_path / "f.tex").read_text(encoding="utf-8")
    assert "wrong 3" in found.save(tmp_path / "f.dot").read_text(encoding="utf-8")


# -------------------------------------------------------------------------------------------------- what is refused


def test_an_unknown_bug_is_answered_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="there is no bug 'oops'; there is overwrite, swap, zero_grad, stale, order"):
        broken(xyz(), "oops")


def test_what_is_no_value_or_too_large_is_refused() -> None:
    with pytest.raises(TypeError, match="a picture of a Value"):
        broken(3.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="too many for one picture"):
        broken(sum([Value(1.0)] * 400))  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------------------- for pages


@pytest.mark.parametrize("name", SMALL)
def test_a_page_is_told_of_every_bug_what_the_call_tells(name: str) -> None:
    f = DRAWN[name]()
    recorded = json.loads(json.dumps(recorded_bugs(circuit_of(f)), allow_nan=False))
    assert [entry["name"] for entry in recorded] == list(BUGS)
    for entry in recorded:
        found = broken(f, entry["name"])
        # it shows every gradient in a table, and lists none in words
        assert entry["words"].rstrip(".") == found.words.partition(" out wrong: ")[0].rstrip(".") + (
            " out wrong" if found.wrong else ""
        )
        assert entry["differs"] == [wire.differs for wire in found.wires]
        assert entry["gradients"] == [wire.wrong for wire in found.wires]


@pytest.mark.parametrize("name", SMALL)
def test_branches_are_those_of_the_broken_pass(name: str) -> None:
    f = DRAWN[name]()
    circuit = circuit_of(f)
    recorded = {entry["name"]: entry for entry in recorded_bugs(circuit)}
    for wire in [wire for wire in circuit.wires[:-1] if wire.forks]:
        pins = [circuit.boxes[box].pins[pin] for box, pin in wire.pins]
        brought = {bug: [entry["branches"][pin.index] for pin in pins] for bug, entry in recorded.items()}
        assert brought["zero_grad"] == [pin.downstream for pin in pins]  # only what was there before is wrong
        came = {bug: entry["gradients"][wire.index] for bug, entry in recorded.items()}
        tiny = 1e-12 * largest(map(abs, [x for parts in brought.values() for x in parts]))
        for bug in ("swap", "order") if wire.source is not None else ("swap", "order", "stale"):
            assert sum(brought[bug]) == pytest.approx(came[bug], rel=1e-9, abs=tiny)
        assert came["overwrite"] in brought["overwrite"]


def test_a_wire_is_told_as_a_sum_only_where_the_broken_pass_added_its_branches() -> None:
    x, y = Value(-2, "x"), Value(5, "y")
    texts = {entry["name"]: entry["sums"][0] for entry in recorded_bugs(circuit_of((x + y) * x))}
    assert texts == {
        "overwrite": "◂ −2",
        "swap": "◂ 3 + (−2) = 1",
        "zero_grad": "◂ 2",
        "stale": "◂ −4 + 3 = −1",
        "order": "◂ −2 + 3 = 1",
    }


def test_infinite_gradients_can_be_recorded_and_compared() -> None:
    x = Value(1e200, "x")
    f = x * x * x
    assert isinstance(broken(f, "overwrite"), Broken)
    json.dumps(recorded_bugs(circuit_of(f)), allow_nan=False)
