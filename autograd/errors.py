"""The exceptions of gatewise: each says the rule, the numbers and the place.

ValueError
├── DomainError        a gate was given a number where its value, or its slope, does not exist
└── ExpressionError    a typed expression was refused; the message carries a caret under the column
AssertionError
└── GradientError      an analytic gradient disagrees with the numeric one
TypeError
└── TracingError       a program branched on data that a recording would have frozen
"""

__all__ = ["DomainError", "ExpressionError", "GradientError", "TracingError"]


class DomainError(ValueError):
    """A gate's value or slope does not exist at these numbers."""


class ExpressionError(ValueError):
    """An expression was refused: what is wrong, and where."""


class GradientError(AssertionError):
    """An analytic gradient and its numeric estimate disagree."""


class TracingError(TypeError):
    """A value was looked at while its program was being recorded."""
