"""The walk and the chain rule: order, depth and width, memory, stale leaves, failures, steps, and random graphs."""

import copy
import gc
import pickle
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import FrozenInstanceError, fields
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from autograd import check_gradients, compile, gates, graph
from autograd.errors import DomainError
from autograd.gates import GATES, Gate
from autograd.graph import Step, backward_steps, forward_steps, order
from autograd.value import Value, apply

Differences = Callable[..., list[float]]  # of a function, where to take it, and perhaps the step
State = list[tuple[float, float]]


def state(nodes: Sequence[Value]) -> State:
    """Return every number that a pass could change."""
    return [(node.data, node.grad) for node in nodes]


# ------------------------------------------------------------------------------------------------------------ the walk


def diamond() -> dict[str, Value]:
    """Return a graph that forks and joins: f = (a·b + a) · max(a·b, c, a)."""
    a, b, c = Value(2.0, "a"), Value(3.0, "b"), Value(-1.0, "c")
    product = a * b
    total = product + a
    most = apply(gates.MAX, product, c, a)
    return {"a": a, "b": b, "product": product, "total": total, "c": c, "most": most, "f": total * most}


def test_inputs_come_before_outputs_each_once_the_first_branch_first() -> None:
    nodes = diamond()
    assert order(nodes["f"]) == list(nodes.values())


def test_the_walk_does_not_enter_what_is_given() -> None:
    nodes = diamond()
    assert order(nodes["f"], {nodes["product"], nodes["c"]}) == [nodes[name] for name in ("a", "total", "most", "f")]
    assert order(nodes["f"], {nodes["f"]}) == []


def test_a_leaf_is_a_walk_of_one() -> None:
    x = Value(1.0)
    assert order(x) == [x]
    assert graph.inputs_of(x) == ()


def test_inputs_keep_order_and_repeats() -> None:
    x, y = Value(2.0), Value(3.0)
    assert (x * x).inputs == (x, x)
    assert (y - x).inputs == (y, x)
    assert apply(gates.SUM, y, x, y).inputs == (y, x, y)
    assert apply(gates.SUM, y).inputs == (y,)
    assert x.exp().inputs == (x,)


# ------------------------------------------------------------------------------------------------------ depth and width

MILLION = 10**6


def chain() -> Value:
    """Return a million gates, one on top of the other, all of them on one leaf."""
    y = x = Value(0.5, "x")
    for i in range(MILLION):
        y = -y if i % 2 else y + x
    return y


def wide() -> Value:
    """Return one gate with a million inputs, a thousand from each of a thousand gates."""
    return apply(gates.SUM, *[Value(0.5).copy() for _ in range(1000)] * 1000)


@pytest.fixture(scope="module", params=[chain, wide], ids=["deep", "wide"])
def large(request: pytest.FixtureRequest) -> Iterator[Value]:
    """A graph of a million gates or wires, built once; no test changes more than its gradients."""
    gc.disable()  # the collector would look at each of the million nodes time and again
    yield request.param()
    gc.enable()


def test_a_large_graph_has_gradients(large: Value) -> None:
    large.backward()
    first, *_, last = order(large)
    # every fourth gate of the chain gives x back: x + x, -2x, -2x + x, x; and each leaf has a thousand wires to the sum
    assert (last.grad, first.grad) == (1.0, 1.0 if last.gate is gates.NEG else 1000.0)


@pytest.mark.parametrize("copier", [copy.deepcopy, lambda f: pickle.loads(pickle.dumps(f))], ids=["deepcopy", "pickle"])
def test_a_large_graph_is_copied_and_freed(
    large: Value, copier: Callable[[Value], Value], living: Callable[[], int]
) -> None:
    before, nodes = living(), len(order(large))
    twin = copier(large)
    assert living() == before + nodes
    assert [node.data for node in order(twin)] == [node.data for node in order(large)]
    del twin
    assert living() == before


