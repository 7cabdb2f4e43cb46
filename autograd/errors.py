"""The exceptions of gatewise: each says the rule, the numbers and the place.

ValueError
├── DomainError        a gate was given a number where its value, or its slope, does not exist
├── ExpressionError    a typed expression was refused; the message carries a caret under the column
└── GraphTooLargeError a graph would have more gates than can be freed here; only in a browser
AssertionError
└── GradientError      an analytic gradient disagrees with the numeric one
TypeError
└── TracingError       a program branched on data that a recording would have frozen
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograd.gates import Gate
    from autograd.value import Value

__all__ = ["DomainError", "ExpressionError", "GradientError", "GraphTooLargeError", "TracingError", "pip_install"]


class DomainError(ValueError):
    """A gate's value or slope does not exist at these numbers.

    gate, inputs    the gate and the Values it was given; None and () where it was given columns or bare numbers
    """

    def __init__(self, message: str = "", gate: Gate | None = None, inputs: Sequence[Value] = ()) -> None:
        super().__init__(message)
        self.gate, self.inputs = gate, tuple(inputs)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the message alone: another process asks what went wrong, not for the whole graph."""
        return type(self), self.args


class ExpressionError(ValueError):
    """An expression was refused: what is wrong, and where."""


class GraphTooLargeError(ValueError):
    """A graph would have more gates than this platform can free: in a browser, whose stack is small, 2,000."""


class GradientError(AssertionError):
    """An analytic gradient and its numeric estimate disagree."""


class TracingError(TypeError):
    """A value was looked at while its program was being recorded."""


def pip_install(*packages: str) -> str:
    """Return the command that installs packages for this Python, as it is typed in a shell, for messages that need it.

    It names the packages themselves: an extra of gatewise would be looked for where gatewise may not come from.

        >>> pip_install("matplotlib", "Pillow")
        '... -m pip install matplotlib Pillow'
    """
    python = sys.executable or "python"
    quoted = f'"{python}"' if " " in python else python
    return f"{quoted} -m pip install {' '.join(packages)}"
