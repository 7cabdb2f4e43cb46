"""The playground in Chromium: it comes from its folder alone, and shows what the engine computes there and here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from autograd import parse
from autograd.expression import names_in
from autograd.graph import names, order
from tests.viz.conftest import watch
from viz.examples import EXAMPLES
from viz.notation import full

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Frame, Page, Request, Route

WATCHED = """
addEventListener("DOMContentLoaded", () => {
  const status = document.querySelector(".loading p");
  if (!status) return; // the frame has none
  window.news = [status.textContent];
  const observer = new MutationObserver(() => news.push(status.textContent));
  observer.observe(status, { childList: true });
});
"""


class Files(SimpleHTTPRequestHandler):
    """A server that knows as little of WebAssembly as many do, and says nothing."""

    extensions_map: ClassVar[dict[str, str]] = {
        **SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
        ".wasm": "application/octet-stream",
    }

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture(scope="module")
def home(folder: Path) -> Iterator[str]:
    """The address of the folder, which does not stand at the root of its server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(folder.parent))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{folder.name}/"
        server.shutdown()


@pytest.fixture(scope="module")
def requests() -> list[str]:
    """The addresses that were asked for."""
    return []


@pytest.fixture(scope="module")
def context(browser: Browser, home: str, requests: list[str]) -> Iterator[BrowserContext]:
    """A profile that reaches the folder and nothing else."""

    def answer(route: Route, request: Request) -> None:
        requests.append(request.url)
        if request.url.startswith(home):
            route.continue_()
        else:
            route.abort()

    context = browser.new_context(reduced_motion="reduce", viewport={"width": 1280, "height": 900})
    context.route("**/*", answer)
    context.add_init_script(WATCHED)
    yield context
    context.close()


@pytest.fixture(scope="module")
def module_complaints() -> list[str]:
    return []


@pytest.fixture(scope="module")
def loaded(context: BrowserContext, home: str, module_complaints: list[str]) -> Page:
    """The page with Python in it: loaded once, since that takes some seconds."""
    page = context.new_page()
    watch(page, module_complaints)
    page.goto(f"{home}#x*w;x=2;w=0.5&step=2")
    stepper(page, "x*w")
    return page


@pytest.fixture
def page(loaded: Page, module_complaints: list[str]) -> Iterator[Page]:
    """The loaded page; nothing may go wrong in it."""
    yield loaded
    assert module_complaints == []


def stepper(page: Page, expression: str) -> Frame:
    """Wait for the next frame that shows an expression, and return it."""
    page.wait_for_function(
        """title => {
          const frame = document.querySelector("iframe");
          if (frame.title !== title || frame.hidden || frame.seen) return false;
          return (frame.seen = true);
        }""",
        arg=f"Stepper: {expression}",
        timeout=60_000,
    )
    frame = page.frames[-1]
    frame.wait_for_selector("[data-go=last]")
    return frame


def show(page: Page, expression: str, **inputs: str) -> Frame:
    """Type an expression and its inputs, and return the frame that steps through it."""
    page.fill("#expression", expression)
    page.wait_for_function(
        "names => [...document.querySelectorAll('.fields label')].map(field => field.dataset.name).join() === names",
        arg=",".join(names_in(expression)),
    )
    for name, text in inputs.items():
        page.fill(f".fields label[data-name='{name}'] input", text)
    page.press("#expression", "Enter")
    return stepper(page, expression)


def shown(frame: Frame) -> dict[str, list[str | None]]:
    """Return the value and the gradient of every wire that the stepper's table shows, in full."""
    rows = frame.locator("table:not([hidden]) tbody tr").all()
    return {
        row.locator("th").inner_text(): [cell.get_attribute("title") for cell in row.locator("td").all()[-2:]]
        for row in rows
    }


def computed(expression: str, **inputs: str) -> dict[str, list[str | None]]:
    """Return the same, computed here."""
    f = parse(expression, **{name: float(text) for name, text in inputs.items()})
    f.backward()
    nodes = order(f)
    called = names(nodes)
    return {called[node]: [full(node.data), full(node.grad)] for node in nodes if not node.is_constant}


def to_the_end(frame: Frame) -> int:
    """Step through both passes, one by one, and return how many steps there were."""
    steps = 0
    while frame.locator("[data-go=next]").is_enabled():
        frame.locator("[data-go=next]").click()
        steps += 1
        assert frame.locator(".count").inner_text().startswith(f"step {steps} of")
    return steps


