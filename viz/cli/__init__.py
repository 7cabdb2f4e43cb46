"""The command line: `gatewise demo`, `step`, `open`, `draw`, `check`, `train`, `lesson`, `playground`; also as
`python -m viz`.

    command    what is to be done: a row of COMMANDS, whose function takes the parsed arguments and returns the status
    words      arguments as they were typed

Exit status: 0 done; 1 the work failed: no value or slope there, a file that cannot be written, gradients that disagree;
2 wrong usage or a refused expression; 130 after Ctrl-C. What went wrong is told on standard error, in words and never
as a traceback.
"""

from __future__ import annotations

import re
import sys
import webbrowser
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from autograd import check_gradients, parse
from autograd.errors import DomainError, ExpressionError, pip_install
from autograd.value import Value
from viz.cli import lessons, playground, training
from viz.cutting import culprit
from viz.drawing import WRITERS, draw
from viz.examples import EXAMPLES, Example
from viz.narration import compare, story, table
from viz.shell import (
    UsageError,
    command_line,
    complain,
    heading,
    meant,
    number,
    say,
    shown,
    speaks_unicode,
    turn_away,
    writing,
)
from viz.stepper import step as stepper

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that argv asks for, by default what was typed after `gatewise`, and return the exit status."""
    try:
        status = run(sys.argv[1:] if argv is None else argv)
        if sys.stdout:
            sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return complain("stopped", 130)
    except (UsageError, ExpressionError) as error:
        return complain(error, 2)
    except ImportError as error:
        return complain(missing(error) or error, 1)
    except ValueError as error:
        return complain(error, 1)
    except BrokenPipeError:  # whoever was reading has seen enough
        return turn_away(1)
    except OSError as error:
        return turn_away(complain(f"cannot write the output: {error.strerror or error}", 1))


def missing(error: ImportError) -> str:
    """Return what to type where a package could not be imported and nobody has said so yet; else nothing."""
    package = (error.name or "").partition(".")[0]
    return f"{package} is not installed: {pip_install(package)}" if package else ""


def run(words: Sequence[str]) -> int:
    """Parse the words and run their command."""
    try:
        arguments = parsed(words)
    except SystemExit as end:  # so argparse ends after --help
        return int(end.code or 0)
    if arguments.version:
        say(f"gatewise {version()}")
        return 0
    if arguments.command is None:
        raise UsageError(f"which command? {', '.join(COMMANDS)}; a good start: {command_line(['demo'])}")
    return COMMANDS[arguments.command].run(arguments)


# ------------------------------------------------------------------------------------------------------- the commands


def step(arguments: Namespace) -> int:
    """Tell every step of both passes."""
    page = page_named(arguments.html) if arguments.html else None
    f = expression_of(arguments)
    say(story(f, ascii=not speaks_unicode(sys.stdout)))
    if arguments.table or arguments.full:
        say("\n" + table(f, full=arguments.full, ascii=not speaks_unicode(sys.stdout)))
    if page:
        say("\n" + written_page(f, page))
    return 0


def show(arguments: Namespace) -> int:
    """Write the page that steps through both passes, and open it in the browser."""
    page = page_named(arguments.output)
    say(written_page(expression_of(arguments), page))
    if not webbrowser.open(page.resolve().as_uri()):
        say("no browser was found here: open that file in one")
    return 0


def page_named(name: str) -> Path:
    """Return the path of a page; UsageError for a suffix of no page."""
    if not name.lower().endswith(".html"):
        raise UsageError(f"{shown(name)}: the stepper is a page, give it a name that ends in .html")
    return Path(name)


def written_page(f: Value, target: Path) -> str:
    """Write the stepper of f and return the line that names its file."""
    with writing(target):
        stepper(f).save(target)
    return f"wrote {target}"


def picture(arguments: Namespace) -> int:
    """Draw the circuit into a file, in the format that its suffix names."""
    target = Path(arguments.output)
    if target.suffix.lower() not in WRITERS:
        raise UsageError(f"-o {shown(arguments.output)}: the suffix says what to write: {', '.join(WRITERS)}")
    try:
        say(saved(target, expression_of(arguments)))
    except DomainError as error:
        return cut_short(error, target)
    return 0


def cut_short(error: DomainError, target: Path) -> int:
    """Draw as far as the pass came, with the gate marked that ended it, and tell the error; keep an older picture."""
    if error.gate is not None and not target.exists():
        with writing(target):
            culprit(error).save(target)
        say(f"wrote {target}: as far as it went")
    return complain(error, 1)


def check(arguments: Namespace) -> int:
    """Compare the gradients of backpropagation with numeric ones."""
    report = check_gradients(expression_of(arguments))
    say(str(report))
    return 0 if report else 1


def demo(arguments: Namespace) -> int:
    """Run the worked examples: told step by step, checked, compared, drawn."""
    folder = Path(arguments.output)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    graphs = [parse(example.expression, **example.values) for example in EXAMPLES]
    agree = [told(example, f) for example, f in zip(EXAMPLES, graphs, strict=True)]
    say(heading(f"The same function twice: {EXAMPLES[-2].expression} and {EXAMPLES[-1].expression}"))
    say(compare(*graphs[-2:], ascii=not speaks_unicode(sys.stdout)))
    say("\nA function may have more than one graph; what differs is how their numbers were rounded.")
    say(heading("The pictures"))
    for name, which in PICTURES.items():
        say(saved(folder / name, *[graphs[i] for i in which]))
    say(f"Open the .svg files in a browser, {folder / next(iter(PICTURES))} first.")
    say(heading("What to try next"))
    say("\n".join([command_line(words) for words in SUGGESTIONS]))
    return 0 if all(agree) else 1


def told(example: Example, f: Value) -> bool:
    """Tell one example, and whether its gradients agree with numeric ones."""
    say(heading(f"{example.title}: {example.expression}"))
    say(story(f, ascii=not speaks_unicode(sys.stdout)))
    report = check_gradients(f)
    say("\nCHECK: each gate's local gradients and each input's gradient against central differences")
    say(f"  (f(x+h) − f(x−h)) / 2h: {report.summary()}")
    return bool(report)


PICTURES = {  # file: which examples it shows
    "xyz.svg": (0,),
    "sigmoid_neuron.svg": (1,),
    "sigmoid_gate.svg": (2,),
    "sigmoid_both.svg": (1, 2),
    "sigmoid_neuron.dot": (1,),
}
SUGGESTIONS = (
    ("open", "(x+y)*z", "x=-2", "y=5", "z=-4"),
    ("step", "x*x+x", "x=3", "--table"),
    ("step", "2*(x*y+max(z,w))", "x=3", "y=-4", "z=2", "w=-1", "--html", "page.html"),
    ("draw", "tanh(dot([w0,w1],[x0,x1],b))", "w0=0.5", "w1=-1", "x0=1", "x1=0.2", "b=0.1", "-o", "neuron.svg"),
    ("check", "log(x)*y", "x=2", "y=3"),
)


# ------------------------------------------------------------------------------------------------- what they are given


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its function, what it says of itself, an example, and what it takes."""

    run: Callable[[Namespace], int]
    help: str
    example: tuple[str, ...]
    takes: Callable[[ArgumentParser], None]
    notes: str = ""