def test_a_deep_graph_has_steps() -> None:
    f = x = Value(0.5)
    for _ in range(20_000):
        f = f + x
    assert sum(step.value for step in forward_steps(f)) == 0.5 * sum(range(2, 20_002))
    *_, first = backward_steps(f)
    assert first.after == (20_000.0, 20_001.0)


# -------------------------------------------------------------------------------------------------------------- memory


def use_everything(x: Value) -> None:
    """Build a graph and do all that can be done with it, then drop it."""
    f = (x * x + x.exp() / 3).tanh() + apply(gates.MAX, x, x * 2, 1.0) ** 2
    f.forward()
    f.backward()
    list(forward_steps(f))
    list(backward_steps(f))
    pickle.loads(pickle.dumps(copy.deepcopy(f)))
    with pytest.raises(DomainError):
        (f * 0).log()
    with pytest.raises(DomainError):
        (f * 0).sqrt().backward()


@pytest.mark.usefixtures("no_collector")
def test_a_dropped_graph_is_gone_without_the_collector(living: Callable[[], int]) -> None:
    x = Value(2.0)
    use_everything(x)  # what is made once, such as a card of a family, is made here
    before = living()
    for _ in range(10):
        use_everything(x)
    assert living() == before


@pytest.mark.usefixtures("no_collector")
def test_dropped_graphs_leave_no_memory_behind() -> None:
    def build() -> None:
        y = x
        for _ in range(1000):
            y = y * x + 1
        y.backward()

    x = Value(0.5)
    build()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(5):
            build()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 20_000  # one such graph takes twenty times as much


# -------------------------------------------------------------------------------------------------------- stale leaves


def stale() -> tuple[Value, Value, Value]:
    """Return x, y and f = x·y + y² after x was changed from 2 to 10."""
    x, y = Value(2.0, "x"), Value(3.0, "y")
    f = x * y + y**2
    x.data = 10
    assert f.data == 15.0
    return x, y, f


def test_forward_recomputes_from_the_leaves() -> None:
    _, _, f = stale()
    assert f.forward() == f.data == 39.0
    assert f.inputs[0].data == 30.0


def test_backward_recomputes_first() -> None:
    x, y, f = stale()
    f.backward()
    assert (f.data, x.grad, y.grad) == (39.0, 3.0, 10.0 + 6.0)


def test_backward_of_a_part_leaves_the_rest_stale() -> None:
    _, y, f = stale()
    f.inputs[0].backward()
    assert (y.grad, f.inputs[0].data, f.data) == (10.0, 30.0, 15.0)


@pytest.mark.parametrize("steps", [forward_steps, backward_steps])
def test_steps_recompute_first(steps: Callable[[Value], Iterator[Step]]) -> None:
    _, _, f = stale()
    assert {step.gate.name: step.value for step in steps(f)} == {"mul": 30.0, "pow(2)": 9.0, "add": 39.0}


def test_forward_on_a_leaf_is_its_data() -> None:
    assert Value(3.0).forward() == 3.0


# ------------------------------------------------------------------------------------------------------------ failures


def interrupted(z: float, x: float) -> tuple[float, ...]:
    raise KeyboardInterrupt


INTERRUPTED = Gate("interrupted", "!", "scaler", forward=lambda x: x, partials=interrupted)

# a graph of x and w whose backward pass fails below a gate that has given gradients already
FAILING: dict[str, tuple[Callable[[Value, Value], Value], type[BaseException]]] = {
    "a slope that does not exist": (lambda x, w: (w * 0).sqrt() * x + x * x, DomainError),
    "a key pressed": (lambda x, w: apply(INTERRUPTED, w) * x + x * x, KeyboardInterrupt),
    "too few slopes": (
        lambda x, w: apply(Gate("short", "!", "scaler", lambda *xs: 0.0, lambda *xs: (1.0,), arity=0), x, w, w) + x * x,
        TypeError,
    ),
}


