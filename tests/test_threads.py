"""Threads: graphs built, recorded, differentiated, diagnosed, trained and drawn side by side give what they give alone.

Python passes from thread to thread after a microsecond here, so that whatever two threads share is soon torn.
"""

from __future__ import annotations

import pickle
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

import numpy as np
import pytest

import nn
from autograd import (
    Value,
    check_gradients,
    diagnose,
    explain,
    grad,
    hessian,
    jvp,
    no_grad,
    parse,
    source_lines,
)
from autograd import compile as compiled
from autograd.errors import TracingError
from autograd.gates import leaky_relu, pow_to
from autograd.graph import order
from tests.viz.helpers import random_graph
from viz import draw, exercise, step, story, table
from viz.paper import written

PATIENCE = 60.0  # seconds, after which a thread that waits for the others gives up
Work = Callable[[int], list[object]]


@pytest.fixture(autouse=True)
def quick_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def at_once(work: Callable[[int], Any], seeds: Sequence[int]) -> dict[int, Any]:
    """Return what work gives for each seed, each in a thread of its own, all started together; raise what one does."""
    results, errors = dict[int, Any](), list[BaseException]()
    start = threading.Barrier(len(seeds), timeout=PATIENCE)

    def guarded(seed: int) -> None:
        try:
            start.wait()
            results[seed] = work(seed)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(seed,)) for seed in seeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


# ------------------------------------------------------------------------------------------- what each thread does


def passes(seed: int) -> list[object]:
    """Build a graph where lines are kept, and go through it both ways."""
    with source_lines() as lines:
        f = random_graph(Random(seed), 30)
    f.backward()
    nodes = order(f)
    kept = [line and line.number for line in map(lines.of, nodes)]
    return [[node.data for node in nodes], [node.grad for node in nodes], kept, str(diagnose(f, lines=lines))]


def derivatives(seed: int) -> list[object]:
    """Take derivatives of derivatives, of a function and along a direction."""
    x, y = 0.1 + seed / 10, 0.7

    def g(x: Any, y: Any) -> Any:
        return (x * y).tanh() * x + y.exp() ** 2

    mixed = [grad(lambda x: grad(lambda y: g(x, y))(y * x))(x) for _ in range(30)]
    return [mixed, hessian(g)(x, y), jvp(g, (x, y), (1.0, float(seed))), str(explain(f := g(Value(x), Value(y)), f))]


def recorded(seed: int) -> list[object]:
    """Record a graph and a function, and run them; a branch on data is refused in each thread alone."""
    f, w = random_graph(Random(seed), 30), Value(1.0, "w")
    program = compiled(f)
    model = nn.MLP(2, [2, 1], "tanh", rng=seed)
    X, y = nn.moons(6, 0.1, seed)
    signs = 2 * y - 1
    loss = compiled(lambda x, t: nn.hinge(model(x), t), parameters=model.parameters())
    with pytest.raises(TracingError):
        compiled(lambda x: x[0] * w if x[0] > 0 else w, parameters=[w])(X)
    return [program(), program.gradient.tolist(), program.source, loss(X, signs), loss.gradient.tolist(), loss.source]


def drawn(seed: int) -> list[object]:
    """Draw a graph and tell of it."""
    f = random_graph(Random(seed), 12)
    diagram = draw(f)
    return [diagram.svg, diagram.dot, story(f), table(f), repr(exercise(f)), str(check_gradients(f)), len(step(f).html)]


def trained(seed: int) -> list[object]:
    """Train a network."""
    X, y = nn.moons(10, 0.1, seed)
    model = nn.MLP(2, [2, 1], "tanh", rng=seed)
    optimizer = nn.Adam(model.parameters(), lr=0.1)
    past = nn.fit(model, X, y, loss="hinge", optimizer=optimizer, epochs=2, batch_size=5, progress=False, rng=seed)
    return [past.loss, [p.data for p in model.parameters()], nn.accuracy(model, X, y)]


def silent(seed: int) -> list[object]:
    """Record nothing now and then, while others record."""
    x, f = Value(float(seed), "x"), parse("x*y+z", x=seed, y=2, z=3)
    seen = []
    for _ in range(20):
        with no_grad():
            seen.append((x * 2).gate)
        seen.append((x * 2).gate is not None)
    copies = pickle.loads(pickle.dumps([f, f]))
    return [seen, copies[0] is copies[1], [node.data for node in order(copies[0])]]


WORKS: tuple[Work, ...] = (passes, derivatives, recorded, drawn, trained, silent)


@pytest.mark.parametrize("threads", [2, 8])
@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.__name__)
def test_threads_that_do_the_same_find_what_each_finds_alone(work: Work, threads: int) -> None:
    alone = {seed: work(seed) for seed in range(threads)}
    assert at_once(work, range(threads)) == alone


def test_threads_that_do_different_things_find_what_each_finds_alone() -> None:
    def turn(seed: int) -> list[object]:
        return [WORKS[(seed + i) % len(WORKS)](seed) for i in range(len(WORKS))]

    alone = {seed: turn(seed) for seed in range(6)}
    assert at_once(turn, range(6)) == alone


def test_a_family_makes_one_card_for_a_parameter_whichever_thread_asks_first() -> None:
    for exponent in np.linspace(3.1, 4.1, 40).tolist():
        for family in (pow_to, leaky_relu):
            cards = at_once(lambda _, family=family, exponent=exponent: family(exponent), range(4))
            assert len(set(map(id, cards.values()))) == 1


def test_pictures_on_paper_are_the_same_and_leave_the_warnings_of_the_program_alone() -> None:
    pytest.importorskip("matplotlib")
    picture = draw(Value(2.0, "日本 😀") * Value(3.0, "x")).picture
    alone, before = written(picture, "png"), list(warnings.filters)
    for _ in range(2):
        assert set(at_once(lambda _: written(picture, "png"), range(4)).values()) == {alone}
        assert warnings.filters == before


def test_the_threads_run_at_once() -> None:
    barrier = threading.Barrier(8, timeout=60)  # it opens when all eight have come
    assert sorted(at_once(lambda _: barrier.wait(), range(8)).values()) == list(range(8))
