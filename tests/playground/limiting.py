"""What must hold where graphs are limited: run by a Python that says it is a browser's, and by one that is.

claim    a function, named by what it shows; it raises where that does not hold
"""

import copy
import gc
import json
import pickle
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress

import autograd.value
from autograd import ExpressionError, GraphTooLargeError, Value, grad, no_grad, parse
from autograd.functions import dot, exp, sin
from autograd.functions import sum as total
from autograd.graph import order
from autograd.value import MOST_GATES, noting, without_value
from viz import step

LIMIT = 2_000
LINKS: dict[str, Callable[[Value], Value]] = {
    "add": lambda v: v + 0.1,
    "one input": lambda v: -v,
    "many inputs": lambda v: total([v, 1.0, 2.0]),
    "dot": lambda v: dot([v], [Value(0.5)]),
    "fork": lambda v: v * v,
    "diamond": lambda v: sin(v) * exp(-v),
}


def chain(link: Callable[[Value], Value], gates: int) -> Value:
    """Return a graph that grows link by link until it has so many gates."""
    v = Value(0.1, "x")
    while v.gate is None or v._gates < gates or gates_of(v) < gates:  # what a gate knows may be too many, never too few
        v = link(v)
    return v


def gates_of(v: Value) -> int:
    return sum(node.gate is not None for node in order(v))


def refusal(build: Callable[[], object], kind: type[ValueError] = GraphTooLargeError) -> str:
    """Return in what words something is refused; nothing where it is not."""
    try:
        build()
    except kind as error:
        return str(error)
    return ""


def a_chain_of_as_many_gates_as_are_allowed_lives_and_dies() -> None:
    for link in LINKS.values():
        v = chain(link, LIMIT)
        v.backward()
        assert gates_of(v) == LIMIT
        del v


def one_gate_more_is_refused_in_words() -> None:
    for name, link in LINKS.items():
        v = chain(link, LIMIT)
        words = refusal(lambda link=link, v=v: link(v))  # type: ignore[misc]
        assert "at most 2,000 gates" in words, name
        assert words.endswith("run this in Python on your machine"), words
        v.backward()  # what there was is whole
        assert gates_of(v) == LIMIT


def gates_are_counted_once_however_many_paths_lead_to_them() -> None:
    v = chain(LINKS["fork"], 1_500)
    assert gates_of(v * v) == 1_501
    assert gates_of(v + v * v) == 1_502
    assert gates_of(total([v, v, -v])) == 1_502


def a_wide_graph_is_counted_as_a_deep_one() -> None:
    assert gates_of(total([Value(1.0) * 2 for _ in range(LIMIT - 1)])) == LIMIT
    assert refusal(lambda: total([Value(1.0) * 2 for _ in range(LIMIT)]))


def leaves_are_not_counted() -> None:
    assert gates_of(total([Value(1.0) for _ in range(3 * LIMIT)])) == 1


def a_neuron_trains_for_as_long_as_one_likes() -> None:
    w, b = Value(0.5, "w"), Value(0.0, "b")
    for i in range(3_000):  # some 12,000 gates, four at a time
        loss = (w * (i % 5) + b - (2.0 * (i % 5) + 1.0)) ** 2
        w.grad = b.grad = 0.0
        loss.backward()
        w.data, b.data = w.data - 0.02 * w.grad, b.data - 0.02 * b.grad
    assert max(abs(w.data - 2), abs(b.data - 1)) < 1e-6


def nothing_is_left_of_what_was_dropped() -> None:
    gc.collect()
    before = sum(isinstance(each, Value) for each in gc.get_objects())
    kept = chain(LINKS["diamond"], 100)
    shared = total([kept, kept, Value(3.0)]) * kept
    del shared
    kept.backward()  # what somebody still has is not taken apart
    assert len(order(kept)) >= 100
    del kept
    gc.disable()
    assert sum(isinstance(each, Value) for each in gc.get_objects()) == before
    gc.enable()


def freeing_takes_no_stack_however_deep_a_graph_is() -> None:
    autograd.value.MOST_GATES = 10**6
    v = Value(0.1)
    for _ in range(20_000):
        v = total([v, 1.0, 2.0])
    autograd.value.MOST_GATES = LIMIT
    del v  # freed by recursion, some 2,700 of these end the interpreter of a page, and 1,400 that of a worker