def takes_expression(parser: ArgumentParser) -> None:
    """Add an expression and its values to what a command takes."""
    parser.add_argument("expression", metavar="EXPRESSION", help="what to compute, in quotes: '(x+y)*z'")
    parser.add_argument(
        "values", metavar="name=value", nargs="*", default=[], help="the numbers it is computed at: x=-2 y=5 z=-4"
    )


def takes_step(parser: ArgumentParser) -> None:
    """Add what `step` takes."""
    takes_expression(parser)
    parser.add_argument("--table", action="store_true", help="add the Wengert list: one line per wire")
    parser.add_argument("--full", action="store_true", help="add that list with 15 digits")
    parser.add_argument("--html", metavar="FILE", help="write the page that steps through both passes")


def takes_page(parser: ArgumentParser) -> None:
    """Add what `open` takes."""
    takes_expression(parser)
    parser.add_argument("-o", "--output", metavar="FILE", default="gatewise.html", help="what to write (gatewise.html)")


def takes_picture(parser: ArgumentParser) -> None:
    """Add what `draw` takes."""
    takes_expression(parser)
    suffixes = ", ".join(WRITERS)
    parser.add_argument(
        "-o", "--output", metavar="FILE", default="gatewise.svg", help=f"by suffix: {suffixes} (gatewise.svg)"
    )


def takes_demo(parser: ArgumentParser) -> None:
    """Add what `demo` takes."""
    parser.add_argument(
        "-o", "--output", metavar="DIR", default="gatewise-demo", help="for the pictures (gatewise-demo)"
    )


