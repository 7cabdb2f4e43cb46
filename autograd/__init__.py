"""Scalar reverse-mode automatic differentiation, gate by gate.

What a program needs most:

    Value                              a number that remembers how it was made; `backward()` fills in the gradients
    forward_steps, backward_steps      the passes as records, one per gate
    grad, value_and_grad, jvp, hessian derivatives of functions of scalars, to any order
    explain                            a derivative as the sum over paths
    check_gradients                    analytic against numeric, per edge and end to end
    parse                              a typed expression, read safely
    compile                            a scalar program recorded once, run as a few array operations
    no_grad                            record nothing in a block
    diagnose                           where a nan or an inf came from; `source_lines` adds the line that built it

Every gate as a function: `autograd.functions`. The cards themselves: `autograd.gates`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from autograd.errors import DomainError, ExpressionError, GradientError, GraphTooLargeError, TracingError
from autograd.functional import explain, grad, hessian, jvp, value_and_grad
from autograd.graph import Step, backward_steps, forward_steps
from autograd.value import Value, no_grad

if TYPE_CHECKING:
    from autograd.check import check_gradients
    from autograd.diagnosis import Diagnosis, diagnose, source_lines
    from autograd.expression import parse
    from autograd.lifting.program import compile

__all__ = [
    "Diagnosis",
    "DomainError",
    "ExpressionError",
    "GradientError",
    "GraphTooLargeError",
    "Step",
    "TracingError",
    "Value",
    "backward_steps",
    "check_gradients",
    "compile",
    "diagnose",
    "explain",
    "forward_steps",
    "grad",
    "hessian",
    "jvp",
    "no_grad",
    "parse",
    "source_lines",
    "value_and_grad",
]

LATER = {
    "Diagnosis": "autograd.diagnosis",
    "check_gradients": "autograd.check",
    "compile": "autograd.lifting.program",
    "diagnose": "autograd.diagnosis",
    "parse": "autograd.expression",
    "source_lines": "autograd.diagnosis",
}


def __dir__() -> list[str]:
    return sorted({*globals(), *LATER})


def __getattr__(name: str) -> Any:
    """Load what a program that only differentiates never asks for, once it is asked for: imports stay quick."""
    if name not in LATER:
        raise AttributeError(f"module 'autograd' has no attribute {name!r}")
    return getattr(import_module(LATER[name]), name)
