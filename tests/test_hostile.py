"""What anybody may type, name a thing or hand in: expressions, labels, tables, model files, file names, options.

The promise is always the same: it is read, or refused in words; it never comes out as anything but text; no file is
left half written. The four ways in for files and words are those that the fuzzer uses, in `tests/fuzz/targets.py`.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import os
import pickle
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import chdir
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import nn
from autograd import DomainError, ExpressionError, Value, check_gradients, diagnose, explain, parse
from autograd import compile as compiled
from autograd.functions import dot, log
from autograd.functions import max as largest
from autograd.graph import order
from tests.fuzz import targets
from tests.viz.test_dot import STATEMENT
from viz import broken, cli, culprit, draw, exercise, mathml, step, story, table
from viz.circuit import circuit_of
from viz.drawing import WRITERS

FEW = settings(max_examples=12)
SOME = settings(max_examples=40)
MANY = settings(max_examples=150)

# --------------------------------------------------------------------------------------------------------- expressions

WORDS = """
    ( ) [ ] , + - * / ** . e 1 0 2.5 1e308 1e309 .5 5. 007 1_000 0x1f 9**9 x y z w0 pi exp log max sum dot take softmax
    elu pow relu( max( ^ // % @ = == < := != & | ~ << ' " ` # \\ ; : ! ? $ { } lambda if for in not None True import
    __class__ __import__ __builtins__ self _ x.y x[0] f'{x}' 1j 0b1 × ÷ − ² √ σ π х е о \uff58 \u212f \u0435xp \u200b
"""
typed = st.lists(
    st.sampled_from([*WORDS.split(), " ", "\t", "\n", "\0", "\x1b[2J", "\ud800", "\u202e", "\u2028"]), max_size=12
)


@given(typed.map("".join) | st.text(max_size=30))
@MANY
def test_an_expression_is_refused_or_read_as_python_reads_it(text: str) -> None:
    targets.parse(text.encode("utf-8", "surrogatepass"))


SIGNS_AND_NAMES = [*"()[],+-*/", "**", "x", "y", "2", "0.5", "pi", "max(", "exp(", "sum([", " ", ""]
good = st.recursive(
    st.sampled_from(["x", "y", "z", "2", "0.5", "1e-3", "pi", "e", "-x", "w0"]),
    lambda inner: (
        st.builds("{}{}{}".format, inner, st.sampled_from([*"+-*/", "**", " - ", "-+"]), inner)
        | st.builds("({})".format, inner)
        | st.builds("-{}**2".format, inner)
        | st.builds("{}({})".format, st.sampled_from(["exp", "tanh", "log", "relu", "abs"]), inner)
        | st.builds("max({},{})".format, inner, inner)
        | st.builds("dot([{},y],[2,{}],{})".format, inner, inner, inner)
    ),
    max_leaves=6,
)


@given(good, st.data())
@MANY
def test_a_slip_of_the_finger_is_refused_or_read_as_python_reads_it(text: str, data: st.DataObject) -> None:
    targets.parse(text.encode())
    at, cut = data.draw(st.integers(0, len(text))), data.draw(st.integers(0, 1))
    targets.parse((text[:at] + data.draw(st.sampled_from(SIGNS_AND_NAMES)) + text[at + cut :]).encode())


@pytest.mark.parametrize("bracket", ["(", "[", "exp(", "((x)+", "-(", "max([", "2**("])
@pytest.mark.parametrize("depth", [99, 101, 100_000])
def test_brackets_may_be_as_deep_as_they_like(bracket: str, depth: int) -> None:
    close = "".join({"(": ")", "[": "]"}.get(c, "") for c in reversed(bracket))
    for text in (bracket * depth, bracket * depth + "x" + close * depth):
        targets.parse(text.encode())


@pytest.mark.parametrize("value", [10**400, "1", b"1", None, 1j, [1.0], np.ones(2), object(), {}, Value])
def test_a_name_that_stands_for_no_number_is_refused(value: object) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse("x*2", x=value)
    targets.check_message(str(caught.value))


@pytest.mark.parametrize("name", ["", "x y", "__class__", "\ud800", "x\n", "9", "exp", "lambda", "x" * 5000, "\x1b[2J"])
def test_a_name_that_no_expression_can_have_is_refused(name: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse("x*2", **{"x": 1.0, name: 2.0})
    targets.check_message(str(caught.value))


# -------------------------------------------------------------------------------------------------------------- labels

ATTACKS = r"""
    ]]> <![CDATA[ </script> </SCRIPT <script>alert(1)</script> <!-- --> <b> <br/> &amp; &#60; & " ' ` < >
    \input{/etc/passwd} \end{document} \catcode \ { } $ % # ~ ^ _ ^^5c \\ \N \G \l -- " /* */ // ${x} {0} %s {x!r} {{
    = =cmd() + - @ | ; , ( ) [7] / a/b layer1/neuron2/w3 x_1 0 ? × σ − …
"""
SIGNS = "\0 \x1b[31m \x7f \x9f \t \n \r \x0b \x85 \u2028 \u2029 \u200b \ufeff \ufffe \uffff \ud800 \udfff \u202e \u2066"
labels = st.lists(
    st.sampled_from([*ATTACKS.split(), *SIGNS.split(" "), " ", "😀", "🏳️‍🌈", "﷽", "\u0301" * 20, "w" * 300])
    | st.text(max_size=4),
    max_size=5,
).map("".join)
sets_of_labels = st.lists(labels, min_size=7, max_size=7)
PLAIN = ("x", "y", "z", "w", "q", "s", "f")


def named(labels: list[str] | tuple[str, ...]) -> Value:
    """Return a graph of four inputs and six gates, seven of them named."""
    x, y, z, w = [Value(data, label) for data, label in zip((0.5, -1.5, 2.0, 3.0), labels, strict=False)]
    q = x * y + z
    s = dot([x, y], [z, w], q)
    f = s.tanh() * largest(x, w) + q
    q.label, s.label, f.label = labels[4:]
    return f


def elements(text: str) -> Iterator[tuple[str, str]]:
    """Yield each element of an XML document with each of its attributes."""
    for element in ElementTree.fromstring(text.encode()).iter():
        yield element.tag, ""
        yield from [(element.tag, name) for name in element.attrib]


PICTURES: dict[str, Callable[[Value], str]] = {
    "svg": lambda f: draw(f).svg,
    "checked": lambda f: draw(f, check=True).svg,
    "sheet": lambda f: exercise(f).svg,
    "bug": lambda f: broken(f).diagram.svg,
    "mathml": lambda f: mathml.expression(circuit_of(f)),
}
SUBSCRIPTS = re.compile(r"tspan|msub|mrow|mn|mi")


@pytest.mark.parametrize("kind", PICTURES)
@given(labels=sets_of_labels)
@SOME
def test_pictures_are_whole_documents_and_labels_add_no_element(kind: str, labels: list[str]) -> None:
    plain = set(elements(PICTURES[kind](named(PLAIN))))
    added = set(elements(PICTURES[kind](named(labels)))) - plain
    assert {tag for tag, _ in added if not SUBSCRIPTS.search(tag)} == set()
    assert not {attribute for _, attribute in added if attribute.lower().startswith(("on", "href", "src"))}


@given(labels=sets_of_labels)
@FEW
def test_a_picture_of_where_a_pass_ended_is_a_whole_document(labels: list[str]) -> None:
    with pytest.raises(DomainError) as caught:
        log(named(labels) - 100.0)
    assert "\n" not in str(caught.value)
    assert set(elements(culprit(caught.value).svg))
    assert str(diagnose(named(labels) * float("inf"))).encode()


class Tags(HTMLParser):
    """The tags of a page that could do something, with what could make them do it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        risky = [name for name, _ in attrs if name.startswith("on") or name in ("href", "src", "srcdoc", "action")]
        if risky or tag in ("script", "style", "iframe", "object", "embed", "link", "meta", "base", "form"):
            self.found.append(f"{tag} {risky}")


PAGES: dict[str, Callable[[Value], str]] = {
    "stepper": lambda f: step(f).html,
    "page": lambda f: WRITERS[".html"](draw(f)).decode(),
    "stepper in a notebook": lambda f: step(f)._repr_html_(),
    "picture in a notebook": lambda f: draw(f)._repr_html_(),
    "exercise in a notebook": lambda f: exercise(f)._repr_html_(),
}


@pytest.mark.parametrize("kind", PAGES)
@given(labels=sets_of_labels)
@settings(max_examples=5)
@example(labels=["</script><script>alert(1)</script>"] * 7)
@example(labels=["<!--<script>"] * 7)
@example(labels=["\ud800 ${x} `\\", "'\"><img src=x onerror=alert(1)>", "]]>", "\u2028", "\0", "{name}", "&lt;"])
def test_pages_have_the_tags_they_have_with_plain_labels(kind: str, labels: list[str]) -> None:
    page = PAGES[kind](named(labels))
    assert page.encode()
    assert Tags(page).found == Tags(PAGES[kind](named(PLAIN))).found


@given(labels=sets_of_labels)
@SOME
def test_dot_is_read_by_graphviz_as_the_graph_it_is(labels: list[str]) -> None:
    source, plain = draw(named(labels)).dot, draw(named(PLAIN)).dot
    first, *statements, last = source.rstrip("\n").split("\n")
    assert (first, last) == ("digraph {", "}")
    assert [line for line in statements if not STATEMENT.fullmatch(line)] == []
    graphviz = pytest.importorskip("pygraphviz", reason='pip install "gatewise[dot]"')
    graph, other = (graphviz.AGraph(string=text) for text in (source, plain))
    assert graph.nodes() == other.nodes()
    assert sorted(graph.edges()) == sorted(other.edges())


COMMAND = re.compile(r"\\([A-Za-z]+|.)", re.DOTALL)
TEXT_COMMANDS = set("#$%&_{}") | {"textbackslash", "textasciitilde", "textasciicircum", "textless", "textgreater"}
TEXT_COMMANDS |= {"textbar", "textquotedbl", "times", "div", "cdot", "surd", "Sigma", "sigma", "infty", "partial"}
TEXT_COMMANDS |= {"approx", "neq", "otimes", "triangleleft", "dots", "textnormal"}


@given(labels=sets_of_labels)
@SOME
def test_tex_has_no_command_and_no_group_that_a_label_brought_in(labels: list[str]) -> None:
    text, plain = (WRITERS[".tex"](draw(named(names))).decode() for names in (labels, PLAIN))
    assert text.isascii()
    assert set(COMMAND.findall(text)) <= set(COMMAND.findall(plain)) | TEXT_COMMANDS
    bare = COMMAND.sub("", text)
    depth = 0
    for c in bare:
        depth += (c == "{") - (c == "}")
        assert depth >= 0
    assert depth == 0
    assert bare.count("$") % 2 == 0
    assert not set(bare) & set("#%~\0\r")
    assert "^^" not in bare


def test_tex_of_hostile_labels_compiles(tmp_path: Path) -> None:
    latex = shutil.which("pdflatex")
    if latex is None:
        pytest.skip("apt-get install texlive-latex-extra texlive-pictures")
    attacks = ["".join(ATTACKS.split()[i::7]) for i in range(7)]
    draw(named(attacks)).save(tmp_path / "f.tex")
    done = subprocess.run([latex, "-halt-on-error", "f.tex"], cwd=tmp_path, capture_output=True, input=b"", check=False)
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-1500:]


TEXTS: dict[str, Callable[[Value], str]] = {
    "story": story,
    "ASCII": lambda f: story(f, ascii=True),
    "table": lambda f: table(f, full=True),
    "diagram": lambda f: repr(draw(f)),
    "exercise": lambda f: repr(exercise(f)),
    "key": lambda f: exercise(f).key,
    "bug": lambda f: repr(broken(f)),
    "check": lambda f: str(check_gradients(f)),
    "explanation": lambda f: str(explain(f, order(f)[0])),
    "diagnosis": lambda f: str(diagnose(f)),
    "repr": lambda f: " ".join(map(repr, order(f))),
    "program": lambda f: str(compiled(f)),
    "source": lambda f: compiled(f).source,
}


@pytest.mark.parametrize("kind", TEXTS)
@given(labels=sets_of_labels)
@settings(max_examples=20)
def test_texts_are_printable_lines_that_any_file_can_take(kind: str, labels: list[str]) -> None:
    text = TEXTS[kind](named(labels))
    assert text.encode()
    assert [c for c in text if not (c.isprintable() or c == "\n")] == []
    assert abs(text.count("\n") - TEXTS[kind](named(PLAIN)).count("\n")) <= 60  # long names are broken into lines


@given(labels=sets_of_labels)
@SOME
def test_a_program_is_the_same_whatever_the_labels(labels: list[str]) -> None:
    programs = [compiled(named(names)) for names in (labels, PLAIN)]
    sources = [ast.dump(ast.parse(program.source)) for program in programs]
    assert sources[0] == sources[1]
    assert programs[0]() == programs[1]()


@pytest.mark.parametrize("suffix", [".csv", ".json"])
@given(labels=sets_of_labels)
@settings(max_examples=25)
def test_a_sheet_comes_back_as_it_went_and_holds_no_formula(suffix: str, labels: list[str]) -> None:
    asked = exercise(named(labels))
    with tempfile.TemporaryDirectory() as folder:
        path = asked.save(Path(folder) / f"sheet{suffix}")
        assert asked.grade(path).right == 0
        text = path.read_text(encoding="utf-8")
    if suffix == ".csv":
        assert re.findall(r"(?:^|,)\"?[=+@\t\r]", text, re.MULTILINE) == []


@pytest.mark.parametrize("suffix", [".png", ".pdf"])
@given(labels=sets_of_labels)
@settings(max_examples=3)
def test_pictures_on_paper_are_drawn_whatever_the_labels(suffix: str, labels: list[str]) -> None:
    pytest.importorskip("matplotlib", reason='pip install "gatewise[plots]"')
    assert WRITERS[suffix](draw(named(labels))).startswith({".png": b"\x89PNG", ".pdf": b"%PDF-"}[suffix])


# ----------------------------------------------------------------------------------------------------------- CSV files

CELLS = [
    "1",
    "-2.5",
    "1e3",
    "nan",
    "inf",
    "1e999",
    "",
    " ",
    "a",
    "é",
    '"',
    '""',
    '"a,b"',
    '"a\nb"',
    "1_0",
    "٣",
    "\0",
    "0",
    "9" * 400,
]
cells = st.sampled_from(CELLS) | st.floats().map(repr) | st.text(max_size=3)
rows = st.lists(st.lists(cells, min_size=2, max_size=4).map(",".join), max_size=5)
encodings = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1", "utf-32"])


@given(st.sampled_from(["x,y,c", "x,c", "c", "x,x,c", "1,2,3", '"x","c"', "x;c", "x\tc", ""]), rows, encodings)
@MANY
def test_a_table_is_read_as_it_stands_or_refused(header: str, rows: list[str], encoding: str) -> None:
    targets.read_csv("\n".join([header, *rows]).encode(encoding, "replace"))


@given(st.binary(max_size=60))
@MANY
def test_bytes_are_a_table_or_refused(data: bytes) -> None:
    targets.read_csv(data)


@pytest.mark.parametrize(
    "text",
    [
        "x,c\n1," + "a" * 200_000,
        "x,c\n" + "9" * 200_000 + ",a\n1,b",
        "x" * 100_000 + ",c\nz,a\n",
        ",".join(["x"] * 100_000),
        ",".join([f"x{i}" for i in range(100_000)]) + "\n" + ",".join(["1"] * 99_999),
        ",".join([f"x{i}" for i in range(100_000)]) + "\n" + ",".join(["a"] * 100_000),
        "\n" * 100_000 + "x,c\n1,a\n2,b\n",
        "x,c\n" + '1,"' * 50_000,
        "x,c\n" + "z,a\n" * 50_000,
        '"' * 100_001,
        "x,c\n1e-999999999999999999999999,1e-99999999999999999999999999\n2,1\n",
        "x,c\n1," + "0" * 5000 + "1\n2,2\n",
    ],
    ids=range(12),
)
def test_a_huge_table_is_read_or_refused_in_few_words(text: str) -> None:
    targets.read_csv(text.encode())


def written(folder: Path, text: bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(text)
    return path


def test_a_table_of_many_columns_is_read(tmp_path: Path) -> None:
    wide = ",".join([f"x{i}" for i in range(50_000)] + ["c"])
    content = "\n".join([wide, ",".join(["1"] * 50_000 + ["a"]), ",".join(["2"] * 50_000 + ["b"])])
    path = written(tmp_path, content.encode())
    assert nn.read_csv(path).X.shape == (2, 50_000)
    with pytest.raises(ValueError, match="did you mean 'x499'") as caught:
        nn.read_csv(path, "x499x")
    with pytest.raises(ValueError, match="it has 'x0', 'x1', 'x2', 'x3', 'x4', …") as unlike:
        nn.read_csv(path, "?" * 10_000)
    for error in (caught, unlike):
        targets.check_message(str(error.value))


def test_long_numbers_that_differ_in_their_last_digit_are_two_classes(tmp_path: Path) -> None:
    first, second = "12345678901234567890", "12345678901234567891"
    read = nn.read_csv(written(tmp_path, f"x,student\n1,{second}\n2,{first}\n3,{second}\n".encode()))
    assert read.classes == (first, second)
    assert read.y.tolist() == [1, 0, 1]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_table_in_another_encoding_is_refused_with_what_to_do(encoding: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="save it as CSV in UTF-8"):
        nn.read_csv(written(tmp_path, "x,c\n1,a\n2,b\n".encode(encoding)))


# ------------------------------------------------------------------------------------------------------------- sheets

answers = st.sampled_from(
    ["-4", "3", "3,00", "1e999", "nan", "", " ", "x", "--4", "=4", "9" * 400, '"', "\0", "٣", "+3."]
)
columns = st.lists(
    st.sampled_from(["number", "answer", "question", "gradient of", "Number", "ANSWER", "", "x"]), max_size=5
)


def as_questions(answer: Any) -> bytes:
    """Return a sheet in JSON with one answer, of any kind, to three questions."""
    rows = [{"number": number, "answer": answer} for number in (1, "2", answer)]
    return json.dumps({"questions": rows}).encode()


@given(
    columns, st.lists(st.lists(answers | st.sampled_from("12349az"), max_size=5)), st.sampled_from(",;\t"), encodings
)
@MANY
def test_a_sheet_is_graded_or_refused_in_one_line(
    columns: list[str], rows: list[list[str]], delimiter: str, encoding: str
) -> None:
    text = "\n".join([delimiter.join(cells) for cells in (columns, *rows)])
    targets.sheet(text.encode(encoding, "replace"))


@given(st.binary(max_size=80) | st.recursive(answers | st.integers() | st.floats(), st.lists).map(as_questions))
@MANY
def test_bytes_are_a_sheet_or_refused(data: bytes) -> None:
    targets.sheet(data)


# --------------------------------------------------------------------------------------------------------- model files


class Betrayal:
    """What would betray itself if it were unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return pytest.fail, ("a pickle was loaded",)


def npy(array: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asarray(array, **options), allow_pickle=True)
    return file.getvalue()


LAYERS = [{"kind": "Layer", "nin": 2, "nout": n, "activation": "relu"} for n in (2, 1)]
PLANS = [
    None,
    {"kind": "MLP", "layers": LAYERS},
    {"kind": "Neuron", "nin": 2},
    {"kind": "MLP"},
    {"layers": []},
    3,
    "MLP",
]
plans = st.sampled_from(PLANS) | st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.sampled_from(["MLP", "Layer", "relu", 10**12, -1, 2.0]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["kind", "layers", "nin", "nout", "activation", "pieces", "threshold", "x"]), inner
        )
    ),
    max_leaves=8,
)
headers = st.fixed_dictionaries(
    {
        "format": st.just("gatewise model"),
        "version": st.sampled_from([1, 1, 1, 2, "1", None, True]),
        "architecture": plans,
    }
)
arrays = st.sampled_from(
    [
        *(npy(np.zeros(shape)) for shape in ((2, 2), (2,), (1, 2), (1,), (), (0,), (3, 0), (1, 1, 1))),
        *(npy(np.ones(2, dtype)) for dtype in ("i8", "f2", "f4", "c16", "?", "U1", "S1", ">f8", "longdouble", "M8[s]")),
        npy([np.nan, 1.0]),
        npy([np.inf, 1.0]),
        npy(np.zeros(2, "f8,i4")),
        npy(np.array([Betrayal()], dtype=object)),
        pickle.dumps(Betrayal()),
        b"",
        b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999,)}",
        npy(np.zeros((2, 2)))[:-3],
    ]
)
keys = st.sampled_from(
    ["layer1.weight", "layer1.bias", "layer2.weight", "layer2.bias", "weight", "bias", "x", "gatewise"]
)
KEYS = ("layer1.weight", "layer1.bias", "layer2.weight", "layer2.bias")
RIGHT = [npy(np.zeros(shape)) for shape in ((2, 2), (2,), (1, 2), (1,))]


@given(headers, st.lists(st.tuples(keys, arrays), max_size=4), st.booleans())
@MANY
def test_an_archive_is_a_model_or_refused(header: Any, entries: list[tuple[str, bytes]], fill: bool) -> None:
    whole = dict(zip(KEYS, RIGHT, strict=True)) if fill else {}
    parts = {"gatewise": npy(json.dumps(header)), **whole, **dict(entries)}
    flat = [part for name, content in parts.items() for part in (f"{name}.npy".encode(), content)]
    targets.load_model(b"A" + targets.PARTS.join(flat))


numbers = st.sampled_from(
    [0, 1.5, -1, 10**400, 1e400, "1", None, True, [], [[]], [1], [[1, 2]], [[1, 2], [3, 4]], {"a": 1}]
)


@given(headers, st.dictionaries(keys, numbers, max_size=5))
@MANY
def test_a_document_is_a_model_or_refused(header: Any, state: Any) -> None:
    targets.load_model(b"J" + json.dumps({**header, "state": state}).encode())


@given(st.sampled_from(targets.model_seeds()), st.data())
@MANY
def test_a_damaged_model_is_a_model_or_refused(seed: bytes, data: st.DataObject) -> None:
    content = bytearray(seed)
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(1, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    start, end = sorted((data.draw(st.integers(1, len(content))), data.draw(st.integers(1, len(content)))))
    moved = data.draw(st.sampled_from([b"", content[start:end], content[start:end] * 2]))
    targets.load_model(bytes(content[:start]) + bytes(moved) + bytes(content[end:]))


def test_the_test_would_notice_a_pickle() -> None:
    with pytest.raises(AssertionError, match="a pickle was loaded"), targets.watched():
        pickle.loads(pickle.dumps(Betrayal()))


def test_a_file_of_many_names_is_refused_in_few_words(tmp_path: Path) -> None:
    state = {"\x1b[2J\n" * 20 + str(i): [1.0] for i in range(2000)}
    whole = {"format": "gatewise model", "version": 1, "architecture": None, "state": state}
    path = written(tmp_path, json.dumps(whole).encode(), "m.json")
    with pytest.raises(ValueError, match="does not fit") as caught:
        nn.MLP(2, [1]).load(path)
    targets.check_message(str(caught.value).replace(str(path), "m.json"))


# ---------------------------------------------------------------------------------------------------------- file names

NAMES = [
    "a b",
    "-o",
    "--help",
    "é",
    "日本",
    "\u202egvs",
    "a\nb",
    "\x1b[2J",
    "'\"",
    "%s",
    "~",
    "$HOME",
    "w" * 300,
    "\udc80",
    "a\0b",
    "*",
    "CON",
    " ",
    ".",
]
names = st.sampled_from(NAMES) | st.text(st.characters(exclude_characters="/\\:"), min_size=1, max_size=20)
SAVERS: dict[str, Callable[[Path], object]] = {
    ".json": lambda path: nn.Neuron(1).save(path),
    ".svg": lambda path: draw(named(PLAIN)).save(path),
    ".csv": lambda path: exercise(named(PLAIN)).save(path),
}


@pytest.mark.parametrize("suffix", SAVERS)
@given(name=names)
@settings(max_examples=25)
def test_a_file_of_any_name_is_written_whole_or_refused(suffix: str, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}{suffix}"
        try:
            SAVERS[suffix](path)
        except (OSError, ValueError):
            assert list(Path(folder).iterdir()) == []
        else:
            assert list(Path(folder).iterdir()) == [path]
            assert path.stat().st_size > 50


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_what_is_wrong_with_a_file_is_one_line_whatever_its_name(tmp_path: Path) -> None:
    for name in ("two\nlines", "\x1b[2Jred", "\u202eturned"):
        with pytest.raises(ValueError, match="is empty") as table_error:
            nn.read_csv(written(tmp_path, b"", f"{name}.csv"))
        with pytest.raises(ValueError, match="is no model") as model_error:
            nn.load_model(written(tmp_path, b"", f"{name}.json"))
        with pytest.raises(FileNotFoundError) as missing:
            nn.Neuron(1).save(tmp_path / name / "m.json")
        for error in (table_error, model_error, missing):
            assert str(error.value).isprintable()


# ----------------------------------------------------------------------------------------------------- the command line

PARSER = cli.parser()
(SUBCOMMANDS,) = [action.choices for action in PARSER._actions if isinstance(action, argparse._SubParsersAction)]
EXPRESSIONS = [
    "x*y",
    "(x+y)*x",
    "x",
    "log(x)",
    "1/x",
    "x**y",
    "exp(1000*x)",
    "x+",
    "(",
    "",
    "x=1",
    "\ud800",
    "__class__",
    "-x",
]
NUMBERS = ["1", "2", "0", "-1", "0.5", "1e999", "nan", "99999999999999", "1e-320", "٣", "1_0", "", "x", "inf", "\0"]
FILES = [f"f{suffix}" for suffix in (*WRITERS, "", ".bmp")] + [
    "there.svg",
    "there.html",
    "there",
    "a b.svg",
    "-f.svg",
    "a\nb.html",
]
FILES += ["w" * 300 + ".svg", "no/such/f.svg", "f\0.svg", "", ".", "table.csv/f.svg", "\ud800.svg", "out"]
DATA = [
    "moons",
    "table.csv",
    "bad.csv",
    "there.csv",
    "two\nlines.csv",
    "nosuch.csv",
    "mons",
    "w" * 5000,
    "digits",
    "xor",
]
CHOICES = ["adam", "sgd", "tanh", "hinge", "cross_entropy", "binary_cross_entropy", "kind", "nosuch", "é\n", "swish"]
given_words = st.sampled_from(NUMBERS) | st.sampled_from(FILES) | st.sampled_from(DATA) | st.sampled_from(CHOICES)


def words_for(draw: Callable[[Any], Any], action: argparse.Action) -> list[str]:
    """Return words for one argument, as its place in the parser says: none, one or several, an option or not."""
    kinds = {"expression": st.sampled_from(EXPRESSIONS), "data": st.sampled_from(DATA)}
    values = st.builds("{}={}".format, st.sampled_from(["x", "y", "x", "y", "z", ""]), st.sampled_from(NUMBERS))
    kind = values if action.dest == "values" else kinds.get(action.dest, given_words)
    least, most = {0: (0, 0), "?": (0, 1), "*": (0, 3), "+": (1, 3), None: (1, 1)}[action.nargs]
    found: list[str] = draw(st.lists(kind, min_size=least, max_size=most))
    if not action.option_strings:
        return found
    if not draw(st.booleans()):
        return []
    option = draw(st.sampled_from(list(action.option_strings)))
    return (
        [f"{option}={found[0]}"]
        if option.startswith("--") and len(found) == 1 and draw(st.booleans())
        else [option, *found]
    )


@st.composite
def commands(draw: Callable[[Any], Any], name: str) -> list[str]:
    """Return a command with options that the parser itself tells, in their order or not."""
    words = [word for action in SUBCOMMANDS[name]._actions for word in words_for(draw, action)]
    if name == "train":  # a thousand epochs are no question of what is typed
        words = [*words, "--epochs", "1", "--samples", "12"][: draw(st.sampled_from([None, None, len(words)]))]
    return [name, *(draw(st.permutations(words)) if draw(st.integers(0, 9)) == 0 else words)]


@pytest.mark.parametrize("name", SUBCOMMANDS)
@given(data=st.data())
@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
def test_a_command_is_done_or_says_in_one_line_why_not(name: str, data: st.DataObject) -> None:
    words = data.draw(commands(name) if name != "demo" else commands(name).filter(lambda words: len(words) > 1))
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        written(Path(), b"x,\0y\n1,\xff\n", "bad.csv")
        for there in ("there", "there.svg", "there.html", "there.csv"):
            Path(there).mkdir()
        targets.run(words)


def test_every_command_and_option_is_tried() -> None:
    assert set(SUBCOMMANDS) == set(cli.COMMANDS)
    for name, command in SUBCOMMANDS.items():
        assert {action.nargs for action in command._actions} <= {0, None, "?", "*", "+"}, name
