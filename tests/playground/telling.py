"""What two Pythons are asked, the one that runs the tests and the one of a browser: numbers, pictures and words."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import viz
from autograd import Value, backward_steps, check_gradients, grad, parse
from autograd.graph import order

TELLERS: dict[str, Callable[[Value], str]] = {
    "svg": lambda f: viz.draw(f).svg,
    "check": lambda f: viz.draw(f, check=True).svg,
    "page": lambda f: viz.step(f).html,
    "story": viz.story,
    "table": lambda f: viz.table(f, full=True),
    "exercise": lambda f: repr(viz.exercise(f)),
    "broken": lambda f: viz.broken(f, "overwrite").svg,
    "report": lambda f: str(check_gradients(f)),
}


def told(expression: str, inputs: Mapping[str, float]) -> dict[str, Any]:
    """Return all that is said of an expression: every number in hexadecimal, every picture as its text."""
    f = parse(expression, **inputs)
    f.backward()
    nodes = order(f)
    said: dict[str, Any] = {
        "values": [node.data.hex() for node in nodes],
        "gradients": [node.grad.hex() for node in nodes],
        "locals": [slope.hex() for step in backward_steps(f) for slope in step.locals],
        "second": second_derivative(expression, inputs).hex(),
    }
    return said | {name: teller(f) for name, teller in TELLERS.items()}


def second_derivative(expression: str, inputs: Mapping[str, float]) -> float:
    """Return the second derivative in the first input: gradients of gradients."""
    first = next(iter(inputs))
    slope = grad(grad(lambda x: parse(expression, **{**inputs, first: x})))(inputs[first])
    assert isinstance(slope, float)
    return slope


def all_told(cases: str) -> str:
    """Return as JSON what is said of each [expression, inputs] of a JSON list."""
    return json.dumps([told(expression, inputs) for expression, inputs in json.loads(cases)])
