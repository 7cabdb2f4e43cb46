"""The command `gatewise train`: a network, trained on samples that are made up or read from a CSV file.

samples    what to learn from; those of a file are scaled for training: mean 0 and standard deviation 1 per column
options    what the words of the command line stand for, checked
"""

from __future__ import annotations

import math
import re
import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd.errors import DomainError
from viz import clash
from viz.cli.keeping import keep, stoppable, try_out
from viz.notation import clipped
from viz.plots import plot_decision_boundary, plot_history, plot_misread
from viz.shell import NUMBER, FileError, UsageError, command_line, complain, meant, misspelt, note, say, shown, writing

if TYPE_CHECKING:
    import nn

__all__ = ["EXAMPLE", "NOTES", "takes_training", "train"]

EXAMPLE = ("train", "moons", "--hidden", "16", "16", "--epochs", "100")
NOTES = """
The digits are 1,797 images of 8 by 8 pixels, which come with the package scikit-learn.

What an earlier training left in the folder is moved into a folder below it, earlier-1 and so on.

A CSV file names its columns in its first line. They are scaled for training, and the scaling is then folded into
the weights of the first layer: the saved model takes the file's own numbers.
"""


@dataclass(frozen=True, slots=True)
class Samples:
    """What to learn from: the rows, their classes 0 … k-1, the names of columns and classes, and how to scale."""

    name: str
    X: Any  # float64 (n, d)
    y: Any  # int64 (n,)
    columns: tuple[str, ...]
    classes: tuple[str, ...]
    is_scaled: bool = True  # and so suits a network as it is
    shape: tuple[int, int] | None = None  # of images: rows and columns of pixels


def train(arguments: Namespace) -> int:
    """Train a network on samples, save it, and draw what it learned."""
    clash.expect("nn", "MLP")
    options = options_of(arguments)
    samples = samples_of(arguments, options)
    model, loss = network_of(samples, options)
    folder = Path(arguments.output)
    try_out(folder, model)
    say(introduced(samples, model, loss, options))
    with stoppable() as hold:
        history, trouble = trained(model, loss, samples, options, hold)
        folder, files, failure = keep(folder, model, facts_of(samples, history))
        lines: list[str] = []
        try:
            pictures = drawn(folder, model, samples, history, options)
            for line in chain(judged(model, samples, history, options), files, pictures):
                lines.append(line)
        finally:  # no word before all is written: nobody may be reading any more, and that ends a program
            say("\n".join(lines))
        return ended(history, options, [failure, trouble])