@pytest.mark.parametrize(("build", "error"), FAILING.values(), ids=FAILING)
def test_a_failed_backward_changes_nothing(build: Callable[[Value, Value], Value], error: type[BaseException]) -> None:
    x, w = Value(2.0, "x"), Value(3.0, "w")
    f = build(x, w)
    nodes = order(f)
    for i, node in enumerate(nodes):
        node.grad = 100.0 + i
    before = state(nodes)
    with pytest.raises(error):
        f.backward()
    assert state(nodes) == before


@pytest.mark.parametrize(("build", "error"), FAILING.values(), ids=FAILING)
def test_failed_steps_change_nothing(build: Callable[[Value, Value], Value], error: type[BaseException]) -> None:
    f = build(Value(2.0), Value(3.0))
    before = state(order(f))
    with pytest.raises(error):
        list(backward_steps(f))
    assert state(order(f)) == before


@pytest.mark.parametrize(
    "attempt",
    [Value.forward, Value.backward, forward_steps, backward_steps],
    ids=["forward", "backward", "forward_steps", "backward_steps"],
)
def test_leaves_outside_a_domain_change_nothing(attempt: Callable[[Value], object]) -> None:
    x, y = Value(2.0, "x"), Value(3.0, "y")
    f = (x * y + y).log() * y
    f.backward()
    x.data = -5.0
    before = state(order(f))
    with pytest.raises(DomainError, match=r"log needs x > 0, got x = -12\.0"):
        attempt(f)
    assert state(order(f)) == before
    x.data = 2.0
    assert f.forward() == before[-1][0]


def test_a_graph_works_again_after_a_failure() -> None:
    x = Value(0.0)
    f = x.sqrt() * 3
    with pytest.raises(DomainError):
        f.backward()
    x.data = 4.0
    f.backward()
    assert (f.data, x.grad) == (6.0, 0.75)


# --------------------------------------------------------------------------------------------------------------- steps


def test_a_square_adds_to_the_same_gradient_twice() -> None:
    x = Value(3.0, "x")
    (step,) = backward_steps(x * x)
    assert (step.gate, step.inputs, step.values, step.value) == (gates.MUL, (x, x), (3.0, 3.0), 9.0)
    assert (step.upstream, step.locals, step.downstream) == (1.0, (3.0, 3.0), (3.0, 3.0))
    assert (step.before, step.after) == ((0.0, 3.0), (3.0, 6.0))


def test_gradients_add_up_where_a_wire_forks() -> None:
    x = Value(2.0, "x")
    f = (x * 5) + x.copy()
    additions = [
        (step.gate.name, before, after)
        for step in backward_steps(f)
        for node, before, after in zip(step.inputs, step.before, step.after, strict=True)
        if node is x
    ]
    assert additions == [("copy", 0.0, 1.0), ("mul", 1.0, 6.0)]


def test_steps_come_in_the_order_of_the_pass() -> None:
    f = diamond()["f"]
    made = [node for node in order(f) if node.gate is not None]
    assert [step.node for step in forward_steps(f)] == made
    assert [step.node for step in backward_steps(f)] == made[::-1]


def test_a_leaf_gives_no_steps() -> None:
    assert list(forward_steps(Value(1.0))) == list(backward_steps(Value(1.0))) == []


def test_forward_steps_know_nothing_of_gradients() -> None:
    *_, step = forward_steps(diamond()["f"])
    assert (step.node.gate, step.values, step.value) == (gates.MUL, (8.0, 6.0), 48.0)
    assert step.upstream is None
    assert (step.locals, step.downstream, step.before, step.after) == ((), (), (), ())


def test_a_step_cannot_be_changed() -> None:
    (step,) = backward_steps(Value(3.0) ** 2)
    for field in fields(Step):
        with pytest.raises(FrozenInstanceError):
            setattr(step, field.name, None)