# ------------------------------------------------------------------------------------------------------------ loading


def test_it_tells_how_far_loading_is(page: Page) -> None:
    news: list[str] = page.evaluate("news")
    told = [re.fullmatch(r"Downloading Python: ([\d.]+) of ([\d.]+) MB", line) for line in news]
    done = [float(match[1]) for match in told if match]
    (total,) = {float(match[2]) for match in told if match}
    assert "web server" in news[0]
    assert done == sorted(done)
    assert len(done) >= 3
    assert done[0] < total / 2
    assert news[-1] == "Starting Python …"
    assert page.locator(".loading").is_hidden()


def test_everything_comes_from_its_folder(page: Page, home: str, requests: list[str]) -> None:
    assert {url.removeprefix(home).partition("#")[0] for url in requests} <= {
        *("", "playground.css", "playground.js", "playground_worker.js", "gatewise.zip", "pyodide/pyodide.mjs"),
        *(
            "pyodide/pyodide.asm.mjs",
            "pyodide/pyodide.asm.wasm",
            "pyodide/python_stdlib.zip",
            "pyodide/pyodide-lock.json",
        ),
    }


# ----------------------------------------------------------------------------------------------------------- stepping

OWN = ("tanh(a*b)+max(a,c)/(2+b**2)", {"a": "0.5", "b": "-1.25", "c": "3e-1"})


@pytest.mark.parametrize(
    ("expression", "inputs"), [("(x+y)*z", {"x": "-2", "y": "5", "z": "-4"}), OWN], ids=["xyz", "own"]
)
def test_each_step_leads_to_the_numbers_computed_here(page: Page, expression: str, inputs: dict[str, str]) -> None:
    frame = show(page, expression, **inputs)
    gates = sum(node.gate is not None for node in order(parse(expression, **{n: float(x) for n, x in inputs.items()})))
    assert to_the_end(frame) == 2 * gates + 1
    assert shown(frame) == computed(expression, **inputs)


@pytest.mark.parametrize("i", range(len(EXAMPLES)), ids=[example.expression for example in EXAMPLES])
def test_an_example_is_one_key_away(page: Page, i: int) -> None:
    page.locator(".examples button").nth(i).press("Enter")
    frame = stepper(page, EXAMPLES[i].expression)
    page.wait_for_function("() => document.activeElement.matches('iframe')")
    page.keyboard.press("End")  # the keys belong to the stepper at once
    frame.wait_for_selector("[data-go=next]:disabled")
    assert shown(frame) == computed(EXAMPLES[i].expression, **{n: str(x) for n, x in EXAMPLES[i].values.items()})


@pytest.mark.parametrize("mode", ["what-if", "predict", "break", "check"])
def test_the_lessons_of_the_stepper_are_there(page: Page, mode: str) -> None:
    frame = show(page, "x*x+y", x="3", y="1")
    frame.locator(f"button[data-mode={mode}]").click()
    assert frame.locator(".tool").inner_text()


# --------------------------------------------------------------------------------------------------------- the address


def test_an_address_restores_expression_inputs_and_step(context: BrowserContext, page: Page) -> None:
    frame = show(page, OWN[0], **OWN[1])
    for _ in range(3):
        frame.locator("[data-go=next]").click()
    page.wait_for_function("() => location.hash.endsWith('&step=3')")
    address = page.url
    show(page, "x*y", x="1", y="1")
    page.evaluate("address => { location.href = address; }", address)
    frame = stepper(page, OWN[0])
    assert frame.locator(".count").inner_text().startswith("step 3 of")
    assert page.input_value("#expression") == OWN[0]
    assert {name: page.input_value(f"[data-name={name}] input") for name in OWN[1]} == OWN[1]


def test_going_back_shows_the_expression_before(page: Page) -> None:
    show(page, "x*y", x="2", y="3")
    show(page, "x+y", x="2", y="3")
    page.go_back()
    stepper(page, "x*y")
    page.go_forward()
    stepper(page, "x+y")


