"""The engine in the Python of a browser: the same numbers, the same pictures byte for byte, and limits that hold."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from autograd.functions import __all__ as functions
from autograd.gates import GATES
from tests.playground import limiting, telling
from viz.examples import EXAMPLES

HERE = Path(__file__).resolve().parent
Case = tuple[str, Mapping[str, float]]
NUMBERS = ("values", "gradients", "locals")

# ------------------------------------------------------------------------------------- the same numbers, the same bytes

# IEEE 754 leaves no choice in these, so no two machines may differ in a digit
EXACT = ("abs({})", "relu({})", "sqrt(1+abs({}))", "max({},{})", "min({},{})", "sum([{},{},{}])", "-({})", "({})*({})")
INPUTS = {"x": -2.0, "y": 5.0, "z": -0.25, "w": 1.5}


def random_expression(rng: Random, depth: int) -> str:
    """Return an expression of exact gates."""
    if depth == 0:
        return rng.choice([*INPUTS, "2", "0.5"])
    parts = [random_expression(rng, rng.randrange(depth)) for _ in range(3)]
    if rng.random() < 0.4:
        return f"({parts[0]}){rng.choice('+-*/')}(3+abs({parts[1]}))"
    return rng.choice(EXACT).format(*parts)


RANDOM: list[Case] = [(f"{random_expression(Random(seed), 5)}+x*y+z*w", INPUTS) for seed in range(8)]
WORKED: list[Case] = [(example.expression, example.values) for example in EXAMPLES]
SAME: list[Case] = [*WORKED, *RANDOM, ("2*(x*y+max(z,w))", {"x": 3.0, "y": -4.0, "z": 2.0, "w": -1.0})]

# the C library in a browser is another one, and what IEEE 754 leaves free it may round to a float next door
ULPS = 4
ELEMENTARY: list[Case] = [
    (f"{gate.name}(x)*y", {"x": round(low + (high - low) * part, 2), "y": 1.7})
    for gate in GATES.values()
    if gate.arity == 1 and gate.name in functions and gate.name not in ("leaky_relu", "elu")
    for low, high in [gate.probe[:2]]
    for part in (0.31, 0.83)
]


@pytest.fixture(scope="module")
def both(run: Callable[[str], str]) -> dict[str, list[dict[str, Any]]]:
    """What is said of all cases: here, and there."""
    cases = json.dumps([*SAME, *ELEMENTARY])
    program = (HERE / "telling.py").read_text(encoding="utf-8") + f"\nprint(all_told({cases!r}))\n"
    return {"here": json.loads(telling.all_told(cases)), "there": json.loads(run(program))}


@pytest.mark.parametrize("i", range(len(SAME)), ids=[expression[:40] for expression, _ in SAME])
def test_numbers_pictures_and_words_are_the_same_in_a_browser(both: dict[str, list[dict[str, Any]]], i: int) -> None:
    here, there = both["here"][i], both["there"][i]
    assert {*here} == {*telling.TELLERS, *NUMBERS, "second"}
    assert [what for what in here if here[what] != there[what]] == []


@pytest.mark.parametrize("i", range(len(ELEMENTARY)), ids=[f"{e} at {x['x']}" for e, x in ELEMENTARY])
def test_elementary_functions_differ_in_the_last_digits_at_most(both: dict[str, list[dict[str, Any]]], i: int) -> None:
    here, there = (both[side][len(SAME) + i] for side in ("here", "there"))
    for what in NUMBERS:
        pairs = [(float.fromhex(a), float.fromhex(b)) for a, b in zip(here[what], there[what], strict=True)]
        assert all(abs(a - b) <= ULPS * math.ulp(max(abs(a), abs(b))) for a, b in pairs), (what, pairs)


# ------------------------------------------------------------------------------------------------------------- limits

LIMITING = HERE / "limiting.py"
CLAIMS = [claim.__name__ for claim in limiting.CLAIMS]


@pytest.fixture(scope="module")
def simulated() -> dict[str, str]:
    """What was wrong with each claim in a Python that takes itself for a browser's."""
    program = f"import runpy, sys; sys.platform = 'emscripten'; runpy.run_path({str(LIMITING)!r}, run_name='__main__')"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def real(run: Callable[[str], str]) -> dict[str, str]:
    """What was wrong with each claim in the Python of a browser."""
    found: dict[str, str] = json.loads(run(LIMITING.read_text(encoding="utf-8")))
    return found


@pytest.mark.parametrize("claim", CLAIMS)
def test_limits_hold_where_python_takes_itself_for_a_browsers(simulated: dict[str, str], claim: str) -> None:
    assert simulated[claim] == ""


@pytest.mark.parametrize("claim", CLAIMS)
def test_limits_hold_in_a_browsers_python(real: dict[str, str], claim: str) -> None:
    assert real[claim] == ""


def test_nothing_is_limited_elsewhere() -> None:
    from autograd.value import MOST_GATES, Value

    v = Value(0.1)
    for _ in range(3 * limiting.LIMIT):
        v = v + 1.0
    assert MOST_GATES is None
    assert not hasattr(v, "_gates")
    assert not hasattr(Value, "__del__")
