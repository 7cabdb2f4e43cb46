"""Ends the command quietly where Ctrl-C is pressed before it has begun: while Python still reads the packages."""

from __future__ import annotations

import sys
from types import TracebackType

from viz.clash import is_command

__all__: list[str] = []


def end(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """Say in a line that the command was stopped, and tell any other error as Python does."""
    if issubclass(kind, KeyboardInterrupt):
        print("gatewise: stopped", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, traceback)


if is_command():  # in a program that imports us, it is not ours to decide
    sys.excepthook = end
