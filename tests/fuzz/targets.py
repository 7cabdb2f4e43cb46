"""What a fuzzer throws bytes at: four ways in for text from anybody, each with what must hold whatever comes.

    target    a function of bytes that raises only where a promise is broken; an error that users should see is caught
    seed      bytes that reach far into a target, for a fuzzer to start from

An input that was found once is kept in `found/<target>/`, and tried again in every run of the suite.
"""

from __future__ import annotations

import ast
import atexit
import contextlib
import csv
import io
import json
import math
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
import webbrowser
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock
from xml.etree import ElementTree

import numpy as np

import autograd
import nn
import viz
from autograd import DomainError, ExpressionError, TracingError, Value, functions
from viz import cli

SCRATCH = Path(tempfile.mkdtemp(prefix="gatewise-fuzz-"))
atexit.register(shutil.rmtree, SCRATCH, ignore_errors=True)

VALUES = {"x": 0.5, "y": -2.0, "z": 3.0, "w0": 0.0}


def check_message(message: str, most_lines: int = 8, most_characters: int = 700) -> None:
    """Fail where a message would not fit a screen, or would do something to it."""
    lines = message.split("\n")
    assert len(lines) <= most_lines, message
    assert max(map(len, lines)) <= most_characters, message
    assert all(line.isprintable() for line in lines), ascii(message)


# ---------------------------------------------------------------------------------------------------------- expressions


def parse(data: bytes) -> None:
    """Read a text as an expression; what is accepted is what Python's own grammar makes of it."""
    text = data.decode("utf-8", "surrogateescape")
    given = {name: x for name, x in VALUES.items() if re.search(rf"\b{name}\b", text)}
    try:
        f = autograd.parse(text, **given)
    except ExpressionError as error:
        check_message(str(error), most_lines=3)
        return
    except (DomainError, TracingError) as error:
        check_message(str(error))
        return
    assert isinstance(f, Value)
    if len(text) < 300:
        same_as_python(text, given, f.data)


