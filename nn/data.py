"""Data sets: points drawn from known shapes, rows cut into batches, and tables read from CSV files.

    n   rows         X   float64 (n, d), one example per row
    d   columns      y   int64 (n,), the class of each row: 0 … k-1
    k   classes

The shapes are `moons`, `circles`, `spirals`, `xor` and `blobs`, whose classes alternate from row to row, and `linear`,
whose targets are real numbers; `digits` are images, which come with scikit-learn. `noise` is the standard deviation of
the normal noise that every coordinate gets, `rng` an int seed or a NumPy Generator: the same seed gives the same rows.
Whatever makes no sense is a TypeError or a ValueError that names it.
"""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from itertools import islice
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd.errors import pip_install
from autograd.graph import one_line
from nn.checks import check_unmasked, checked, whole
from nn.init import Rng, generator
from nn.storage import floats

__all__ = [
    "ColumnError",
    "Table",
    "blobs",
    "circles",
    "digits",
    "linear",
    "minibatches",
    "moons",
    "read_csv",
    "spirals",
    "split",
    "xor",
]

Floats = NDArray[np.float64]
Classes = NDArray[np.int64]


# ---------------------------------------------------------------------------------------------------- points of shapes


def moons(n: int = 100, noise: float = 0.1, rng: Rng = 0) -> tuple[Floats, Classes]:
    """Return n points (n, 2) on two interleaved half circles of radius 1, and which one each is on.

    Class 0 is the upper half around (0, 0), class 1 the lower half around (1, 1/2); each from end to end in even steps.
    noise: the standard deviation of what is added to every coordinate; rng: an int seed or a Generator. ValueError or
    TypeError for what makes no sense.

        >>> X, y = moons(4, noise=0.0)
        >>> X.round(2).tolist(), y.tolist()
        ([[1.0, 0.0], [0.0, 0.5], [-1.0, 0.0], [2.0, 0.5]], [0, 1, 0, 1])
    """
    random, y, position = _start("moons", n, noise, rng, 2)
    angle = math.pi * position
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    X = np.where(y[:, None] == 0, upper, [1.0, 0.5] - upper)
    return _blurred(X, noise, random), y


def circles(n: int = 100, noise: float = 0.1, rng: Rng = 0, factor: float = 0.5) -> tuple[Floats, Classes]:
    """Return n points (n, 2) on two circles around (0, 0), and which one each is on.

    Class 0 is the circle of radius 1, class 1 the one of radius `factor`, between 0 and 1.
    noise: the standard deviation of what is added to every coordinate; rng: an int seed or a Generator. ValueError or
    TypeError for what makes no sense.

        >>> X, y = circles(4, noise=0.0)
        >>> X.round(2).tolist(), y.tolist()
        ([[1.0, 0.0], [0.5, 0.0], [-1.0, 0.0], [-0.5, 0.0]], [0, 1, 0, 1])
    """
    checked("circles", "factor", factor, below=1.0, above=0.0)
    random, y, _ = _start("circles", n, noise, rng, 2)
    index, size = _places(y)
    angle = 2 * math.pi * index / size
    radius = np.where(y == 0, 1.0, factor)
    X = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return _blurred(X, noise, random), y


def spirals(
    n: int = 100, noise: float = 0.02, rng: Rng = 0, arms: int = 2, turns: float = 1.0
) -> tuple[Floats, Classes]:
    """Return n points (n, 2) on spiral arms around (0, 0), and which arm each is on.

    Along an arm the radius grows evenly up to 1 while the angle grows by `turns` full turns; the arms, one class each,
    start at even angles.
    noise: the standard deviation of what is added to every coordinate; rng: an int seed or a Generator. ValueError or
    TypeError for what makes no sense.

        >>> X, y = spirals(90, arms=3)
        >>> X.shape, np.bincount(y).tolist()
        ((90, 2), [30, 30, 30])
    """
    whole("spirals", "arms", arms, 1)
    checked("spirals", "turns", turns, -math.inf)
    random, y, _ = _start("spirals", n, noise, rng, arms)
    index, size = _places(y)
    radius = (index + 1) / size
    angle = 2 * math.pi * (turns * radius + y / arms)
    X = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return _blurred(X, noise, random), y