def judged(model: nn.MLP, samples: Samples, history: nn.History | None, options: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines that tell how good the model is."""
    yield f"\naccuracy: {accuracies(model, samples, options)}"
    if history and (advice := hint(model, samples, options)):
        yield advice


def ended(history: nn.History | None, options: Mapping[str, Any], troubles: Iterable[str]) -> int:
    """Tell what went wrong, and whether the training was stopped; return the exit status."""
    failed = [complain(trouble, 1) for trouble in troubles if trouble]
    if history is not None and history.interrupted:
        return complain(
            f"stopped after {len(history):,} of {options['epochs']:,} epochs; what was learned is kept", 130
        )
    return 1 if failed else 0


def samples_of(arguments: Namespace, options: Mapping[str, Any]) -> Samples:
    """Return the samples that were asked for: of a shape, or in a CSV file."""
    import nn

    name = arguments.data or ""
    if name not in KNOWN:
        return samples_in(name, arguments, options)
    if options["label"]:
        raise UsageError(f"--label is for CSV files: {name} has no columns to choose from")
    if name == DIGITS:
        return images(options)
    noise = SHAPES[name] if options["noise"] is None else options["noise"]
    X, y = getattr(nn, name)(options["samples"] or SAMPLES, noise, options["seed"])
    return Samples(name, X, y, ("x₁", "x₂"), tuple([f"class {i}" for i in range(int(y.max()) + 1)]))


def images(options: Mapping[str, Any]) -> Samples:
    """Return the images of handwritten digits; ImportError, with the line to type, without scikit-learn."""
    import nn

    refuse(options, "for shapes, which are made up", DIGITS)
    X, y = nn.digits()
    pixels = [f"pixel {row} {column}" for row in range(8) for column in range(8)]
    return Samples(DIGITS, X, y, tuple(pixels), tuple(map(str, range(10))), shape=(8, 8))


def refuse(options: Mapping[str, Any], what: str, name: str) -> None:
    """Raise UsageError where an option was given that only a shape takes."""
    unused = next((option for option in ("noise", "samples") if options[option] is not None), None)
    if unused:
        raise UsageError(f"--{unused} is {what}, and {shown(name)} is not: leave it out")


def samples_in(name: str, arguments: Namespace, options: Mapping[str, Any]) -> Samples:
    """Return the samples in a CSV file; UsageError for what is neither a file nor a shape."""
    from nn.data import ColumnError, read_csv

    known = f"{', '.join(KNOWN)}, or a CSV file"
    if not name:
        raise UsageError(f"train on what? {known}: {command_line(EXAMPLE)}")
    if not (name.lower().endswith(".csv") or Path(name).is_file()):
        raise UsageError(f"{shown(name)} is no data set:{meant(name, KNOWN)} choose from {known}")
    refuse(options, "for shapes, which are made up", name)
    try:
        table = read_csv(name, options["label"])
    except ColumnError as error:
        raise UsageError(f"--label: {error}") from error
    except OSError as error:
        raise FileError(f"cannot read {shown(name)}: {error.strerror or error}") from error
    for column, largest in zip(table.columns, abs(table.X).max(axis=0).tolist()):
        if largest > HUGE:
            raise ValueError(f"column {shown(column)} of {name} holds {largest:g}, and more than {HUGE:g} is too large")
    return Samples(name, table.X, table.y, table.columns, table.classes, is_scaled=False)


def network_of(samples: Samples, options: Mapping[str, Any]) -> tuple[nn.MLP, str]:
    """Return a network fit for the samples, and the name of its loss: of one output, or of one per class."""
    import nn
    from nn.activations import ACTIVATIONS

    k = len(samples.classes)
    suited = BINARY if k == 2 else MULTICLASS
    loss = options["loss"] or suited[0]
    activation = chosen("--activation", options["activation"], ACTIVATIONS)
    if chosen("--loss", loss, (*BINARY, *MULTICLASS)) in BINARY and k > 2:
        raise UsageError(f"--loss {loss} tells two classes apart, and here are {k}: choose {' or '.join(suited)}")
    outputs = 1 if loss in BINARY else k
    hidden = (WIDTHS if samples.shape is None else WIDTHS_OF_DIGITS) if options["hidden"] is None else options["hidden"]
    # weights of xavier's rule are so small that a tanh network seldom finds its way out of two spirals
    return nn.MLP(len(samples.columns), [*hidden, outputs], activation, init="he", rng=options["seed"]), loss


def trained(
    model: nn.MLP, loss: str, samples: Samples, options: Mapping[str, Any], done: Callable[[], None]
) -> tuple[nn.History | None, str]:
    """Train the model to take the samples as they are, call done(), and return its history and what went wrong."""
    import nn

    part, held_out = parts_of(samples, options)
    mean, spread = scaling(samples, part[0])
    history: nn.History | None = None

    def remember(_: int, __: nn.Module, happened: nn.History) -> None:
        nonlocal history
        history = happened

    try:
        held_out = held_out and ((held_out[0] - mean) / spread, held_out[1])
        history = fitted(model, loss, ((part[0] - mean) / spread, part[1]), held_out, options, remember)
        done()
    except KeyboardInterrupt:  # `fit` looks out for it while it takes steps, and this came just before or after them
        if history is None:
            raise
        history.interrupted = True
    except nn.TrainingError as error:
        done()
        return None, str(error)
    except DomainError as error:
        raise ValueError(f"{error}; choose another --activation, one that takes any number, such as relu") from error
    finally:
        absorb(model, mean, spread)
    return history, ""


def fitted(
    model: nn.MLP, loss: str, part: Any, held_out: Any, options: Mapping[str, Any], remember: Callable[..., None]
) -> nn.History:
    """Fit the model to a part of the samples, as the options say; return what happened."""
    import nn
    from nn.optim import optimizer_named

    rate = options["lr"] or RATES[options["optimizer"]]
    is_watched = bool(sys.stderr and sys.stderr.isatty())  # a file or a pipe would fill with bars
    return nn.fit(
        model,
        *part,
        loss=loss,
        optimizer=optimizer_named(options["optimizer"], model.parameters(), lr=rate),
        epochs=options["epochs"],
        batch_size=min(options["batch_size"], len(part[0])),
        validation=held_out,
        regularizer=(lambda: options["l2"] * nn.l2(model)) if options["l2"] else None,
        compiled=not options["eager"],
        progress=is_watched,
        callbacks=[remember] if is_watched else [remember, progress(options["epochs"])],
        rng=options["seed"],
    )


def progress(epochs: int) -> Callable[[int, nn.Module, nn.History], None]:
    """Return a callback that writes some ten lines in all on standard error."""
    every = math.ceil(epochs / LINES)

    def tell(epoch: int, _: nn.Module, history: nn.History) -> None:
        if epoch % every == 0 or epoch == epochs:
            place = f"epoch {epoch:{len(f'{epochs:,}')},} of {epochs:,}"
            note(f"{place}: loss {history.loss[-1]:.4g}, accuracy {100 * history.accuracy[-1]:.4g} %")

    return tell


def scaling(samples: Samples, rows: Any) -> tuple[list[float], list[float]]:
    """Return what to take away from each column of the rows to train on, and what to divide it by then."""
    if samples.is_scaled:
        return [0.0] * len(samples.columns), [1.0] * len(samples.columns)
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    return mean.tolist(), [s or 1.0 for s in spread.tolist()]  # a column that is the same in every row tells nothing


def absorb(model: nn.MLP, mean: Sequence[float], spread: Sequence[float]) -> None:
    """Fold the scaling of the inputs into the first layer, since w·(x - m)/s + b = (w/s)·x + (b - w·m/s).

    The model then gives for unscaled inputs what it gave for scaled ones, up to rounding.
    """
    first: Any = model.layers[0]
    for neuron in first.neurons:
        for w, m, s in zip(neuron.w, mean, spread, strict=True):
            w.data /= s
            neuron.b.data -= w.data * m


def parts_of(samples: Samples, options: Mapping[str, Any]) -> tuple[tuple[Any, Any], tuple[Any, Any] | None]:
    """Return the samples to train on, and those held out."""
    import nn

    if not options["test"]:
        return (samples.X, samples.y), None
    part, held_out = nn.split(samples.X, samples.y, options["test"], options["seed"])
    return part, held_out


def accuracies(model: nn.MLP, samples: Samples, options: Mapping[str, Any]) -> str:
    """Tell which share of the samples the model gets right."""
    import nn

    part, held_out = parts_of(samples, options)
    told = [f"{100 * nn.accuracy(model, *part):.4g} % of {len(part[0]):,} samples trained on"]
    if held_out:
        told.append(f"{100 * nn.accuracy(model, *held_out):.4g} % of {len(held_out[0]):,} held out")
    return ", ".join(told)


def hint(model: nn.MLP, samples: Samples, options: Mapping[str, Any]) -> str:
    """Return a line for those whose model errs nearly as often as one that knows the largest class alone, else none."""
    import nn

    X, y = parts_of(samples, options)[0]
    largest = max(Counter(y.tolist()).values()) / len(y)
    if 1 - nn.accuracy(model, X, y) <= (1 - SAVED) * (1 - largest):
        return ""
    return (
        f"hardly better than guessing: the largest class alone gives {100 * largest:.4g} %; "
        "try a lower --lr, or more --epochs"
    )


def introduced(samples: Samples, model: nn.MLP, loss: str, options: Mapping[str, Any]) -> str:
    """Tell what is trained on what, and how."""
    rate = options["lr"] or RATES[options["optimizer"]]
    batch = min(options["batch_size"], len(parts_of(samples, options)[0][0]))
    return (
        f"{len(samples.X):,} samples of {samples.name}: {listed(samples.classes)}\n"
        f"{model!r}: {len(model.parameters()):,} parameters\n"
        f"{loss}, {options['optimizer']} with lr {rate:g}, batches of {batch}, "
        f"{options['epochs']:,} epochs"
    )


def listed(names: Sequence[str]) -> str:
    """Return names after each other, only the first of many."""
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(map(clipped, names[:LISTED])) + more


def facts_of(samples: Samples, history: nn.History | None) -> dict[str, Any] | None:
    """Return what a file tells of a training: its data, and what happened; None where nothing is known of that."""
    if not history:
        return None
    facts = {"data": samples.name, "columns": samples.columns, "classes": samples.classes, **history.to_dict()}
    facts.pop("weights")  # of every epoch, for films: too many for a text file
    return facts


def drawn(
    folder: Path, model: nn.MLP, samples: Samples, history: nn.History | None, options: Mapping[str, Any]
) -> Iterator[str]:
    """Draw what there is to draw; yield the lines that name the files, or say what is missing."""
    try:
        if history:
            yield from pictured(folder, model, samples, history, options)
    except ImportError as error:
        yield f"no pictures: {error}"


def pictured(
    folder: Path, model: nn.MLP, samples: Samples, history: nn.History, options: Mapping[str, Any]
) -> Iterator[str]:
    """Draw what happened and what came of it; yield the lines that name the files."""
    plots: dict[str, Any] = {"history.png": plot_history(history)}
    if samples.shape:
        part, held_out = parts_of(samples, options)
        plots["misread.png"] = plot_misread(model, *(held_out or part), samples.shape, classes=samples.classes)
    elif len(samples.columns) == 2:
        plots["boundary.png"] = plot_decision_boundary(
            model, samples.X, samples.y, features=samples.columns, classes=samples.classes
        )
    for name, plot in plots.items():
        with writing(target := folder / name):
            plot.save(target)
        yield f"wrote {target}"
    if len(samples.columns) != 2 and not samples.shape:
        yield f"a decision boundary is drawn for 2 columns, and here are {len(samples.columns)}"


SAMPLES = 500
WIDTHS, WIDTHS_OF_DIGITS = [16, 16], [32]  # of hidden layers
LISTED = 6
LINES = 10
SAVED = 0.1  # of the errors that the largest class alone makes: who saves fewer has learned next to nothing
DIGITS = "digits"
HUGE = 1e100  # the square of such a number is still finite
SHAPES = {"moons": 0.1, "circles": 0.1, "spirals": 0.02, "xor": 0.15, "blobs": 0.4}  # name in nn: noise
KNOWN = (*SHAPES, DIGITS)
BINARY = ("binary_cross_entropy", "hinge")  # losses of one output; the first is chosen where none is named
MULTICLASS = ("cross_entropy", "multiclass_hinge")  # losses of one output per class
RATES = {"adam": 0.02, "adamw": 0.02, "rmsprop": 0.01, "sgd": 0.1, "adagrad": 0.1, "adadelta": 1.0}  # learning rates


@dataclass(frozen=True, slots=True)
class Option:
    """An option of `train`: what it stands for unless given, what it says of itself, and how its words are read."""

    name: str
    default: Any
    metavar: str
    help: str
    read: Callable[[str, str], Any]  # (word, option) -> what it stands for; UsageError where it is none


def whole(low: int, high: int) -> Callable[[str, str], int]:
    """Return what reads a whole number from low to high."""

    def read(word: str, option: str) -> int:
        if not re.fullmatch(r"\d{1,9}", word, re.ASCII) or not low <= int(word) <= high:
            raise UsageError(f"{option} needs a whole number from {low} to {high:,}, not {shown(word)}")
        return int(word)

    return read


def real(low: float, high: float = math.inf, *, more: bool = False) -> Callable[[str, str], float]:
    """Return what reads a number of at least low, or more than low, and less than high."""

    def read(word: str, option: str) -> float:
        x = float(word) if NUMBER.fullmatch(word) else math.nan
        if not (low < x or (x == low and not more)) or not x < high:
            least = f"more than {low:g}" if more else f"{low:g} or more"
            bounds = f"{least}{f', less than {high:g}' * (high < math.inf)}"
            how = misspelt(word)
            raise UsageError(f"{option} needs a number, {bounds}, not {shown(word)}{how and f'; {how}'}")
        return x

    return read


def chosen(option: str, word: str, choices: Iterable[str]) -> str:
    """Return a word that is one of the choices; UsageError where it is none."""
    if word not in choices:
        raise UsageError(f"{option} {shown(word)}:{meant(word, choices)} choose from {', '.join(choices)}")
    return word


def text(word: str, option: str) -> str:
    """Return the word itself."""
    return word


def options_of(arguments: Namespace) -> dict[str, Any]:
    """Return what the options of `train` stand for."""
    given = vars(arguments)
    hidden = [word.strip() for word in given["hidden"] or ()]
    if arguments.data is None and hidden and not hidden[-1].isdigit():
        arguments.data = hidden.pop()  # `--hidden 16 16 moons` reads as if moons were a size
    options: dict[str, Any] = {"eager": arguments.eager}
    for option in OPTIONS:
        word = given[option.name.replace("-", "_")]
        options[option.name.replace("-", "_")] = (
            option.default if word is None else option.read(word.strip(), f"--{option.name}")
        )
    options["hidden"] = None if given["hidden"] is None else [whole(1, 1000)(word, "--hidden") for word in hidden]
    return options


def takes_training(parser: ArgumentParser) -> None:
    """Add what `train` takes."""
    parser.add_argument("data", metavar="DATA", nargs="?", help=f"{', '.join(KNOWN)}, or a CSV file")
    parser.add_argument("--hidden", metavar="N", nargs="*", help="sizes of hidden layers (16 16; of digits 32)")
    for option in OPTIONS:
        default = "" if option.default is None else f" ({option.default})"
        parser.add_argument(f"--{option.name}", metavar=option.metavar, help=option.help + default)
    parser.add_argument("--eager", action="store_true", help="compute gate by gate, not by compiled array operations")
    parser.add_argument(
        "-o", "--output", metavar="DIR", default="gatewise-train", help="for what is written (gatewise-train)"
    )


OPTIONS = (
    Option("epochs", 100, "N", "passes over the samples", whole(1, 1_000_000)),
    Option("batch-size", 16, "N", "samples per step", whole(1, 1_000_000)),
    Option("optimizer", "adam", "NAME", ", ".join(RATES), lambda word, option: chosen(option, word.lower(), RATES)),
    Option("lr", None, "X", "learning rate (one that suits the optimizer)", real(0, more=True)),
    Option("activation", "relu", "NAME", "of hidden layers: relu, tanh, sigmoid, ...", text),
    Option("loss", None, "NAME", f"{', '.join((*BINARY, *MULTICLASS))} (by the number of classes)", text),
    Option("l2", 0.0, "X", "how much large weights cost", real(0)),
    Option("test", 0.2, "X", "share of the samples that is held out, 0 for none", real(0, 1)),
    Option("samples", None, "N", f"how many samples of a shape ({SAMPLES})", whole(10, 100_000)),
    Option("noise", None, "X", "standard deviation of a shape's noise (by shape)", real(0)),
    Option("label", None, "COLUMN", "the column of a CSV file that holds the classes (its last)", text),
    Option("seed", 0, "N", "other samples, other initial weights, another order", whole(0, 999_999_999)),
)