XYZ = ("(x+y)*z", "x=-2", "y=5", "z=-4")
COMMANDS = {
    "demo": Command(demo, "run the worked examples: told, checked, compared, drawn", ("demo",), takes_demo),
    "step": Command(step, "tell every step of both passes, in words and numbers", ("step", *XYZ), takes_step),
    "open": Command(show, "step through both passes in the browser", ("open", *XYZ), takes_page),
    "draw": Command(picture, "draw the circuit into a file", ("draw", *XYZ, "-o", "xyz.svg"), takes_picture),
    "check": Command(check, "compare gradients with numeric ones", ("check", *XYZ), takes_expression),
    "train": Command(
        training.train,
        "train a network, save it, draw what it learned",
        training.EXAMPLE,
        training.takes_training,
        training.NOTES,
    ),
    "lesson": Command(lessons.lesson, "list the lessons, or open one", ("lesson", "3"), lessons.takes_lesson),
    "playground": Command(
        playground.playground,
        "write the page that runs all this in the browser",
        playground.EXAMPLE,
        playground.takes_playground,
        playground.NOTES,
    ),
}


class Parser(ArgumentParser):
    """A parser that leaves it to `main` to tell what is wrong."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(f"{message} (see: {self.prog} --help)")


def parser() -> ArgumentParser:
    """Return the parser of the whole command line."""
    main = Parser("gatewise", description="Backpropagation you can watch, gate by gate.", allow_abbrev=False)
    main.add_argument("--version", action="store_true", help="print the version")
    commands = main.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, command in COMMANDS.items():
        command.takes(
            commands.add_parser(
                name,
                help=command.help,
                description=f"{command.help[0].upper()}{command.help[1:]}.",
                epilog=f"example:\n  {command_line(command.example)}\n{command.notes}",
                formatter_class=RawDescriptionHelpFormatter,
                allow_abbrev=False,
            )
        )
    return main


def parsed(words: Sequence[str]) -> Namespace:
    """Return the arguments; values may stand behind options too. Raises UsageError, and SystemExit after --help."""
    first = words[0] if words else ""
    if words and first not in COMMANDS and not OPTION.match(first):
        raise UsageError(f"{shown(first)} is no command:{meant(first, COMMANDS)} choose from {', '.join(COMMANDS)}")
    arguments, rest = parser().parse_known_args(shielded(words))
    if rest:
        wrong = next((word for word in rest if word.startswith("-")), rest[0])
        if wrong.startswith("-") or not hasattr(arguments, "values"):
            takes = [name.replace("_", "-") for name in vars(arguments)]
            options = [f"--{name}" for name in takes if name not in ("command", "expression", "values", "data")]
            hint = meant(wrong.partition("=")[0], [*options, "--help"])
            see = " ".join(["gatewise", *filter(None, [arguments.command]), "--help"])
            raise UsageError(f"what is {shown(wrong)}?{hint} (see: {see})")
        arguments.values.extend(rest)
    return arguments


OPTION = re.compile(r"--|-[ho]")


def shielded(words: Iterable[str]) -> list[str]:
    """Return the words with a space before those that a minus begins, so that none but an option is taken for one.

    `--` ends the options, and is left out.
    """
    result: list[str] = []
    options = True
    for word in words:
        if options and word == "--":
            options = False
        elif word.startswith("-") and not (options and OPTION.match(word)):
            result.append(f" {word}")
        else:
            result.append(word)
    return result


def expression_of(arguments: Namespace) -> Value:
    """Return the Value of the expression at the numbers given; UsageError where only numbers are."""
    if re.match(r"\s*[^\W\d]\w*\s*=(?!=)", arguments.expression):
        raise UsageError(f"the expression is missing: {command_line([arguments.command, *XYZ])}")
    return parse(arguments.expression, **values_of(arguments.values))


def values_of(words: Iterable[str]) -> dict[str, float]:
    """Return the numbers that name=value words give; UsageError for any other word."""
    values: dict[str, float] = {}
    for word in words:
        name, equals, text = [part.strip() for part in word.partition("=")]
        if not (equals and name.isidentifier()):
            raise UsageError(f"{shown(word)} gives no number a name: write name=value, as in x=2")
        if name in values:
            raise UsageError(f"{name!r} is given twice: {shown(word)}")
        values[name] = number(text, word)
    return values


def saved(target: Path, *fs: Value) -> str:
    """Draw graphs side by side into a file and return the line that names it."""
    with writing(target):
        draw(*fs).save(target)
    return f"wrote {target}"


def version() -> str:
    """Return the version that is installed."""
    from importlib import metadata  # slow, and seldom asked for

    try:
        return metadata.version("gatewise")
    except metadata.PackageNotFoundError:
        return "(not installed)"