def test_steps_touch_no_gradient() -> None:
    f = diamond()["f"]
    for i, node in enumerate(order(f)):
        node.grad = float(i)
    before = state(order(f))
    list(forward_steps(f))
    list(backward_steps(f))
    assert state(order(f)) == before


# -------------------------------------------------------------------------------------------------------- random graphs

SHAPES = [(gate, gate.arity or n) for gate in GATES.values() for n in ((4, 5) if gate is gates.DOT else (3,))]


@st.composite
def programs(draw: st.DrawFn) -> tuple[list[tuple[Gate, list[int]]], list[float]]:
    """Draw gates, each with the places of its inputs among the nodes before it, and the numbers in the leaves."""
    # no leaf is at a kink, and no two are tied
    leaves = [
        k / 100 + 0.00123 * (i + 1)
        for i, k in enumerate(draw(st.lists(st.integers(-200, 200), min_size=1, max_size=3)))
    ]
    gates_drawn = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=6))
    return [
        (gate, draw(st.lists(st.integers(0, len(leaves) + i - 1), min_size=n, max_size=n)))
        for i, (gate, n) in enumerate(gates_drawn)
    ], leaves


def run(program: list[tuple[Gate, list[int]]], leaves: Sequence[Value]) -> Value:
    """Build a program's graph, each input squeezed into the range where its gate is at home."""

    def squeezed(x: Value, low: float, high: float) -> Value:
        return low + (high - low) * x.sigmoid()

    nodes = list(leaves)
    for gate, places in program:
        nodes.append(apply(gate, *[squeezed(nodes[i], *gate.probe) for i in places]))
    return nodes[-1]


def by_backward(f: Value, leaves: Sequence[Value]) -> list[float]:
    f.backward()
    return [x.grad for x in leaves]


def by_pull(f: Value, leaves: Sequence[Value]) -> list[float]:
    *_, (_, _, gradients) = graph.pull(order(f))
    return [gradients.get(x, 0.0) for x in leaves]


def by_pull_on_values(f: Value, leaves: Sequence[Value]) -> list[float]:
    *_, (_, _, gradients) = graph.pull(order(f), 1.0, lambda node: node)
    return [float(gradients.get(x, 0.0)) for x in leaves]


def by_push(f: Value, leaves: Sequence[Value]) -> list[float]:
    def moved(x: Value) -> float:
        tangents: dict[Value, float] = {x: 1.0}
        graph.push(order(f), tangents)
        return tangents.get(f, 0.0)

    return [moved(x) for x in leaves]


def by_steps(f: Value, leaves: Sequence[Value]) -> list[float]:
    gradients: dict[Value, float] = {}
    for step in backward_steps(f):
        for x, before, after in zip(step.inputs, step.before, step.after, strict=True):
            assert before == gradients.get(x, 0.0)
            gradients[x] = after
        assert step.upstream == gradients.get(step.node, 1.0)
    return [gradients.get(x, 0.0) for x in leaves]


def by_forward(program: list[tuple[Gate, list[int]]], leaves: Sequence[Value]) -> Callable[..., float]:
    """Return the program as a function of its leaves, which changes the leaves of one graph and walks it again."""
    f = run(program, leaves)

    def function(*xs: float) -> float:
        for x, data in zip(leaves, xs, strict=True):
            x.data = data
        return f.forward()

    return function


@settings(max_examples=300)
@given(programs())
def test_all_routes_to_the_gradient_agree(
    differences: Differences, drawn: tuple[list[tuple[Gate, list[int]]], list[float]]
) -> None:
    program, numbers = drawn
    leaves = [Value(x) for x in numbers]
    f = run(program, leaves)
    gradient = by_backward(f, leaves)
    scale = max(1.0, *map(abs, gradient))
    for route in (by_pull, by_pull_on_values, by_push, by_steps):
        assert route(f, leaves) == pytest.approx(gradient, rel=1e-11, abs=1e-11 * scale)
    function = by_forward(program, [Value(x) for x in numbers])
    assert function(*numbers) == f.data
    coarse, fine = (differences(function, numbers, h) for h in (2e-3, 1e-3))
    # where two step sizes disagree there is a kink or a jump within reach, and no slope to compare with
    assume(fine == pytest.approx(coarse, rel=1e-5, abs=1e-7 * scale))
    assert gradient == pytest.approx(fine, rel=1e-4, abs=1e-6 * scale)


