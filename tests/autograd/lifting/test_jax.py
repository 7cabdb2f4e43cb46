"""A program as a pure function of jax: the same loss and gradient, jitted, differentiated, and sharded over devices."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd import Value, compile
from autograd.functions import dot, log, logsumexp, take, tanh
from autograd.gates import GATES, Gate
from autograd.value import apply
from tests.autograd.lifting import fuzz

jax = pytest.importorskip("jax")
jax.config.update("jax_enable_x64", True)
ROOT = Path(__file__).resolve().parents[3]

rng = np.random.default_rng(3)
X, k = rng.normal(size=(16, 3)), rng.integers(0, 4, size=16)


def classifier() -> Any:
    number = iter(rng.normal(size=100).tolist())
    W1, W2 = ([[Value(next(number)) for _ in range(n)] for _ in range(m)] for n, m in ((4, 5), (6, 4)))
    parameters = [p for W in (W1, W2) for row in W for p in row]

    def loss(x: list[Value], target: Value) -> Value:
        hidden = [tanh(dot(row[:-1], x, row[-1])) for row in W1]
        logits = [dot(row[:-1], hidden, row[-1]) for row in W2]
        return logsumexp(logits) - take(logits, target)

    return compile(loss, parameters, regularizer=lambda: 0.01 * sum(p * p for p in parameters))


def agree(program: Any, *arrays: Any) -> None:
    """Compare a program with its function of jax: loss, gradient, and both jitted."""
    value = program(*arrays)
    function = program.to_jax()
    for run in (jax.value_and_grad(function), jax.jit(jax.value_and_grad(function))):
        loss, gradient = run(program.parameters, *arrays)
        np.testing.assert_allclose(float(loss), value, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(np.asarray(gradient), program.gradient, rtol=1e-9, atol=1e-9)


def test_a_classifier_in_jax_has_the_same_loss_and_gradient_for_any_number_of_rows() -> None:
    program = classifier()
    for rows in (16, 1, 5):
        agree(program, X[:rows], k[:rows])


def test_a_graph_with_inputs_in_jax_has_the_same_loss_and_gradient() -> None:
    a, b = Value(2.0), Value(3.0)
    program = compile(log(a * b) + a, [a], [b])
    agree(program, np.array([4.0]))


def test_constants_that_differ_from_cell_to_cell_are_the_same_in_every_row_of_jax() -> None:
    w = [Value(0.5), Value(-0.25), Value(2.0)]
    offsets = (0.1, -0.2, 0.7)  # three cells, and not as many rows
    program = compile(lambda x: sum(tanh(a * b + c) for a, b, c in zip(w, x, offsets, strict=True)), w)
    for rows in (16, 1):
        agree(program, X[:rows])


def test_a_card_that_cannot_be_printed_is_refused() -> None:
    program = compile(lambda x: apply(fuzz.USER_GATES[1], x[0]), [])
    program(X)
    with pytest.raises(TypeError, match="numbers only"):
        program.to_jax()


@pytest.mark.parametrize("gate", GATES.values(), ids=GATES)
def test_every_gate_in_jax_has_the_value_of_its_card(gate: Gate) -> None:
    low, high = gate.probe
    data = rng.uniform(low, high, size=(6, gate.arity or 5))
    program = compile(lambda x: apply(gate, *x), [])
    value = program(data)
    np.testing.assert_allclose(float(program.to_jax()(program.parameters, data)), value, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_random_programs_in_jax_have_the_value_of_the_compiled_program(seed: int) -> None:
    recipe, data, index = fuzz.recipe_of(seed)
    parameters = [Value(x) for x in recipe.parameters]
    program = fuzz.program_of(recipe, parameters, mean=True)
    try:
        value = program(data, index)
        function = program.to_jax()
    except TypeError:  # a user's card that cannot be printed
        return
    np.testing.assert_allclose(float(function(program.parameters, data, index)), value, rtol=1e-9, atol=1e-9)


SHARDED = """
import sys, numpy as np, jax
sys.path.insert(0, {root!r})
from tests.autograd.lifting.test_jax import X, classifier, k
from jax.sharding import Mesh, NamedSharding, PartitionSpec
devices = jax.devices()
assert len(devices) == 8, devices
program = classifier()
value = program(X, k)
rows = NamedSharding(Mesh(np.array(devices), ("rows",)), PartitionSpec("rows"))
run = jax.jit(jax.value_and_grad(program.to_jax()))
loss, gradient = run(program.parameters, jax.device_put(X, rows), jax.device_put(k, rows))
assert abs(float(loss) - value) <= 1e-9, (loss, value)
assert np.abs(np.asarray(gradient) - program.gradient).max() <= 1e-9
"""


def test_eight_devices_with_the_rows_shared_out_among_them_agree() -> None:
    env = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=8", "JAX_PLATFORMS": "cpu"}
    code = SHARDED.format(root=str(ROOT))
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
