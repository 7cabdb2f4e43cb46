"""Source: what the emitter wrote, put together as one function, or as a module that runs with numpy alone.

Before, the lines of a program in their four parts: setup, forward, checks and backward; after:

    def build(parameters, gradient, refuse=refuse):
        each, d_each = …                       buffers and views of them, made once
        def forward(X, y): …                   returns the loss
        def backward(): …                      leaves the gradient in `gradient`
        return forward, backward
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograd.lifting.writing import Emitted

__all__ = ["VIEW", "function", "matrix_products", "operations", "standalone"]

VIEW = '''def view(buffer, start, shape, strides):
    """Return the cells start + i·strides[0] + j·strides[1] + … of a buffer; its rows, if any, stay the last axis."""
    step = buffer.strides[0]
    strides = tuple(step * s for s in strides) + buffer.strides[1:]
    return np.ndarray(shape + buffer.shape[1:], float, buffer, start * step, strides)
'''

LEGEND = """A scalar program as array operations, written by gatewise for {rows} row(s); it needs numpy alone.

    W, b        weights and biases: views of the parameters          x       operands that came in or were gathered
    h           what a matrix product gives                          z       what other gates give
    each, once  all numbers there are one of per row (cells × rows), and one of in all
    d_…         the gradient of …: upstream × local, assigned by the first consumer, added to by the others
    t, m        scratch: numbers and truths

The backward pass goes through the gates from the last to the first. For H = W X the chain rule reads
dW = dH Xᵀ and dX = Wᵀ dH: upstream × the other factor, summed over the rows; so is a bias's, by a product with ones."""

REFUSE = '''def refuse(place, outside, *operands):
    """Raise for the first row that is outside a gate's domain."""
    raise ValueError(f"{DOMAINS[place]}; not so at {np.argwhere(outside)[0].tolist()}")
'''

RUN = '''def loss_and_gradient(parameters, {arrays}):
    """Return the loss and its gradient with respect to the parameters, a float64 vector of {count}."""
    parameters = np.array(parameters, dtype=float)
    gradient = np.zeros_like(parameters)
    forward, backward = build(parameters, gradient)
    loss = forward({arrays})
    backward()
    return loss, gradient
'''


def function(emitted: Emitted, arrays: Sequence[str], default: str = "") -> str:
    """Return the source of `build`, the function that makes a program's buffers and its two passes."""
    forward = ", ".join(f"{name}=None" if name == "inputs" else name for name in arrays)
    lines = [
        f"def build(parameters, gradient, refuse{default}):",
        *indented(emitted.setup, 1),
        "",
        '    @np.errstate(all="ignore")',
        f"    def forward({forward}):",
        *indented(emitted.forward, 2),
        "",
        '    @np.errstate(all="ignore")',
        "    def backward():",
        *indented([*emitted.checks, *emitted.backward] or ["pass"], 2),
        "",
        "    return forward, backward",
    ]
    return "\n".join(lines) + "\n"


def indented(lines: Sequence[str], depth: int) -> list[str]:
    """Return lines moved to the right."""
    return [" " * (4 * depth) + line for line in lines]


def operations(lines: Sequence[str]) -> int:
    """Return how many array operations lines of a program are: those that compute, not those that ask."""
    return sum(1 for line in lines if not line.lstrip().startswith(("if ", "refuse(", "return ")))


def matrix_products(lines: Sequence[str]) -> int:
    """Return how many of them are matrix products, also those with ones, which sum over the rows."""
    return sum(1 for line in lines if line.lstrip().startswith(("np.matmul(", "np.einsum(")))


def standalone(emitted: Emitted, arrays: Sequence[str], title: str) -> str:
    """Return a module that needs nothing but numpy: `loss_and_gradient(parameters, …)` runs it."""
    parts = [f'"""{title}.\n\n{LEGEND.format(rows=emitted.rows)}"""', "import numpy as np"]
    parts += ["\n".join(f"{name} = {spelled(numbers)}" for name, numbers in emitted.data.items())]
    if emitted.refusals:
        domains = [f"    {refusal.words!a}," for refusal in emitted.refusals]
        parts += ["\n".join(["DOMAINS = [", *domains, "]"]), REFUSE]
    parts += [VIEW, *[missing(name, str(key[0].name)) for name, key in emitted.calls.items()]]
    parts += [function(emitted, arrays, "=refuse" if emitted.refusals else "=None")]
    call = ", ".join(f"{name}=None" if name == "inputs" else name for name in arrays)
    run = RUN.format(arrays=", ".join(arrays), count=emitted.parameters)
    parts += [
        run.replace(
            f"def loss_and_gradient(parameters, {', '.join(arrays)})",
            f"def loss_and_gradient(parameters{', ' * bool(call)}{call})",
        )
    ]
    return "\n\n".join(part.strip("\n") + "\n" for part in parts if part)


def spelled(numbers: Any) -> str:
    """Return an array as source."""
    text = ", ".join(map(repr, numbers.ravel().tolist())).replace("inf", "np.inf").replace("nan", "np.nan")
    dtype = ", dtype=np.intp" if numbers.dtype.kind == "i" else ""
    flat = f"np.array([{text}]{dtype})"
    return flat if numbers.ndim == 1 else f"{flat}.reshape({numbers.shape})"


def missing(name: str, gate: str) -> str:
    """Return a stand-in for a card that could not be printed, which says so."""
    return (
        f"def {name}(*columns):\n"
        f'    """Stand in for the card of the gate {comment(gate)}, Python code that could not be printed."""\n'
        f"    raise NotImplementedError({f'put the card of the gate {gate!r} here: it could not be printed'!a})\n"
    )


def comment(text: str) -> str:
    """Return text that people chose as something that cannot end a comment or a docstring."""
    return ascii(text).replace('"', "'")
