"""The engine without NumPy: a process that cannot import it differentiates all the same."""

import subprocess
import sys
from pathlib import Path

PREAMBLE = """
import sys

class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("numpy", "jax", "torch"):
            raise ImportError(f"{name} is not to be had here")

sys.meta_path.insert(0, Refusing())
"""

PROGRAM = """
import autograd
from autograd import Value, backward_steps, check_gradients, explain, grad, hessian, jvp, no_grad, parse
from autograd import functions
from autograd.gates import GATES
from autograd.value import apply

x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
f = (x + y) * z
f.backward()
assert (f.data, x.grad, y.grad, z.grad) == (-12.0, -4.0, -4.0, 3.0)
assert len(list(backward_steps(f))) == 2
assert explain(f, x).total == -4.0
assert parse("(x+y)*z", x=-2, y=5, z=-4).data == -12.0

for gate in GATES.values():
    low, high = gate.probe
    inputs = [Value(low + (high - low) * share) for share in (0.6, 0.7, 0.9, 0.8)[: gate.arity or 4]]
    assert check_gradients(apply(gate, *inputs)), gate

assert grad(grad(functions.tanh))(0.0) == 0.0
assert jvp(functions.exp, (0.0,), (2.0,)) == (1.0, 2.0)
assert hessian(lambda x, y: x * x * y)(3.0, 4.0) == [[8.0, 6.0], [6.0, 0.0]]
assert functions.softmax([1000.0, 0.0]) == [1.0, 0.0]
with no_grad():
    assert (x * y).inputs == ()
for refused in ("a", None, [1.0]):
    try:
        Value(refused)
    except TypeError:
        continue
    raise AssertionError(refused)

assert not {"numpy", "jax", "torch"} & set(sys.modules)
print("differentiated")
"""


def run(program: str) -> "subprocess.CompletedProcess[str]":
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-W", "error", "-c", PREAMBLE + program]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, encoding="utf-8", check=False)


def test_the_engine_works_where_numpy_is_not() -> None:
    done = run(PROGRAM)
    assert (done.returncode, done.stdout, done.stderr) == (0, "differentiated\n", "")


def test_numpy_is_refused_there() -> None:
    done = run("import numpy")
    assert done.returncode == 1
    assert "ImportError: numpy is not to be had here" in done.stderr