def test_an_address_can_be_copied(page: Page, home: str, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    show(page, "x*y", x="2", y="3")
    page.press("#share", "Enter")
    page.wait_for_function("() => document.querySelector('#share').textContent.trim() === 'Copied'")
    assert page.evaluate("navigator.clipboard.readText()") == page.url == f"{home}#x*y;x=2;y=3"


# ------------------------------------------------------------------------------------------------------ what is refused

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "x*\"'><svg onload=alert(1)>",
    "__import__('os').system('true')",
    "x.__class__",
    "{fragment}",
    "x" * 2_001,
    "-" * 1_999 + "x",
    "(" * 500,
]


@pytest.mark.parametrize("text", [*HOSTILE, "(x+", "log(x)*", "sin", ""], ids=range(len(HOSTILE) + 4))
def test_a_refused_expression_is_told_as_the_product_words_it(page: Page, text: str) -> None:
    before = page.locator("*").count()
    page.fill("#expression", text)
    page.press("#expression", "Enter")
    page.wait_for_function("() => document.querySelector('#refusal').textContent.length > 0")
    try:
        names_in(text)
        told = "400 operators"
    except ValueError as error:
        told = str(error)
    page.wait_for_function("told => document.querySelector('#refusal').textContent.includes(told)", arg=told)
    assert page.locator("#refusal").is_visible()
    assert page.locator("*").count() <= before
    show(page, "x*y", x="1", y="1")
    assert page.locator("#refusal").is_hidden()


@pytest.mark.parametrize(
    ("inputs", "told"),
    [({"x": "abc"}, "'abc' is no number"), ({"x": ""}, "is no number"), ({"x": "-3"}, "log needs x > 0, got x = -3.0")],
    ids=["word", "nothing", "domain"],
)
def test_a_refused_input_is_told(page: Page, inputs: dict[str, str], told: str) -> None:
    show(page, "log(x)", x="2")
    page.fill("[data-name=x] input", inputs["x"])
    assert page.locator("iframe.old").count() == 1  # what is shown is not what stands in the fields
    page.press("[data-name=x] input", "Enter")
    page.wait_for_function("told => document.querySelector('#refusal').textContent.includes(told)", arg=told)
    assert page.locator("iframe").is_hidden()
    page.fill("[data-name=x] input", "2")
    page.press("[data-name=x] input", "Enter")
    stepper(page, "log(x)")


@pytest.mark.parametrize(
    "fragment",
    ["step=1</script><script>alert(1)</script>", "step=99999", "step=-1", "mode=<b>", "%", "%E0%A4%A"],
)
def test_a_hostile_address_is_only_text(page: Page, fragment: str) -> None:
    page.evaluate("fragment => { location.hash = `#x*y;x=3;y=4;constructor=1;%=<b>&${fragment}`; }", fragment)
    frame = stepper(page, "x*y")
    frame.locator("[data-go=last]").click(force=True)
    assert shown(frame)["f"] == ["12", "1"]


def test_a_hostile_name_is_only_text(page: Page) -> None:
    frame = show(page, "__proto__*constructor+e", __proto__="2", constructor="3")
    frame.locator("[data-go=last]").click()
    assert shown(frame)["constructor"] == ["3", "2"]


# -------------------------------------------------------------------------------------------------------------- looks


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_its_window(page: Page, width: int, scheme: str) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    long = "1/(1+exp(-(w0*x0+w1*x1+w2)))*a_rather_long_name_of_an_input_that_somebody_typed_here"
    show(page, long, w0="2")
    page.fill("#expression", long + "^")
    page.wait_for_selector("#refusal:not([hidden])")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert (
        page.evaluate("getComputedStyle(document.body).backgroundColor")
        == {
            "light": "rgb(245, 244, 240)",
            "dark": "rgb(14, 16, 19)",
        }[scheme]
    )
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light")


# ------------------------------------------------------------------------------------------------------ when it fails


def test_a_folder_with_a_file_missing_says_so(context: BrowserContext, home: str) -> None:
    page = context.new_page()
    page.route("**/gatewise.zip", lambda route: route.fulfill(status=404))
    page.goto(home)
    page.wait_for_selector(".loading.failed")
    assert "gatewise.zip: 404" in page.locator(".loading").inner_text()
    page.close()


def test_a_page_opened_as_a_file_says_what_it_needs(browser: Browser, folder: Path) -> None:
    context: Any = browser.new_context(offline=True)
    page = context.new_page()
    page.goto((folder / "index.html").as_uri())
    assert "python -m http.server" in page.locator(".loading").inner_text()
    context.close()