def a_value_that_is_refused_while_it_is_made_dies_quietly() -> None:
    complaints: list[object] = []
    sys.unraisablehook = complaints.append
    with suppress(TypeError):
        Value("a")
    sys.unraisablehook = sys.__unraisablehook__
    assert complaints == []


def copies_and_pickles_are_counted_and_whole() -> None:
    v = chain(LINKS["many inputs"], 1_200)
    for twin in (copy.deepcopy(v), pickle.loads(pickle.dumps(v)), copy.copy(v)):
        assert gates_of(twin) == 1_200
        assert twin.data == v.data


def gradients_of_gradients_are_counted_too() -> None:
    def deep(times: int) -> Callable[[Value], Value]:
        def f(x: Value) -> Value:
            for _ in range(times):
                x = sin(x) * x
            return x

        return f

    assert isinstance(grad(grad(deep(3)))(0.5), float)
    assert refusal(lambda: grad(grad(grad(deep(100))))(0.5))


def blocks_that_note_or_record_nothing_work() -> None:
    noted: list[Value] = []
    x = Value(2.0)
    with noting(noted.append):
        y = x * x + x
    assert [each.gate and each.gate.name for each in noted] == ["mul", "add"]
    with no_grad():
        assert (x * x + x).gate is None
    assert without_value(y.gate, [x, x]).gate is y.gate


def an_expression_that_the_parser_could_not_take_is_refused() -> None:
    sums, powers = "+".join("x" * 1_000), "x**-" * 499 + "x"
    for text in ("-" * 1_999 + "x", sums, powers, "(" * 90 + "-" * 1_800 + "x" + ")" * 90):
        words = refusal(lambda text=text: parse(text, x=1.0), ExpressionError)  # type: ignore[misc]
        assert "at most 400 operators" in words, text


def the_deepest_expression_that_is_allowed_is_read() -> None:
    signs, powers = "-" * 400 + "x", "**".join("x" * 401)
    assert gates_of(parse("(" * 100 + signs + ")" * 100, x=1.0)) == 400
    assert gates_of(parse("sin(" * 100 + powers + ")" * 100, x=1.0)) == 500


def an_expression_of_too_many_gates_is_refused_at_its_place() -> None:
    part = f"sum(softmax(softmax([{','.join('x' * 300)}])))"  # four gates for each x
    words = refusal(lambda: parse(f"{part}+{part}+{part}", x=1.0), ExpressionError)
    assert "at most 2,000 gates" in words
    assert words.endswith("^")


def the_deepest_graph_that_is_allowed_is_drawn() -> None:
    assert "2,000 gates" in step(chain(LINKS["many inputs"], LIMIT)).html


CLAIMS = [
    a_chain_of_as_many_gates_as_are_allowed_lives_and_dies,
    one_gate_more_is_refused_in_words,
    gates_are_counted_once_however_many_paths_lead_to_them,
    a_wide_graph_is_counted_as_a_deep_one,
    leaves_are_not_counted,
    a_neuron_trains_for_as_long_as_one_likes,
    nothing_is_left_of_what_was_dropped,
    freeing_takes_no_stack_however_deep_a_graph_is,
    a_value_that_is_refused_while_it_is_made_dies_quietly,
    copies_and_pickles_are_counted_and_whole,
    gradients_of_gradients_are_counted_too,
    blocks_that_note_or_record_nothing_work,
    an_expression_that_the_parser_could_not_take_is_refused,
    the_deepest_expression_that_is_allowed_is_read,
    an_expression_of_too_many_gates_is_refused_at_its_place,
    the_deepest_graph_that_is_allowed_is_drawn,
]


def wrong_with(claim: Callable[[], None]) -> str:
    """Return what is wrong with a claim; nothing where it holds."""
    try:
        claim()
    except Exception:
        return traceback.format_exc()
    return ""


if __name__ == "__main__":
    assert MOST_GATES == LIMIT
    print(json.dumps({claim.__name__: wrong_with(claim) for claim in CLAIMS}))
