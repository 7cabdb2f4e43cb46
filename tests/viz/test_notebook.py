"""What notebooks show: to trusted and to untrusted readers, live, exported and static."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import viz
from autograd import DomainError, Value
from autograd.functions import sigmoid
from viz.notebook import show_values

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

NOTEBOOKS = sorted((Path(__file__).resolve().parent.parent.parent / "notebooks").glob("*.ipynb"))
STEPPERS = [path for path in NOTEBOOKS if "viz.step(" in path.read_text(encoding="utf-8")]
HOSTILE = "\"><img src=x onerror=alert(1)></body></iframe></script><script>alert(1)</script>'&amp;\u2028\ud800"


def xyz() -> Value:
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    return (x + y) * z


def neuron() -> Value:
    return sigmoid(Value(2.0, "w0") * Value(-1.0, "x0") + Value(-3.0, "w1"))


def hostile() -> Value:
    return Value(2.0, HOSTILE) * Value(3.0, HOSTILE[::-1])


# ------------------------------------------------------------------------------------------------------- in a browser


def show(page: Page, outputs: Sequence[str], folder: Path) -> None:
    """Open a file that shows these outputs one below the other, as an exported notebook does."""
    path = folder / "page.html"
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>outputs</title>'
    path.write_text(f"{head}<body>{''.join(outputs)}</body></html>", encoding="utf-8")
    page.goto(path.as_uri())


def natural_widths(page: Page) -> list[int]:
    """Return the width of every image when it is loaded, 0 for a broken one."""
    script = "Promise.all([...document.images].map((i) => i.decode().then(() => i.naturalWidth, () => 0)))"
    widths: list[int] = page.evaluate(script)
    return widths


def shown(locator: Locator) -> list[bool]:
    """Tell of each element whether it takes up room."""
    return [height > 0 for height in locator.evaluate_all("(found) => found.map((element) => element.offsetHeight)")]


def wait_for_frames(page: Page) -> None:
    """Wait until every frame has been given a height."""
    page.wait_for_function(
        "[...document.querySelectorAll('iframe.gatewise-stepper')].every((frame) => frame.offsetHeight > 100)"
    )


def static(html: str) -> str:
    """Return an output as it is shown where scripts and frames are taken out."""
    return re.sub(r"<(script|iframe)\b.*?</\1>", "", html, flags=re.DOTALL)


def step_through(page: Page, index: int) -> list[str]:
    """Press Next in a frame until it can be pressed no more, and return what the page counted."""
    frame = page.frame_locator("iframe.gatewise-stepper").nth(index)
    counts = [frame.locator(".count").inner_text()]
    while frame.locator("[data-go=next]").is_enabled():
        frame.locator("[data-go=next]").click()
        counts.append(frame.locator(".count").inner_text())
    return counts


def counted(last: int) -> list[str]:
    return [f"step {i} of {last}" for i in range(last + 1)]


def test_every_stepper_of_a_page_gets_its_own_height_and_takes_the_place_of_its_picture(
    page: Page, complaints: list[str], tmp_path: Path
) -> None:
    things = [viz.step(xyz()), viz.draw(neuron()), viz.step(neuron()), viz.step(hostile())]
    show(page, [thing._repr_html_() for thing in things], tmp_path)
    wait_for_frames(page)
    frames = page.locator("iframe.gatewise-stepper")
    assert shown(frames) == [True] * 3
    assert shown(page.locator("img")) == [False, True, False, False]
    for i in range(3):
        inside = (
            page.frame_locator("iframe.gatewise-stepper").nth(i).locator("html").evaluate("(html) => html.offsetHeight")
        )
        assert frames.nth(i).evaluate("(frame) => frame.offsetHeight") == inside
    assert step_through(page, 0) == counted(5)
    assert step_through(page, 1) == counted(7)
    assert complaints == []


def test_a_frame_follows_its_page_when_there_is_less_room(page: Page, tmp_path: Path) -> None:
    show(page, [viz.step(xyz())._repr_html_()], tmp_path)
    wait_for_frames(page)
    frame = page.locator("iframe.gatewise-stepper")
    wide = frame.evaluate("(frame) => frame.offsetHeight")
    page.set_viewport_size({"width": 420, "height": 800})
    page.wait_for_function(f"document.querySelector('iframe').offsetHeight > {wide} + 50")
    page.set_viewport_size({"width": 1280, "height": 720})
    page.wait_for_function(f"document.querySelector('iframe').offsetHeight == {wide}")


def test_the_page_in_a_frame_can_touch_nothing_around_it(page: Page, tmp_path: Path) -> None:
    show(page, [viz.step(xyz())._repr_html_()], tmp_path)
    wait_for_frames(page)
    inside = page.frames[1]
    assert inside.evaluate("origin") == "null"
    with pytest.raises(Exception, match="cross-origin"):
        inside.evaluate("parent.document.title")


def test_other_messages_change_nothing(page: Page, complaints: list[str], tmp_path: Path) -> None:
    show(page, [viz.step(xyz())._repr_html_()], tmp_path)
    wait_for_frames(page)
    before = page.locator("iframe").evaluate("(frame) => frame.style.height")
    page.evaluate("postMessage({gatewiseHeight: 77}, '*')")  # not from the frame
    for message in ("null", "5", "'x'", "{gatewiseHeight: 'high'}", "{gatewiseHeight: -1}"):
        page.frames[1].evaluate(f"parent.postMessage({message}, '*')")
    page.evaluate("new Promise((done) => setTimeout(done, 50))")
    assert page.locator("iframe").evaluate("(frame) => frame.style.height") == before
    assert complaints == []


@pytest.mark.parametrize("make", [xyz, neuron, hostile])
@pytest.mark.parametrize("of", [viz.draw, viz.step])
def test_without_scripts_and_frames_the_picture_is_left(
    page: Page, complaints: list[str], tmp_path: Path, make: Callable[[], Value], of: Callable[[Value], Any]
) -> None:
    html = static(of(make())._repr_html_())
    assert "<script" not in html
    assert "<iframe" not in html
    show(page, [html], tmp_path)
    assert natural_widths(page)[0] > 100
    assert len(natural_widths(page)) == 1
    assert shown(page.locator("img")) == [True]
    assert complaints == []


def test_a_wide_picture_scrolls_in_its_own_box_and_stays_legible(page: Page, tmp_path: Path) -> None:
    diagram = viz.draw(1 / (1 + (-neuron()).exp()))
    page.set_viewport_size({"width": 420, "height": 800})
    show(page, [diagram._repr_html_()], tmp_path)
    natural = natural_widths(page)[0]
    assert natural > 420
    assert page.locator("img").evaluate("(image) => image.offsetWidth") >= 0.69 * natural
    assert page.evaluate("document.documentElement.scrollWidth") == 420


# --------------------------------------------------------------------------------------------------- stored notebooks


# what nbconvert's own template would load from elsewhere
ELSEWHERE = dict.fromkeys(("mathjax_url", "require_js_url", "jquery_url", "mermaid_js_url"), "")


def exported(path: Path, folder: Path, **urls: str) -> Path:
    """Write a notebook as HTML by nbconvert's own template, with other addresses if they are given; return its path."""
    from nbconvert import HTMLExporter

    html, _ = HTMLExporter(**urls).from_filename(str(path))
    target = folder / f"{path.stem}.html"
    target.write_text(html, encoding="utf-8")
    return target


