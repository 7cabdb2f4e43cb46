"""The command line: `gatewise demo`, `step`, `draw`, `check`; also as `python -m viz`.

    command    what is done: a function of the parsed arguments that returns an exit status, a row of COMMANDS
    words      the arguments as they were typed

Exit status: 0 done, 1 the work failed (no value there, no such folder, gradients disagree), 2 wrong usage or a refused
expression, 130 after Ctrl-C. What went wrong is told on standard error in one line, and never as a traceback.
"""

from __future__ import annotations

import math
import os
import re
import shlex
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, TextIO

from autograd import check_gradients, parse
from autograd.errors import ExpressionError
from autograd.value import Value
from viz.drawing import WRITERS, draw
from viz.narration import SPELLINGS, compare, plain, story, table

__all__ = ["main"]


class UsageError(ValueError):
    """The command line was not understood: what is wrong with it, in one line."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that the words ask for, those of the command line by default, and return the exit status."""
    try:
        status = run(sys.argv[1:] if argv is None else argv)
        if sys.stdout:
            sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return complain("stopped", 130)
    except BrokenPipeError:  # whoever was reading has seen enough
        return hush(1)
    except (UsageError, ExpressionError) as error:
        return complain(error, 2)
    except OSError as error:
        return hush(complain(error, 1))
    except (ValueError, ImportError) as error:
        return complain(error, 1)


def run(words: Sequence[str]) -> int:
    """Run the command; SystemExit, by which argparse ends after --help, becomes the status it carries."""
    try:
        arguments = parsed(words)
    except SystemExit as end:
        return int(end.code or 0)
    if arguments.version:
        say(f"gatewise {version()}")
        return 0
    if arguments.command is None:
        raise UsageError(f"which command? {', '.join(COMMANDS)}; a good start: gatewise demo")
    return COMMANDS[arguments.command].run(arguments)


def hush(status: int) -> int:
    """Return the status, with standard output turned away: Python would try once more to write what is left of it."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    return status


# ------------------------------------------------------------------------------------------------------- the commands


def step(arguments: Namespace) -> int:
    """Tell every step of both passes."""
    f = expression_of(arguments)
    say(story(f, ascii=not speaks_unicode(sys.stdout)))
    if arguments.table or arguments.full:
        say("\n" + table(f, full=arguments.full, ascii=not speaks_unicode(sys.stdout)))
    return 0


def picture(arguments: Namespace) -> int:
    """Draw the circuit into a file."""
    target = Path(arguments.output)
    if target.suffix.lower() not in WRITERS:
        raise UsageError(f"-o {str(target)!r}: the suffix says what to write, one of {' '.join(WRITERS)}")
    say(wrote([save(target, expression_of(arguments))]))
    return 0


def check(arguments: Namespace) -> int:
    """Compare backpropagation with numeric differences."""
    report = check_gradients(expression_of(arguments))
    say(str(report))
    return 0 if report else 1


def demo(arguments: Namespace) -> int:
    """Run the worked examples: told, checked, compared, drawn."""
    folder = Path(arguments.output)
    with naming(folder):
        folder.mkdir(parents=True, exist_ok=True)
    ascii = not speaks_unicode(sys.stdout)
    graphs = {example: parse(example.expression, **example.values) for example in EXAMPLES}
    agree = True
    for i, (example, f) in enumerate(graphs.items(), 1):
        say(heading(f"{i}. {example.title}: {example.expression}"))
        say(story(f, ascii=ascii))
        report = check_gradients(f)
        agree = agree and bool(report)
        say("\n" + summary(report))
    xyz, neuron, gate = graphs.values()
    say(heading("4. Two graphs of one function: the values and gradients of 2 and 3 side by side"))
    say(compare(neuron, gate, ascii=ascii))
    say(heading("5. The pictures"))
    say(wrote([save(folder / file, *[graphs[EXAMPLES[i]] for i in which]) for file, which in PICTURES.items()]))
    say(heading("6. What to try next"))
    say("\n".join([f"  {command_line(words)}" for words in suggestions()]))
    return 0 if agree else 1