def same(f: Value, g: Value) -> bool:
    """Tell whether two graphs have the same gates, numbers and wires, and no node in common."""
    ours, theirs = order(f), order(g)
    place = {node: i for i, node in enumerate(ours)} | {node: i for i, node in enumerate(theirs)}
    return len(place) == 2 * len(ours) == 2 * len(theirs) and all(
        (a.gate, a.data, a.grad) == (b.gate, b.data, b.grad)
        and [place[x] for x in a.inputs] == [place[x] for x in b.inputs]
        for a, b in zip(ours, theirs, strict=True)
    )


def test_a_slope_of_one_leaves_no_gate_behind() -> None:
    x, y = Value(2.0), Value(3.0)
    f = (x + y.copy()).exp()
    *_, (_, _, gradients) = graph.pull(order(f), 1.0, lambda node: node)
    assert gradients[x] is gradients[y] is f


@given(programs())
def test_a_rebuilt_graph_is_the_same(drawn: tuple[list[tuple[Gate, list[int]]], list[float]]) -> None:
    program, numbers = drawn
    f = run(program, [Value(x) for x in numbers])
    f.backward()
    assert same(copy.deepcopy(f), f)
    assert same(pickle.loads(pickle.dumps(f)), f)


EVENTS = st.tuples(st.sampled_from(["leaf", "gate", "forward", "backward"]), st.integers(0, 5))


@settings(max_examples=400)
@given(st.lists(EVENTS, min_size=4, max_size=25))
def test_no_order_of_changes_and_passes_gives_a_stale_gradient(events: list[tuple[str, int]]) -> None:
    """Compare a graph that grows while its leaves change with one that is built anew from the leaves at the end."""
    leaves = [Value(1.5), Value(-0.5), Value(2.0)]
    built: list[tuple[int, int]] = []
    nodes = list(leaves)
    for event, i in events:
        if event == "leaf":
            leaves[i % 3].data = leaves[i % 3].data * -1.25 + 0.5
        elif event == "gate":
            built.append((i % len(nodes), (2 * i + 1) % len(nodes)))
            nodes.append(nodes[built[-1][0]] * nodes[built[-1][1]] + nodes[-1].sin())
        elif event == "forward":
            nodes[-1].forward()
        else:
            nodes[-1].backward()
    for leaf in leaves:
        leaf.grad = 0
    nodes[-1].backward()
    fresh = [Value(leaf.data) for leaf in leaves]
    again = list(fresh)
    for i, j in built:
        again.append(again[i] * again[j] + again[-1].sin())
    again[-1].backward()
    assert nodes[-1].data == again[-1].data
    assert [leaf.grad for leaf in leaves] == [leaf.grad for leaf in fresh]


def test_a_gradient_that_is_copied_from_a_new_gate_does_not_make_an_old_one_look_new() -> None:
    x = Value(1.0)
    f = x.exp()
    x.data = 3.0
    f.grad = (x + 1.0).grad
    f.backward()
    assert x.grad == Value(3.0).exp().data


def test_steps_keep_the_numbers_of_the_moment_they_were_asked_for() -> None:
    x, y = Value(2.0, "x"), Value(3.0, "y")
    for steps, count in ((forward_steps, 2), (backward_steps, 2)):
        x.data = 2.0
        running = steps(x * y + x)
        next(running)
        x.data = 5.0
        rest = list(running)
        assert len(rest) == count - 1
        assert all(step.gate.forward(*step.values) == step.value for step in rest)
        assert 5.0 not in rest[0].values