def outputs_of(path: Path, kind: str) -> list[str]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    data = [output.get("data", {}) for cell in cells for output in cell.get("outputs", ())]
    return ["".join(bundle[kind]) for bundle in data if kind in bundle]


def html_outputs(path: Path) -> list[str]:
    return outputs_of(path, "text/html")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_an_exported_notebook_shows_its_pictures_and_steppers_offline(
    page: Page, complaints: list[str], tmp_path: Path, path: Path
) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    target = exported(path, tmp_path, **ELSEWHERE)
    page.goto(target.as_uri())
    wait_for_frames(page)
    frames = page.locator("iframe.gatewise-stepper")
    assert frames.count() == (path in STEPPERS)
    assert all(width > 100 for width in natural_widths(page))
    assert shown(page.locator("img")).count(False) == frames.count()
    if frames.count():
        counts = step_through(page, 0)
        assert counts == counted(len(counts) - 1)
        assert len(counts) > 5
    assert [url for url in requests if not url.startswith(("data:", target.as_uri(), "about:"))] == []
    assert complaints == []


@pytest.mark.parametrize("path", STEPPERS, ids=lambda path: path.stem)
def test_a_plain_export_misses_nothing_offline_that_its_template_asks_for(
    page: Page, complaints: list[str], tmp_path: Path, path: Path
) -> None:
    """As `jupyter nbconvert --to html` writes it, for a reader without a network: only the template's scripts fail."""
    page.goto(exported(path, tmp_path).as_uri())
    wait_for_frames(page)
    assert all(width > 100 for width in natural_widths(page))
    counts = step_through(page, 0)
    assert counts == counted(len(counts) - 1)
    failed = [each for each in complaints if each.startswith("request: ")]
    assert all(each.startswith("request: https://cdnjs.cloudflare.com/") for each in failed)
    assert all("Failed to load resource" in each for each in complaints if each not in failed)