def xor(n: int = 4, noise: float = 0.0, rng: Rng = 0) -> tuple[Floats, Classes]:
    """Return n points (n, 2) at the corners (0, 0), (0, 1), (1, 0), (1, 1) in turn, and whether just one number is 1.

    As it stands, `xor()` is the truth table: four rows, classes 0, 1, 1, 0.
    noise: the standard deviation of what is added to every coordinate; rng: an int seed or a Generator. ValueError or
    TypeError for what makes no sense.

        >>> X, y = xor()
        >>> X.tolist(), y.tolist()
        ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0])
    """
    random, corner, _ = _start("xor", n, noise, rng, 4)
    bits = np.stack([corner // 2, corner % 2], axis=1)
    return _blurred(bits.astype(np.float64), noise, random), bits[:, 0] ^ bits[:, 1]


def blobs(n: int = 100, noise: float = 0.4, rng: Rng = 0, centers: int | ArrayLike = 3) -> tuple[Floats, Classes]:
    """Return n points (n, d) around centers, and which center each belongs to.

    centers: an array (k, d), or a number k of centers, spread evenly over the circle of radius 2 around (0, 0).
    noise: the standard deviation of what is added to every coordinate; rng: an int seed or a Generator. ValueError or
    TypeError for what makes no sense.

        >>> X, y = blobs(4, noise=0.0, centers=[[0, 0], [3, 4]])
        >>> X.tolist(), y.tolist()
        ([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0], [3.0, 4.0]], [0, 1, 0, 1])
    """
    middles = _centers(centers)
    random, y, _ = _start("blobs", n, noise, rng, len(middles))
    return _blurred(middles[y], noise, random), y


def linear(
    n: int = 100, noise: float = 0.1, rng: Rng = 0, weights: ArrayLike = (2.0,), bias: float = 1.0
) -> tuple[Floats, Floats]:
    """Return n points (n, d), spread evenly at random over -1 … 1, and float targets y = X·weights + bias + noise.

    weights: d numbers. Here y is float64 (n,): this is a task of regression, and the noise is in y alone. rng: an int
    seed or a Generator. ValueError or TypeError for what makes no sense.

        >>> X, y = linear(3, noise=0.0)
        >>> bool((y == 2 * X[:, 0] + 1).all())
        True
    """
    random, _, _ = _start("linear", n, noise, rng, 1)
    checked("linear", "bias", bias, -math.inf)
    slopes = floats("weights", weights)
    if slopes.ndim != 1 or not len(slopes):
        raise ValueError(f"weights are d numbers, one per column, got shape {slopes.shape}")
    for i, slope in enumerate(slopes.tolist()):
        checked("linear", f"weights[{i}]", slope, -math.inf)
    X = random.uniform(-1.0, 1.0, (n, len(slopes)))
    return X, _blurred(X @ slopes + bias, noise, random)


def _start(shape: str, n: int, noise: float, rng: Rng, k: int) -> tuple[np.random.Generator, Classes, Floats]:
    """Return the generator, the class of each of n rows in turn, and where along its class a row is, from 0 to 1."""
    whole(shape, "n", n, 1)
    checked(shape, "noise", noise)
    y = np.arange(n, dtype=np.int64) % k
    index, size = _places(y)
    return generator(rng), y, index / np.maximum(size - 1, 1)


def _places(y: Classes) -> tuple[Classes, Classes]:
    """Return, for classes in turn, each row's place within its class, and how many rows that class has."""
    k = y.max() + 1
    return np.arange(len(y)) // k, np.bincount(y)[y]


def _blurred(points: Floats, noise: float, random: np.random.Generator) -> Floats:
    return points + random.normal(0.0, noise, points.shape) if noise else points


def _centers(centers: int | ArrayLike) -> Floats:
    if isinstance(centers, Integral):
        k = whole("blobs", "centers", centers, 1)
        angle = 2 * math.pi * np.arange(k) / k
        return 2.0 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    middles = np.asarray(centers, dtype=np.float64)
    if middles.ndim != 2 or not middles.size:
        raise ValueError(f"centers is a number of centers, or their coordinates (k, d), got shape {middles.shape}")
    if not np.isfinite(middles).all():
        raise ValueError("centers need finite coordinates")
    return middles


# ------------------------------------------------------------------------------------------------------------- digits


def digits() -> tuple[Floats, Classes]:
    """Return 1,797 images of handwritten digits, (n, 64): 8 rows of 8 pixels from 0 to 1; and which digit each one is.

    They come with scikit-learn, the extra `[digits]`: ImportError, with the line to type, without it. (E. Alpaydin,
    C. Kaynak, "Optical recognition of handwritten digits", UCI Machine Learning Repository, 1998: the test set.)

        >>> X, y = digits()  # doctest: +SKIP
        >>> X.shape, y[:5].tolist()  # doctest: +SKIP
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise ImportError(f"the images of digits come with scikit-learn: {pip_install('scikit-learn')}") from None
    X, y = load_digits(return_X_y=True)
    return X.astype(np.float64) / 16.0, y.astype(np.int64)


# --------------------------------------------------------------------------------------------------------- parts of it


def minibatches(
    X: ArrayLike, y: ArrayLike, batch_size: int, rng: Rng = 0
) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Return an iterator over batches (X rows, y rows): disjoint, in random order, all rows together.

    The last batch is smaller where batch_size does not divide n. Each call draws a new order from the generator: pass
    one Generator through all epochs to shuffle anew in each; an int seed gives the same order every time. ValueError
    for a batch_size below 1 or above n, and where X and y do not have as many rows.

        >>> X, y = moons(10)
        >>> [len(rows) for rows, targets in minibatches(X, y, batch_size=4)]
        [4, 4, 2]
    """
    rows, targets = _paired(X, y)
    whole("minibatches", "batch_size", batch_size, 1)
    if batch_size > len(rows):
        raise ValueError(f"a batch of {batch_size} rows is larger than the data, which has {len(rows)}")
    shuffled = generator(rng).permutation(len(rows))
    batches = [shuffled[start : start + batch_size] for start in range(0, len(rows), batch_size)]
    return ((rows[batch], targets[batch]) for batch in batches)


def split(
    X: ArrayLike, y: ArrayLike, fraction: float = 0.2, rng: Rng = 0
) -> tuple[tuple[NDArray[Any], NDArray[Any]], tuple[NDArray[Any], NDArray[Any]]]:
    """Return ((X, y), (X held out, y held out)): a random `fraction` of the rows is held out, for validation.

        >>> X, y = moons(50)
        >>> (X, y), held_out = split(X, y, fraction=0.2)
        >>> len(X), len(held_out[0])
        (40, 10)

    Each part keeps at least one row; ValueError where there are less than two, or fraction is not between 0 and 1.
    """
    rows, targets = _paired(X, y)
    checked("split", "fraction", fraction, below=1.0, above=0.0)
    if len(rows) < 2:
        raise ValueError(f"a data set of {len(rows)} rows cannot be split into two parts")
    shuffled = generator(rng).permutation(len(rows))
    held = min(max(round(fraction * len(rows)), 1), len(rows) - 1)
    kept, out = np.sort(shuffled[held:]), np.sort(shuffled[:held])
    return (rows[kept], targets[kept]), (rows[out], targets[out])


def _paired(X: ArrayLike, y: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    check_unmasked("X", X)
    check_unmasked("y", y)
    rows, targets = np.asarray(X), np.asarray(y)
    if rows.ndim == 0 or targets.ndim == 0 or len(rows) != len(targets):
        raise ValueError(f"X and y need one row each per example, got shapes {rows.shape} and {targets.shape}")
    return rows, targets


# ----------------------------------------------------------------------------------------------------------- CSV files


class Table(NamedTuple):
    """What a CSV file holds: rows of numbers, the class of each row, and the names of both."""

    X: Floats  # (n, d)
    y: Classes  # (n,), 0 … k-1
    classes: tuple[str, ...]  # the k names, as the file spells them
    columns: tuple[str, ...]  # the d names
    label: str  # the name of the column that y was read from


class ColumnError(ValueError):
    """A file has no column of the name that was asked for."""


class _Line(NamedTuple):
    number: int  # the line of the file that the row begins on, counted from 1
    cells: list[str]


SHOWN = 5  # so many bad rows or columns are told; the rest is counted
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}  # that others write, and this reader takes for text
MANY = 1_000  # so many columns are searched for one that was meant


def read_csv(path: str | PathLike[str], label: str | None = None) -> Table:
    r"""Read a table of numbers with one column of classes, from a CSV file in UTF-8 whose first line names the columns.

    label: the name of the column of classes, the last one where it is None. Classes are words or whole numbers; they
    become 0 … k-1 in sorted order. Empty lines, and blanks around a cell, are passed over. Where all other columns are
    named by numbers, as pandas does, the first line looks like a row: then `label` must be given, which says that it is
    none. Raises OSError where the file cannot be read, and
    ValueError, naming line and column, for what is no such table: it never guesses, and never leaves rows out;
    ColumnError, a ValueError too, for a label that names none; TypeError for one that is no text.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "flowers.csv"
        ...     _ = path.write_text("petal,species\n1.4,setosa\n4.7,versicolor\n")
        ...     table = read_csv(path)
        >>> table.X.tolist(), table.y.tolist(), table.classes
        ([[1.4], [4.7]], [0, 1], ('setosa', 'versicolor'))
    """
    file = one_line(str(path))
    header, lines = _lines(_text(path, file), file)
    columns = _column_names(header, label, file)
    at = _label_index(columns, label, file)
    if not lines:
        raise ValueError(f"{file} has column names, but no rows below them")
    bad = [trouble for trouble in (_trouble(line, columns, at) for line in lines) if trouble]
    if bad:
        told = bad[:SHOWN] + [f"… and {len(bad) - SHOWN} more"] * (len(bad) > SHOWN)
        told += _about_label(lines, columns) if label is None else []
        raise ValueError("\n  ".join([f"{file} has {len(bad)} bad row{'s' * (len(bad) > 1)}:", *told]))
    y, classes = _classes([line.cells[at].strip() for line in lines], columns[at], file)
    X = [[float(cell) for i, cell in enumerate(line.cells) if i != at] for line in lines]
    return Table(np.array(X, dtype=np.float64), y, classes, columns[:at] + columns[at + 1 :], columns[at])


def _text(path: str | PathLike[str], file: str) -> str:
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")  # a byte order mark is no part of the first name
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} is not UTF-8 text (byte {error.start}): save it as CSV in UTF-8") from None
    if "\0" in text:  # so UTF-16 looks where it has no byte order mark
        raise ValueError(f"{file} is not text, it holds zero bytes: save it as CSV in UTF-8")
    return text


def _lines(text: str, file: str) -> tuple[list[str], list[_Line]]:
    """Return the cells of the first line and those of all others that are not empty."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
    lines: list[_Line] = []
    begin = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells) or len(cells) > 1:
                lines.append(_Line(begin, cells))
            begin = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"{file}, line {begin}: {error} (is a quotation mark not closed?)") from None
    if not lines:
        raise ValueError(f"{file} is empty: its first line should name the columns")
    return lines[0].cells, lines[1:]


def _column_names(header: Sequence[str], label: str | None, file: str) -> tuple[str, ...]:
    names = tuple(cell.strip() for cell in header)
    _check_no_row(names, label, file)
    if len(names) < 2:
        raise ValueError(f"{file} has one column, {_cut(names[0])}: {_how_to_separate(names[0])}")
    if "" in names:
        place = names.index("") + 1
        what = "a comma at its end: " * (place == len(names))
        raise ValueError(f"{file}, line 1: {what}column {place} has no name")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"{file}, line 1: two columns are named {_cut(twice[0])}")
    return names


def _how_to_separate(line: str) -> str:
    """Return what to do about a first line without a comma."""
    found = next((signs for sign, signs in SEPARATORS.items() if sign in line), None)
    if found is None:
        return "it needs at least one of numbers and one of classes, with commas between them"
    return f"it looks separated by {found}: save it with commas between the columns, and points in the numbers"


def _check_no_row(names: tuple[str, ...], label: str | None, file: str) -> None:
    """Refuse a first line of numbers and at most one word, unless `label` is that word: it may be a row of data."""
    words = [name for name in names if _number(name) is None]
    if len(words) == len(names) or len(words) > 1:
        return
    if not words:
        raise ValueError(f"{file} begins with numbers: its first line should name the columns")
    if label != words[0]:
        raise ValueError(
            f"{file} begins with numbers and one word, {_cut(words[0])}: where that is the name of the label column, "
            "ask for it as label; where this line is a row, put a line before it that names the columns"
        )


def _label_index(columns: tuple[str, ...], label: str | None, file: str) -> int:
    if label is None:
        return len(columns) - 1
    if not isinstance(label, str):
        raise TypeError(f"label is the name of a column, got {type(label).__name__} {label!r:.40}")
    if label in columns:
        return columns.index(label)
    close = get_close_matches(label, islice(columns, MANY), n=3)
    listed = ", ".join(map(_cut, columns[:SHOWN])) + ", …" * (len(columns) > SHOWN)
    hint = f"did you mean {' or '.join(map(_cut, close))}?" if close else f"it has {listed}"
    raise ColumnError(f"{file} has no column {_cut(label)}: {hint}")


def _trouble(line: _Line, columns: tuple[str, ...], at: int) -> str | None:
    """Return what is wrong with a row, or None."""
    if len(line.cells) != len(columns):
        is_left_open = len(line.cells) == len(columns) + 1 and not line.cells[-1].strip()
        what = "a comma at its end: " * is_left_open
        return f"line {line.number}: {what}{len(line.cells)} cells, but there are {len(columns)} columns"
    for i, (name, cell) in enumerate(zip(columns, line.cells, strict=True)):
        wrong = _wrong_label(cell) if i == at else _wrong_number(cell)
        if wrong:
            return f"line {line.number}, column {_cut(name)}: {wrong}"
    return None


def _about_label(lines: Sequence[_Line], columns: tuple[str, ...]) -> list[str]:
    """Return a line on which column holds the classes, where it may not be the last one; else none."""
    if words := _column_of_words(lines, columns):
        how = f"label={_cut(words)} (at the command line: --label {_cut(words)})"
        return [f"column {_cut(words)} holds words alone: where they are the classes, ask for it by {how}"]
    if any(line.cells[-1].strip() and _wrong_label(line.cells[-1]) for line in lines):
        return ["the last column is taken for the classes: ask for another by label=… (at the command line: --label)"]
    return []


def _column_of_words(lines: Sequence[_Line], columns: tuple[str, ...]) -> str | None:
    """Return the first column but the last whose every cell is a word, or None."""
    for i, name in enumerate(columns[:-1]):
        cells = [line.cells[i].strip() for line in lines if len(line.cells) == len(columns)]
        if cells and all(cell and _number(cell) is None for cell in cells):
            return name
    return None


def _wrong_number(cell: str) -> str | None:
    x = _number(cell)
    if x is None:
        return f"{_cut(cell)} is not a number" if cell.strip() else "the cell is empty"
    return None if math.isfinite(x) else f"{_cut(cell)} is not a finite number"


def _wrong_label(cell: str) -> str | None:
    x = _number(cell)
    if not cell.strip():
        return "the row has no class"
    if x is not None and x % 1 != 0:  # NaN and inf too
        return f"{_cut(cell)} is no class: a class is a word or a whole number"
    return None


def _number(cell: str) -> float | None:
    try:
        return None if "_" in cell else float(cell)  # Python would read 1_000 as a thousand
    except ValueError:
        return None


def _cut(cell: str) -> str:
    return repr(cell if len(cell) <= 40 else cell[:39] + "…")


def _classes(labels: Sequence[str], column: str, file: str) -> tuple[Classes, tuple[str, ...]]:
    """Return each label as a class 0 … k-1, and the names of the classes: numbers by size, else words in order."""
    are_numbers = all(_number(label) is not None for label in labels)
    keys: Sequence[Any] = list(map(_exact, labels)) if are_numbers else labels
    names: dict[Any, str] = {}
    for key, label in zip(keys, labels, strict=True):
        names.setdefault(key, label)  # 1 and 1.0 are one class, under the name that comes first
    if len(names) < 2:
        raise ValueError(f"{file} has one class only: every row has {_cut(labels[0])} in column {_cut(column)}")
    index = {key: i for i, key in enumerate(sorted(names))}
    return np.array([index[key] for key in keys], dtype=np.int64), tuple(names[key] for key in sorted(names))


def _exact(label: str) -> Decimal:
    """Return a number that is no float, since floats would make one class of two long numbers."""
    try:
        return Decimal(label)
    except InvalidOperation:  # its exponent has twenty digits
        return Decimal(float(label))