def same_as_python(text: str, given: dict[str, float], value: float) -> None:
    """Fail where Python reads a text that was accepted as another number: another order of gates, another sign."""
    assert re.fullmatch(r"[\w\s()\[\],.+*/-]*", text, re.ASCII), "no text with other signs may be accepted"
    tree = ast.parse(text.strip(), mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            node.value = float(node.value)
    known = {name: getattr(functions, name) for name in functions.__all__}
    leaves = {name: Value(x, name) for name, x in given.items()}
    names = {**known, "pi": math.pi, "e": math.e, **leaves, "__builtins__": {}}
    try:
        other = eval(compile(tree, "<text>", "eval"), names)
    except (OverflowError, ZeroDivisionError, IndexError, TypeError, ValueError):
        return  # a place in a list is no float; numbers alone overflow in words of their own
    number = float(other) if isinstance(other, Value | float) else math.nan
    agrees = math.isclose(number, value, rel_tol=1e-9, abs_tol=1e-300) or (math.isnan(number) and math.isnan(value))
    assert agrees, f"{text!a} is {value!r} here and {number!r} in Python"


# --------------------------------------------------------------------------------------------------------------- files


def read_csv(data: bytes) -> None:
    """Read bytes as a table; what is accepted holds the numbers that the file spells, row by row."""
    path = SCRATCH / "table.csv"
    path.write_bytes(data)
    try:
        table = nn.read_csv(path)
    except ValueError as error:
        check_message(str(error))
        return
    header, *rows = [
        row for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")) if "".join(row).strip()
    ]
    assert [name.strip() for name in header] == [*table.columns, table.label]
    assert [[float(cell) for cell in row[:-1]] for row in rows] == table.X.tolist()
    assert np.isfinite(table.X).all()
    assert sorted(set(table.y.tolist())) == list(range(len(table.classes)))
    named = [table.classes[k] for k in table.y.tolist()]
    for row, name in zip(rows, named, strict=True):
        assert row[-1].strip() == name or float(row[-1]) == float(name)


ASKED = viz.exercise(autograd.parse("(x+y)*z", x=-2, y=5, z=-4))


def sheet(data: bytes) -> None:
    """Grade bytes as a sheet that a student handed in; what is graded has a verdict on every question."""
    path = SCRATCH / "sheet.csv"
    path.write_bytes(data)
    try:
        result = ASKED.grade(path)
    except ValueError as error:
        check_message(str(error), most_lines=1)
        return
    assert [verdict.question for verdict in result.verdicts] == list(ASKED.questions)
    right = [verdict for verdict in result.verdicts if verdict.kind == "right"]
    for verdict in right:
        given = str(verdict.given).strip().replace("\N{MINUS SIGN}", "-").replace(",", ".")
        assert abs(float(given) - verdict.question.answer) < 0.01
    check_message(repr(result), most_lines=10)


PARTS = b"\n--\n"  # between the entries of an archive that is made here: checksums hide its inside from a fuzzer
_unpickled: list[str] | None = None  # what was, while somebody watches: storage would make an error raised here its own


def _note_pickle(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "pickle.find_class" and _unpickled is not None:
        _unpickled.append(".".join(map(str, arguments)))


sys.addaudithook(_note_pickle)


@contextlib.contextmanager
def watched() -> Iterator[None]:
    """Fail where anything was unpickled in this block."""
    global _unpickled
    _unpickled = []
    try:
        yield
    finally:
        found, _unpickled = _unpickled, None
        assert not found, f"a pickle was loaded: {found}"


def load_model(data: bytes) -> None:
    """Read bytes as a model: J begins a .json, Z a .npz, A the entries of one, a name and its content in turn."""
    kind, rest = data[:1], data[1:]
    suffix = ".json" if kind == b"J" else ".npz"
    content = archive(rest.split(PARTS)) if kind == b"A" else rest
    path = SCRATCH / f"model{suffix}"
    path.write_bytes(content)
    before = nn.MLP(2, [2, 1])
    weights = [p.data for p in before.parameters()]
    try:
        with watched():
            before.load(path)
    except ValueError as error:
        check_message(str(error))
        assert [p.data for p in before.parameters()] == weights
    try:
        with watched():
            model = nn.load_model(path)
    except ValueError as error:
        check_message(str(error))
        return
    numbers = [p.data for p in model.parameters()]
    assert all(map(math.isfinite, numbers))
    model.save(path)
    assert [p.data for p in nn.load_model(path).parameters()] == numbers


def archive(parts: list[bytes]) -> bytes:
    """Return a ZIP archive of entries: a name and its content in turn."""
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w") as made:
        warnings.simplefilter("ignore")  # two entries of one name
        for name, content in zip(parts[::2], parts[1::2], strict=False):
            made.writestr(zipfile.ZipInfo(name.decode("latin-1") or "x"), content)
    return file.getvalue()


# ----------------------------------------------------------------------------------------------------- the command line


def command(data: bytes) -> None:
    """Run the command line with one word per line, in a folder of its own."""
    words = data.decode("utf-8", "surrogateescape").split("\n")
    if is_harmless(words):
        with tempfile.TemporaryDirectory(dir=SCRATCH) as folder, contextlib.chdir(folder):
            run(words)


def is_harmless(words: list[str]) -> bool:
    """Tell whether a command stays in its folder and is done soon."""
    paths = words[:1] + words[2:] if words[0] in ("step", "open", "draw", "check") else words
    stays = not any("/" in word or ".." in word or "\\" in word for word in paths)
    return stays and all(int(number) <= 40 for word in words for number in re.findall(r"\d{1,9}", word))


def run(words: list[str]) -> None:
    """Run the command line and fail where it breaks one of its promises."""
    Path("table.csv").write_text("x,y,kind\n1,2,a\n2,3,b\n0,1,a\n4,4,b\n1,0,a\n", encoding="utf-8")
    out, err = io.StringIO(), io.StringIO()
    fit = nn.fit
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        mock.patch.object(webbrowser, "open", return_value=False),
        mock.patch.object(subprocess, "call", return_value=1),
        mock.patch.object(nn, "fit", lambda *given, **options: fit(*given, **{**options, "epochs": 1})),
    ):
        status = cli.main(words)
    check_outcome(status, out.getvalue(), err.getvalue(), words[:1])
    check_files(Path())


def check_outcome(status: int, out: str, err: str, command: list[str]) -> None:
    """Fail where a command ended in another way than done, or with one line that says why not."""
    assert status in (0, 1, 2)
    assert "Traceback" not in err
    told = [i for i, line in enumerate(err.split("\n")) if line.startswith("gatewise: ")]
    assert len(told) <= 1, err
    assert bool(told) == (status != 0) or (command == ["check"] and status == 1), (status, err)  # check has its table
    assert not (status == 2 and out), out
    if told:
        check_message(err.rstrip("\n").split("gatewise: ")[-1])


def check_files(folder: Path) -> None:
    """Fail where a file is not whole, or one was left behind by writing another."""
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        content = path.read_bytes()
        assert not re.search(r"\.[0-9a-f]{16}$", path.name), path
        if path.name == "table.csv":
            continue
        WHOLE.get(path.suffix.lower(), lambda content: len(content))(content)


def whole_html(content: bytes) -> None:
    """Fail where the end of a page is missing."""
    assert content.rstrip().endswith(b"</html>")


WHOLE: dict[str, Callable[[bytes], object]] = {
    ".svg": ElementTree.fromstring,
    ".json": json.loads,
    ".ipynb": json.loads,
    ".npz": lambda content: zipfile.ZipFile(io.BytesIO(content)).testzip(),
    ".html": whole_html,
}


# --------------------------------------------------------------------------------------------------------------- seeds


def model_seeds() -> list[bytes]:
    """Return a saved model in each format, and as the entries of an archive."""
    seeds = []
    for model in (nn.MLP(2, [2, 1]), nn.Sequential(nn.Maxout(2, 1), nn.Dropout(0.5)), nn.Neuron(1)):
        for suffix in (".json", ".npz"):
            model.save(path := SCRATCH / f"seed{suffix}")
            seeds.append((b"J" if suffix == ".json" else b"Z") + path.read_bytes())
        with zipfile.ZipFile(path) as file:
            parts = [part for name in file.namelist() for part in (name.encode(), file.read(name))]
        seeds.append(b"A" + PARTS.join(parts))
    return seeds


TARGETS: dict[str, Callable[[bytes], None]] = {
    "parse": parse,
    "read_csv": read_csv,
    "sheet": sheet,
    "load_model": load_model,
    "command": command,
}
SEEDS: dict[str, Callable[[], list[bytes]]] = {
    "parse": lambda: [
        b"(x+y)*z",
        b"1/(1+exp(-(w0*x+2.5)))",
        b"-x**-y",
        b"max(x, take([x, y], 1))",
        b"elu(x, 1)+pi",
        b"sum([x,y])-dot([x,y],[z,1],e)",
        "x·y".encode(),
        b"__class__",
    ],
    "read_csv": lambda: [
        b"x,y,kind\n1,2,a\n-3e2,4,b\n",
        b'\xef\xbb\xbf"x",c\r\n 1 ,10\r\n2,"9"\r\n',
        b"x,c\n1,1.0\n2,2\n\n3,a b\n",
        "x,c\n١,é\n2,b\n".encode(),
    ],
    "sheet": lambda: [
        b"number,gradient of,question,answer\n1,a,?,-4\n2,z,?,3\n3,x,?,-4\n4,y,?,-4.0\n",
        b"\xef\xbb\xbfNumber;Answer\r\n2;3,00\r\n1;-4\r\n",
        "number\tanswer\n1\t\u22124\n\n3\tx\n".encode(),
        b'{"questions": [{"number": 1, "gradient of": "a", "answer": -4}, {"number": 2, "answer": "3"}]}',
    ],
    "load_model": model_seeds,
    "command": lambda: [
        b"step\n(x+y)*z\nx=-2\ny=5\nz=-4\n--table",
        b"draw\nx/y\nx=1\ny=2\n-o\nf.svg",
        b"open\nlog(x)\nx=-1\n--output=f.html",
        b"check\nsigmoid(x)\nx=1e30",
        b"train\ntable.csv\n--hidden\n2\n--epochs=1\n--label\nx",
        b"train\nmoons\n--samples\n12\n--lr\n0.1\n--optimizer\nsgd\n--loss\nhinge\n-o\nout",
        b"lesson\n1\n-o\nout",
    ],
}
