"""Scalar reverse-mode automatic differentiation, gate by gate.

Value                            a number that remembers how it was made; `backward()` fills in the gradients
forward_steps, backward_steps    the passes as records, one per gate
grad, value_and_grad, jvp, hessian    derivatives of functions of scalars, to any order
explain                          a derivative as the sum over paths
check_gradients                  analytic against numeric, per edge and end to end
parse                            a typed expression, read safely
no_grad                          record nothing in a block
"""

from autograd.check import check_gradients
from autograd.errors import DomainError, ExpressionError, GradientError, TracingError
from autograd.expression import parse
from autograd.functional import explain, grad, hessian, jvp, value_and_grad
from autograd.graph import Step, backward_steps, forward_steps
from autograd.value import Value, no_grad

__all__ = [
    "DomainError",
    "ExpressionError",
    "GradientError",
    "Step",
    "TracingError",
    "Value",
    "backward_steps",
    "check_gradients",
    "explain",
    "forward_steps",
    "grad",
    "hessian",
    "jvp",
    "no_grad",
    "parse",
    "value_and_grad",
]
