"""Pictures in every format: whole, deterministic, safe with hostile labels, refused in one line where they must be."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograd import Value, parse
from autograd.errors import pip_install
from autograd.functions import sum as total
from autograd.gates import GATES
from autograd.value import apply
from tests.conftest import need
from viz.drawing import WRITERS, Diagram, draw
from viz.paper import POINTS
from viz.shapes import Picture, Route, Text
from viz.tex import written

HOSTILE = [
    "$x_1$\\input{y}",
    "a%b#c&d~e^f{g}",
    "<img src=x onerror=alert(1)>",
    "😀日本語",
    "--''``\"",
    "line\nbreak",
    "w" * 300,
]


def neuron() -> Value:
    """Return the sigmoid neuron at the golden numbers."""
    return parse("1/(1+exp(-(w0*x0+w1*x1+w2)))", w0=2, x0=-1, w1=-3, x1=-2, w2=-3)


def hostile() -> Value:
    """Return a graph whose every label is an attack."""
    leaves = [Value(0.5 + i, label) for i, label in enumerate(HOSTILE)]
    return sum(leaves, start=Value(1.0)) * leaves[0]


@pytest.fixture(params=sorted(set(WRITERS) - {".png", ".pdf"}))
def text_format(request: pytest.FixtureRequest) -> str:
    """Return the suffix of each format that is text."""
    return str(request.param)


def saved(diagram: Diagram, folder: Path, suffix: str) -> bytes:
    """Return what a diagram writes under a suffix."""
    return diagram.save(folder / f"f{suffix}").read_bytes()


def test_text_formats_are_utf_8_with_newlines_and_hold_every_golden_number(text_format: str, tmp_path: Path) -> None:
    text = saved(draw(neuron()), tmp_path, text_format).decode()
    assert "\r" not in text
    assert text.endswith("\n")
    for number in ("0.73", "0.37", "1.37", "4.00", "6.00"):
        assert number in text


@pytest.mark.parametrize("suffix", WRITERS)
def test_the_same_graph_gives_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    if suffix in (".png", ".pdf"):
        pytest.importorskip("matplotlib")
    assert saved(draw(neuron()), tmp_path, suffix) == saved(draw(neuron()), tmp_path, suffix)


@pytest.mark.parametrize(("suffix", "start"), [(".png", b"\x89PNG\r\n\x1a\n"), (".pdf", b"%PDF-")])
def test_png_and_pdf_are_what_they_are_called_even_with_hostile_labels(
    suffix: str, start: bytes, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    assert saved(draw(hostile()), tmp_path, suffix).startswith(start)


def test_png_is_as_large_as_the_picture_twice_over(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    image = pytest.importorskip("PIL.Image")
    diagram = draw(neuron())
    with image.open(diagram.save(tmp_path / "f.png")) as png:
        assert png.size == pytest.approx((2 * diagram.picture.width, 2 * diagram.picture.height), abs=2)
        assert len(png.convert("RGB").getcolors(1 << 20)) > 50  # something is drawn on it, in several colours


def test_tex_names_no_command_that_a_label_brought_in(tmp_path: Path) -> None:
    text = saved(draw(hostile()), tmp_path, ".tex").decode()
    assert text.isascii()
    assert "\\input" not in text.replace("\\textbackslash{}input", "")
    table = text[text.index("\\begin{tabular}") :]
    assert re.findall(r"(?<!\\)[#%~^]", table) == []


@pytest.mark.parametrize("graph", [neuron, hostile], ids=["neuron", "hostile"])
def test_tex_compiles(graph: object, tmp_path: Path) -> None:
    latex = need("pdflatex", shutil.which("pdflatex"), "apt-get install texlive-latex-extra texlive-pictures")
    draw(graph()).save(tmp_path / "f.tex")  # type: ignore[operator]
    command = [latex, "-interaction=nonstopmode", "-halt-on-error", "f.tex"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert run.returncode == 0, run.stdout.decode(errors="replace")[-2000:]
    assert (tmp_path / "f.pdf").read_bytes().startswith(b"%PDF-")


def test_a_subscript_is_escaped_in_tex() -> None:
    text = Text(0.0, 0.0, "w", 17.0, "name", ("wire", 0), subscript="#_}")
    picture = Picture(10.0, 10.0, "", "", ((0.0, 0.0, (text,)),))
    assert r"{w$_{\textnormal{\#\_\}}}$};" in written(picture, ())


def wide() -> Value:
    """Return a graph whose picture is far wider than TeX can count: too many long wires to cut it into rows."""
    xs = [Value(0.5 + i, f"x{i}") for i in range(10)]
    v = total(xs)
    for i in range(100):
        v = v + 1.0
        v.label = f"{'W' * 37}{i}"
    return total([v, *xs])


def tall() -> Value:
    """Return a graph whose picture and table are together higher than TeX can count."""
    return total([Value(0.5, f"x{i}") * Value(1.0, f"y{i}") for i in range(250)])


@pytest.mark.parametrize("graph", [wide, tall])
def test_tex_is_drawn_smaller_where_it_would_be_larger_than_tex_can_count(graph: object, tmp_path: Path) -> None:
    diagram = draw(graph())  # type: ignore[operator]
    assert max(diagram.picture.width, diagram.picture.height) * POINTS > 16_383
    text = diagram.save(tmp_path / "f.tex").read_text(encoding="utf-8")
    unit = re.search(r"\[x=([0-9.]+)pt,y=-([0-9.]+)pt,every node/\.style={scale=([0-9.]+)}", text)
    assert unit is not None
    assert unit[1] == unit[2]
    assert max(diagram.picture.width, diagram.picture.height) * float(unit[1]) < 16_001
    assert float(unit[3]) == pytest.approx(float(unit[1]) / POINTS, rel=1e-3)
    test_tex_compiles(graph, tmp_path)


def test_several_graphs_stand_under_their_labels(tmp_path: Path) -> None:
    f, g, unnamed = parse("x*y", x=2, y=3), parse("x+y", x=2, y=3), parse("x-y", x=2, y=3)
    f.label, g.label = "product", "sum_1"

    def headings(*graphs: Value) -> list[str]:
        shapes = [shape for _, _, group in draw(*graphs).picture.groups for shape in group]
        return [shape.text for shape in shapes if isinstance(shape, Text) and shape.kind == "heading"]

    assert headings(f, g) == ["product", "sum_1"]
    assert headings(f, unnamed) == ["product"]
    assert headings(f) == headings(unnamed, unnamed) == []
    assert draw(f, g).picture.height > draw(unnamed, unnamed).picture.height
    for suffix in (".svg", ".tex"):
        assert b"product" in saved(draw(f, g), tmp_path, suffix)


def chain() -> Value:
    """Return a graph whose picture has several rows."""
    v = Value(0.5, "x")
    for _ in range(40):
        v = v.sin()
    return v


def test_rows_are_joined_in_every_format(tmp_path: Path) -> None:
    diagram = draw(chain())
    routes = [shape for _, _, group in diagram.picture.groups for shape in group if isinstance(shape, Route)]
    assert len(routes) == 3
    assert saved(diagram, tmp_path, ".svg").count(b"Q") == 4 * len(routes)
    assert saved(diagram, tmp_path, ".tex").count(b"controls") == 4 * len(routes)
    test_tex_compiles(chain, tmp_path)
    pytest.importorskip("matplotlib")
    assert saved(diagram, tmp_path, ".pdf").startswith(b"%PDF-")


def one_of_each() -> Value:
    """Return a graph in which every gate of the table stands."""
    x, y = Value(0.5, "x"), Value(0.7, "y")
    return sum([apply(gate, *[x, y][: gate.arity or 2]) for gate in GATES.values()])


def test_tex_tells_the_rule_of_each_kind_of_gate_once(tmp_path: Path) -> None:
    text = saved(draw(parse("x*y*z", x=-2, y=5, z=-4)), tmp_path, ".tex").decode()
    assert text.count("mul & $x\\,y$ & $y$, $x$\\\\") == 1
    assert "where it holds" not in text
    text = saved(draw(one_of_each()), tmp_path, ".tex").decode()
    rules = text[text.index("local gradients") :]
    assert [line.split(" & ")[0].replace("-{}", "-").replace("\\_", "_") for line in rules.splitlines()[1:-3]] == [
        *GATES
    ]


def test_tex_compiles_with_every_formula_of_the_cards(tmp_path: Path) -> None:
    test_tex_compiles(one_of_each, tmp_path)


def test_tex_tells_the_chain_rule_row_by_row(tmp_path: Path) -> None:
    text = saved(draw(parse("(x+y)*z", x=-2, y=5, z=-4)), tmp_path, ".tex").decode()
    assert r"mul & f $\to$ a & 1 & $\times$ & ($-$4) & $=$ & $-$4\\" in text
    assert r"add & a $\to$ x & $-$4 & $\times$ & 1 & $=$ & $-$4\\" in text


def test_without_matplotlib_a_png_is_refused_with_the_line_to_type(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from autograd import Value; import viz\n"
        "try: viz.draw(Value(1.0) * 2).save('f.png')\n"
        "except ImportError as error: print(error)\n"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    how = pip_install("matplotlib", "Pillow")
    assert run.stdout.strip() == f"PNG, PDF and plots are drawn by matplotlib: {how}"
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_suffix_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    for name in ("f.gif", "f"):
        with pytest.raises(ValueError, match=r"\.svg, \.png, \.pdf, \.html, \.tex or \.dot"):
            draw(neuron()).save(tmp_path / name)


# ------------------------------------------------------------------------------------------------------ engine="dot"


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_graphviz_draws_where_it_is_asked_to(suffix: str, tmp_path: Path) -> None:
    pytest.importorskip("pygraphviz")
    by_graphviz = saved(draw(neuron(), engine="dot"), tmp_path, suffix)
    assert by_graphviz != saved(draw(neuron()), tmp_path, suffix)
    assert by_graphviz.lstrip().startswith({".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF-"}[suffix])


def test_without_graphviz_there_is_the_built_in_picture_and_one_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    monkeypatch.setenv("PATH", "")
    diagram = draw(neuron(), engine="dot")
    with pytest.warns(UserWarning, match=re.escape(pip_install("pygraphviz"))) as warned:
        assert diagram.svg == draw(neuron()).svg
    assert len(warned) == 1


def test_engines_are_named_and_draw_one_graph() -> None:
    with pytest.raises(ValueError, match=r"'builtin' or 'dot', not 'neato'"):
        draw(neuron(), engine="neato")
    with pytest.raises(ValueError, match="for one graph"):
        draw(neuron(), neuron(), engine="dot")