@pytest.mark.parametrize("steps", [forward_steps, backward_steps])
def test_steps_of_what_is_no_value_are_refused(steps: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match=f"{steps.__name__} takes a Value, got NoneType"):
        steps(None)


# ------------------------------------------------------------------------------------- orders, names and routes by hand


def test_the_branches_of_a_gate_of_many_inputs_come_in_order() -> None:
    a, b, c = Value(1.0, "a"), Value(2.0, "b"), Value(3.0, "c")
    first, second = a * b, b + c
    total = apply(gates.SUM, first, second, first, c)
    assert order(total) == [a, b, first, c, second, total]


def test_downstream_of_a_source_is_all_that_depends_on_it() -> None:
    nodes = diamond()
    walk = order(nodes["f"])
    below = {"a": ["product", "total", "most", "f"], "b": ["product", "total", "most", "f"], "c": ["most", "f"]}
    below |= {"product": ["total", "most", "f"], "total": ["f"], "f": []}
    for source, names in below.items():
        assert graph.downstream(walk, [nodes[source]]) == [nodes[name] for name in names]
    assert graph.downstream(walk, [nodes["total"], nodes["c"]]) == [nodes["most"], nodes["f"]]
    assert graph.downstream(walk, []) == graph.downstream([], [nodes["a"]]) == []


def named(f: Value) -> list[str]:
    names = graph.names(order(f))
    return [names[node] for node in order(f)]


def test_nodes_without_a_label_are_called_by_free_letters_and_the_last_one_f() -> None:
    x = Value(2.0, "x")
    assert named((x + 1.5) * -x) == ["x", "1.5", "a", "b", "f"]
    assert named((Value(2.0, "b") + Value(4.0)) * 3) == ["b", "a", "c", "3", "f"]
    assert named((Value(2.0, "f") + Value(4.0, "a")) * 3) == ["f", "a", "b", "3", "c"]
    assert named(x) == ["x"]
    assert named(Value(1.0)) == ["f"]
    y = x.exp()
    y.label = "y"
    assert named(y) == ["x", "y"]
    z = x.exp() + 1
    z.label = "z"
    assert named(z) == ["x", "a", "1", "z"]


def test_numbers_serve_where_the_letters_run_out() -> None:
    f = x = Value(2.0, "v2")
    for _ in range(len(graph.LETTERS) + 1):
        f = f * x
    assert named(f)[1:] == [*graph.LETTERS, "f"]
    assert named(f * x)[1:] == ["v1", *[f"v{i}" for i in range(3, len(graph.LETTERS) + 3)], "f"]


def test_one_line_is_what_can_be_seen_of_a_label() -> None:
    assert graph.one_line("a\n b\tc\x07d") == "a b c d"
    assert graph.one_line(" \n\x00") == graph.one_line("") == "?"


NUMPY_LIKE = Gate("columns", "c", "scaler", lambda x: np.float64(x) * 2, lambda z, x: (np.float64(2.0),))


def test_what_a_users_card_computes_with_numpy_is_recorded_in_floats() -> None:
    x = Value(3.0)
    f = apply(NUMPY_LIKE, apply(NUMPY_LIKE, x))
    x.data = 4.0
    assert (f.forward(), type(f.forward())) == (16.0, float)
    for step in backward_steps(f):
        assert [type(number) for number in (*step.values, step.value, *step.locals, *step.downstream)] == [float] * 4
        assert all(type(numbers) is tuple for numbers in (step.inputs, step.locals, step.downstream, step.before))
    f.backward()
    assert (x.grad, type(x.grad), type(f.inputs[0].grad)) == (4.0, float, float)


