import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from autograd import Value
from autograd.graph import order
from tests.viz.helpers import GOLDEN
from viz import Diagram, draw, drawing


@pytest.fixture
def diagram() -> Diagram:
    return draw(GOLDEN["sigmoid_neuron"]())


# -------------------------------------------------------------------------------------------------------------- drawing


def test_drawing_touches_no_gradient() -> None:
    f = GOLDEN["sigmoid_neuron"]()
    assert "−0.53" in draw(f).svg  # a gradient that nobody has asked for yet
    assert {node.grad for node in order(f)} == {0.0}


def test_a_drawing_survives_what_happens_to_its_values() -> None:
    x = Value(2.0, "x")
    f = x * x
    drawn, expected = draw(f), draw(f).svg
    x.data, x.label, f.label = 7.0, "y", "g"
    f.backward()
    assert drawn.svg == expected
    assert draw(f).svg != expected


def test_a_stale_graph_is_drawn_as_it_is_now() -> None:
    x, y = Value(2.0, "x"), Value(7.0, "x")
    f = x * x
    x.data = 7.0
    assert draw(f).svg == draw(y * y).svg


def test_a_diagram_of_several_graphs_holds_them_all() -> None:
    x = Value(2.0, "x")
    diagram = draw(x * 3, x + 5, x)
    assert [circuit.root.value for circuit in diagram.circuits] == [6.0, 7.0, 2.0]
    assert all(f"f = {number}" in diagram.svg for number in (6, 7))


def test_a_leaf_and_a_small_graph_stand_beside_a_folded_one() -> None:
    x = Value(2.0, "x")
    diagram = draw(sum([x] * 302, start=x), x, x * 3)
    assert [circuit.root.value for circuit in diagram.circuits] == [2.0, 6.0]
    assert [folded.gates for folded in diagram.folded] == [302]
    assert diagram.picture.title.startswith("Computational graph of x = 2, f = 6; 302 gates shown as ")
    ends = [y for _, y, _ in diagram.picture.groups]
    assert ends[-1] > ends[0]
    assert all(words in diagram.svg for words in ("302 gates shown as", 'class="gw-gate"'))


def test_what_graphviz_draws_is_shown_in_its_own_size() -> None:
    pytest.importorskip("pygraphviz")
    diagram = draw(GOLDEN["sigmoid_neuron"](), engine="dot")
    points = re.search(r'<svg width="([0-9.]+)pt"', diagram.svg)
    assert points is not None
    width = float(points[1]) * 96 / 72
    assert f"max-width:{width:.0f}px" in diagram._repr_html_()
    assert f"{width:.0f}" != f"{diagram.picture.width:.0f}"


@pytest.mark.parametrize("things", [(1.0,), (Value(1.0), "f"), ([Value(1.0)],)])
def test_what_is_no_value_is_not_drawn(things: tuple[Value, ...]) -> None:
    with pytest.raises(TypeError, match="there is a picture of a Value, not of"):
        draw(*things)


# --------------------------------------------------------------------------------------------------------------- saving


@pytest.mark.parametrize("kind", [str, Path])
@pytest.mark.parametrize("suffix", [".svg", ".SVG"])
def test_a_picture_is_saved_under_a_name_or_a_path(
    diagram: Diagram, tmp_path: Path, kind: Callable[[Path], str | Path], suffix: str
) -> None:
    target = tmp_path / f"σ neuron{suffix}"
    assert diagram.save(kind(target)) == target
    assert target.read_bytes() == diagram.svg.encode("utf-8")
    assert os.listdir(tmp_path) == [target.name]


@pytest.mark.parametrize("suffix", [".svg", ".html", ".tex", ".dot"])
def test_text_is_utf_8_with_plain_line_ends(diagram: Diagram, tmp_path: Path, suffix: str) -> None:
    content = diagram.save(tmp_path / f"f{suffix}").read_bytes()
    assert content.endswith(b"\n")
    assert b"\r" not in content
    assert "w" in content.decode("utf-8")


def test_the_dot_file_holds_every_graph(tmp_path: Path) -> None:
    source = draw(GOLDEN["xyz"](), GOLDEN["gate_patterns"]()).save(tmp_path / "f.dot").read_text(encoding="utf-8")
    assert source.count("digraph") == 2


@pytest.mark.parametrize(
    ("name", "given"), [("f.gif", "'.gif'"), ("f", "a name without a suffix"), (".svg", "a name without a suffix")]
)
def test_other_suffixes_are_refused(diagram: Diagram, tmp_path: Path, name: str, given: str) -> None:
    with pytest.raises(ValueError, match=f"a picture is saved as .svg, .* or .*, not as {given}"):
        diagram.save(tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_an_old_file_is_replaced(diagram: Diagram, tmp_path: Path) -> None:
    target = tmp_path / "f.svg"
    target.write_text("old and much longer " * 10_000)
    diagram.save(target)
    assert target.read_bytes() == diagram.svg.encode()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_the_file_is_as_readable_as_any_other(diagram: Diagram, tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    saved = diagram.save(tmp_path / "f.svg")
    assert stat.S_IMODE(saved.stat().st_mode) == stat.S_IMODE((tmp_path / "other").stat().st_mode)


# --------------------------------------------------------------------------------------------------- where saving fails


def test_a_missing_folder_is_an_error_and_is_not_made(diagram: Diagram, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        diagram.save(tmp_path / "nowhere" / "f.svg")
    assert os.listdir(tmp_path) == []


def test_a_folder_is_not_replaced_by_a_picture(diagram: Diagram, tmp_path: Path) -> None:
    (tmp_path / "f.svg").mkdir()
    with pytest.raises(OSError, match=r"f\.svg"):
        diagram.save(tmp_path / "f.svg")
    assert os.listdir(tmp_path) == ["f.svg"]
    assert os.listdir(tmp_path / "f.svg") == []


class FullDisk:
    """A file on a disk that is full after ten bytes."""

    def __init__(self, path: Path, mode: str) -> None:
        self.handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)

    def __enter__(self) -> "FullDisk":
        return self

    def __exit__(self, *exception: object) -> None:
        os.close(self.handle)

    def write(self, content: bytes) -> None:
        os.write(self.handle, content[:10])
        raise OSError(28, "No space left on device")


def forbidden(*paths: object) -> None:
    raise PermissionError(13, "Permission denied")


def interrupted(*paths: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("owner", "function", "failing", "error"),
    [
        (Path, "open", FullDisk, OSError),
        (os, "replace", forbidden, PermissionError),  # what Windows says of a read-only file
        (os, "replace", interrupted, KeyboardInterrupt),
    ],
)
def test_whatever_fails_the_old_file_is_whole_and_nothing_is_left_behind(
    diagram: Diagram,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    owner: object,
    function: str,
    failing: Callable[..., object],
    error: type[BaseException],
) -> None:
    target = tmp_path / "f.svg"
    target.write_text("old")
    with monkeypatch.context() as patched:
        patched.setattr(owner, function, lambda *given: failing(*given))
        with pytest.raises(error):
            diagram.save(target)
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["f.svg"]


def test_a_picture_that_cannot_be_drawn_leaves_the_old_file_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "f.svg"
    target.write_text("old")
    monkeypatch.setattr(drawing, "svg", interrupted)
    with pytest.raises(KeyboardInterrupt):
        draw(Value(1.0, "x")).save(target)
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["f.svg"]