def test_some_notebooks_have_steppers() -> None:
    assert {"03_step_by_step", "04_sigmoid_neuron"} <= {path.stem for path in STEPPERS}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_an_untrusted_notebook_shows_all_its_pictures(page: Page, tmp_path: Path, path: Path) -> None:
    outputs = html_outputs(path)
    show(page, [static(html) for html in outputs], tmp_path)
    widths = natural_widths(page)
    assert len(widths) == len(outputs)
    assert all(width > 100 for width in widths)
    assert all(shown(page.locator("img")))
    assert outputs or outputs_of(path, "image/png"), "a lesson without a picture"  # plots are images everywhere


# ------------------------------------------------------------------------------------------------- the text of outputs


@pytest.mark.parametrize("make", [xyz, neuron, hostile])
def test_an_image_is_the_picture_itself(make: Callable[[], Value]) -> None:
    diagram = viz.draw(make())
    (data,) = re.findall(r'src="data:image/svg\+xml;base64,([\w+/=]+)"', diagram._repr_html_())
    assert b64decode(data).decode() == diagram.svg
    assert viz.step(make())._repr_html_().count(data) == 1


@pytest.mark.parametrize("of", [viz.draw, viz.step])
def test_an_output_is_the_same_every_time(of: Callable[[Value], Any]) -> None:
    assert of(neuron())._repr_html_() == of(neuron())._repr_html_()
    assert repr(of(neuron())) == repr(of(neuron()))


@pytest.mark.parametrize("of", [viz.draw, viz.step])
def test_as_plain_text_a_picture_is_its_table(of: Callable[[Value], Any]) -> None:
    f = neuron()
    assert repr(of(f)) == viz.table(f)


def test_a_picture_is_told_as_it_was_drawn() -> None:
    f = xyz()
    diagram = viz.draw(f)
    then = repr(diagram)
    f.inputs[1].data = 100.0
    assert repr(diagram) == then


# ------------------------------------------------------------------------------------------------------ Values shown


@pytest.fixture
def html_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Callable[[Value], str | None]]:
    """Return what IPython would show a Value as, were it running; `draw` is what draws."""

    def registered(draw: Callable[[Value], Any]) -> Callable[[Value], str | None]:
        kinds: dict[type, Callable[[Value], str | None]] = {}
        formatter = SimpleNamespace(for_type=kinds.__setitem__)
        shell = SimpleNamespace(display_formatter=SimpleNamespace(formatters={"text/html": formatter}))
        monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
        show_values(draw)
        assert list(kinds) == [Value]
        return kinds[Value]

    return registered


def test_a_value_that_a_gate_made_is_shown_as_its_picture(html_of: Any) -> None:
    f = xyz()
    assert html_of(viz.draw)(f) == viz.draw(f)._repr_html_()


def test_a_leaf_is_shown_by_its_repr(html_of: Any) -> None:
    assert html_of(viz.draw)(Value(3.0, "x")) is None


def test_a_value_that_cannot_be_drawn_is_told_with_the_reason(html_of: Any) -> None:
    root = Value(0.0, "<x>").sqrt()
    with pytest.raises(DomainError) as refused:
        viz.draw(root)
    html = html_of(viz.draw)(root)
    assert html.startswith("<pre>Value(0.0, grad=0.0)\nno picture: ")
    assert html.endswith("</pre>")
    assert str(refused.value).replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#x27;") in html


@pytest.mark.parametrize("error", [RuntimeError(HOSTILE), MemoryError(), RecursionError("deep"), KeyError("x")])
def test_whatever_goes_wrong_while_drawing_no_cell_is_broken(html_of: Any, error: Exception) -> None:
    def draw(value: Value) -> Any:
        raise error

    html = html_of(draw)(xyz())
    assert html.startswith("<pre>Value(-12.0, grad=0.0)\nno picture: ")
    assert html.count("<") == 2


def test_nothing_imports_ipython() -> None:
    script = "import sys, viz; assert 'IPython' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_without_a_running_shell_nothing_is_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    show_values(viz.draw)