def test_a_factor_of_one_is_left_out_and_no_other() -> None:
    v, w = Value(3.0), Value(1.0)
    assert graph.times(v, 1.0) is graph.times(1.0, v) is v
    for upstream, local in ((v, 2.0), (2.0, v), (v, w), (w, v), (v, -1.0)):
        product = graph.times(upstream, local)
        assert product.gate is gates.MUL
        assert product.data == float(upstream) * float(local)
    assert [graph.times(2.0, 3.0), graph.times(1.0, 5.0), graph.times(5.0, 1.0), graph.times(1.0, 1.0)] == [6, 5, 5, 1]


def test_pulling_through_nothing_gives_nothing() -> None:
    assert list(graph.pull([])) == list(graph.pull([Value(1.0)])) == []


def test_a_gradient_is_pulled_from_the_seed() -> None:
    nodes = diamond()
    *_, (_, _, gradients) = graph.pull(order(nodes["f"]), -2.0)
    assert gradients[nodes["f"]] == -2.0
    nodes["f"].backward()
    assert {node: -2.0 * node.grad for node in gradients} == gradients


def test_forward_keeps_the_order_of_the_operands() -> None:
    x, y, z = Value(1.0), Value(1.0), Value(1.0)
    f = apply(gates.DOT, x - y, x / y, z)
    x.data, y.data, z.data = 10.0, 4.0, 7.0
    assert (f.forward(), [node.data for node in f.inputs]) == (6.0 * 2.5 + 7.0, [6.0, 2.5, 7.0])


def test_rules_are_given_floats_where_floats_are_asked_for() -> None:
    given: set[type] = set()

    def partials(z: float, x: float) -> tuple[float, ...]:
        given.update((type(z), type(x)))
        return (1.0,)

    f = apply(Gate("asking", "?", "scaler", lambda x: x, partials), Value(2.0))
    list(backward_steps(f))
    list(graph.pull(order(f)))
    graph.push(order(f), {f.inputs[0]: 1.0})
    f.backward()
    assert given == {float}


def test_a_slope_that_does_not_exist_is_told_once() -> None:
    with pytest.raises(DomainError) as caught:
        (Value(0.0) ** 0.5).backward()
    assert caught.value.__context__ is None


WRONG = {"too few": ((1.0,), "got length 1$"), "too many": ((1.0,) * 3, "got length 3$"), "no tuple": (1.0, "a comma")}


@pytest.mark.parametrize(("slopes", "words"), WRONG.values(), ids=WRONG)
def test_a_wrong_number_of_slopes_is_no_gradient_by_any_route(slopes: Any, words: str) -> None:
    x = Value(2.0)
    wrong = Gate("wrong", "!", "scaler", lambda *xs: xs[0] * 0.0, lambda z, *xs: slopes, arity=2)
    numbers = Gate("numbers", "!", "scaler", lambda *xs: float(xs[0]), lambda z, *xs: slopes, arity=2)
    f = apply(wrong, x, x.exp())
    for route in (
        f.backward,
        lambda: list(graph.pull(order(f))),
        lambda: list(backward_steps(f)),
        lambda: graph.push(order(f), {x: 1.0}),
        lambda: check_gradients(f),
        lambda: compile(f)(),
        lambda: compile(lambda row: apply(wrong, row[0], x), [x])([[1.0, 2.0]]),
        lambda: compile(lambda row: apply(numbers, row[0], x), [x])([[1.0, 2.0]]),  # a card that cannot be printed
    ):
        with pytest.raises(TypeError, match=f"the partials of the (wrong|numbers) gate are a tuple of .*{words}"):
            route()
    assert (x.grad, f.grad) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("inputs", "told"),
    [(3, "sum of 'x0', 'x1', 'x2'"), (4, "sum of 'x0', 'x1', 'x2', 'x3'"), (5, "sum of 'x0', 'x1', 'x2', 'x3', …")],
)
def test_a_gate_of_many_inputs_is_described_by_the_first_four(inputs: int, told: str) -> None:
    assert graph.described(apply(gates.SUM, *[Value(1.0, f"x{i}") for i in range(inputs)])) == told
