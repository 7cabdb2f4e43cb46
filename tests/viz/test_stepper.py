"""The pages of the stepper in a browser without a network: what is shown at every step is what was recorded."""

import json
import math
import re
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from autograd import Value, no_grad
from autograd.functions import dot, exp, log, sigmoid, tanh
from autograd.graph import order
from tests.viz.helpers import GOLDEN, HARDER, HOSTILE_LABELS, RANDOM, random_graph, values
from viz.circuit import Circuit, circuit_of
from viz.expand import expanded
from viz.layout import gradient_text
from viz.notation import Notation, full
from viz.shapes import LEGEND
from viz.stepper import Stepper, step

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SCRIPT = Path(__file__).resolve().parents[2] / "viz" / "stepper.js"


def layer_with_forks() -> Value:
    """Two neurons that share their inputs, and one that reads both."""
    xs = values("x", [0.5, -1.2])
    a, b = (
        tanh(dot(values(f"w{name}", ws), xs, Value(0.1, f"b{name}")))
        for name, ws in (("a", [0.4, -0.3]), ("b", [-0.7, 0.2]))
    )
    return sigmoid(dot(values("v", [1.5, -0.8]), [a, b], Value(0.3, "c")))


def square() -> Value:
    x = Value(3.0, "x")
    return x * x


def limits() -> Value:
    """Numbers that JSON cannot hold."""
    return exp(Value(1000.0, "x")) * Value(-2.0, "y") + Value(math.nan, "z")


WALKED: dict[str, Callable[[], Value]] = {
    **GOLDEN,
    **{name: make for name, make in HARDER.items() if name != "random_250"},
    **dict(list(RANDOM.items())[:12]),
    "layer_with_forks": layer_with_forks,
    "square": square,
    "limits": limits,
}

# What a page shows after each of some moves: "next" presses that button, "ArrowLeft" the key, a number sets the slider.
# Texts stand in the order of the picture; `gates` are the places of gates within it; `crowded` are texts that stand on
# others or on gates. A text is measured again only when it has changed.
WALK = """moves => {
    const one = selector => document.querySelector(selector);
    const picture = one('.stage:not([hidden]) > svg');
    const all = selector => [...picture.querySelectorAll(selector)];
    const words = text => [...text.childNodes].filter(n => n.nodeName !== 'title').map(n => n.textContent).join('');
    const measure = element => {
        const [origin, {left, top, right, bottom}] = [picture, element].map(e => e.getBoundingClientRect());
        const [x, y] = [origin.left, origin.top];
        return {left: left - x, top: top - y, right: right - x, bottom: bottom - y, element, text: words(element)};
    };
    const measured = new Map();
    const box = element => {
        if (measured.get(element)?.text !== words(element)) measured.set(element, measure(element));
        return measured.get(element);
    };
    const overlaps = (p, q) => Math.min(p.right, q.right) - Math.max(p.left, q.left) > 0.5
        && Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top) > 0.5
        && !(p.element.dataset.gate && p.element.dataset.gate === q.element.dataset.gate);
    const crowded = () => {
        const boxes = all('text:not(.hidden), .gw-gate').map(box).sort((p, q) => p.left - q.left);
        const found = [];
        boxes.forEach((p, i) => {
            for (let j = i + 1; j < boxes.length && boxes[j].left < p.right; j++) {
                if (overlaps(p, boxes[j])) found.push(p.text + ' | ' + boxes[j].text);
            }
        });
        return found;
    };
    const [texts, gates] = [all('text'), all('.gw-gate')];
    const table = () => [...document.querySelectorAll('table:not([hidden]) tbody tr')];
    const shown = kind => texts.filter(t => t.matches(kind)).map(t => t.matches('.hidden') ? null : words(t));
    const look = () => {
        return {
            count: one('.count').textContent,
            crowded: crowded(),
            gates: gates.map(measure).map(({left, top}) => `${left.toFixed(1)},${top.toFixed(1)}`),
            values: shown('.gw-value[data-wire]'),
            gradients: shown('.gw-gradient[data-wire]'),
            cells: table().map(row => [...row.cells].slice(2).map(cell => [cell.textContent, cell.title])),
            working: all('.gw-gate.working').map(g => Number(g.dataset.gate)),
            locals: all('.gw-local:not(.hidden)').map(words),
            active: table().flatMap((row, i) => row.matches('.active') ? [i] : []),
            said: one('[aria-live]').textContent,
            title: one('.panel h2').textContent,
            panel: one('.panel').textContent,
            wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        };
    };
    const slider = one('#slider');
    return moves.map(move => {
        if (move === 'ArrowLeft') document.body.dispatchEvent(new KeyboardEvent('keydown', {key: move, bubbles: true}));
        else if (move === 'next') one('[data-go=next]').click();
        else { slider.value = move; slider.dispatchEvent(new Event('input')); }
        return look();
    });
}"""


def walk(page: "Page", last: int) -> list[dict[str, Any]]:
    """Return what a page shows at step 0, and then at each step that the next button leads to."""
    return page.evaluate(WALK, [0, *["next"] * last])


@pytest.fixture
def opened(page: "Page", complaints: list[str], tmp_path: Path) -> Callable[..., "Page"]:
    """Return how to open the page of a graph: from a file, with no network, at a fragment."""
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.emulate_media(reduced_motion="reduce")
    file = tmp_path / "page.html"

    def open_page(f: Value, fragment: str = "") -> "Page":
        page.goto(f"{step(f).save(file).as_uri()}{fragment}")
        return page

    yield open_page
    assert complaints == []
    assert [url for url in requests if not url.startswith(file.as_uri())] == []


def last_of(circuit: Circuit) -> int:
    return 2 * len(circuit.boxes) + 1


def gradients_by_step(circuit: Circuit) -> list[dict[int, float]]:
    """Return, for each step, what gradient each wire has by then: made from the records alone."""
    index = {wire.node: wire.index for wire in circuit.wires}
    known: list[dict[int, float]] = [{} for _ in range(len(circuit.boxes) + 1)]
    known.append({circuit.root.index: 1.0})
    for record in circuit.backward:
        after = {index[x]: gradient for x, gradient in zip(record.inputs, record.after, strict=True) if x in index}
        known.append({**known[-1], **after})
    return known


def check_walk(circuit: Circuit, seen: dict[int, dict[str, Any]]) -> None:
    """Compare what a page showed at some steps with the records."""
    short, count, recorded = circuit.notation.short, len(circuit.boxes), gradients_by_step(circuit)
    for number, shown in seen.items():
        gradients = recorded[number]
        assert shown["count"] == f"step {number} of {last_of(circuit)}"
        assert shown["crowded"] == []
        assert shown["gates"] == seen[0]["gates"]
        known = [wire.source is None or wire.source < number for wire in circuit.wires]
        assert shown["values"] == [
            short(w.value) if there else None for w, there in zip(circuit.wires, known, strict=True)
        ]
        assert [text is not None for text in shown["gradients"]] == [wire.index in gradients for wire in circuit.wires]
        for wire, there, (value, gradient) in zip(circuit.wires, known, shown["cells"], strict=True):
            assert value == ([short(wire.value), full(wire.value)] if there else ["·", "not yet"])
            so_far = gradients.get(wire.index)
            assert gradient == (["·", "not yet"] if so_far is None else [short(so_far), full(so_far)])
        at_work = [] if number in (0, count + 1) else [number - 1 if number <= count else 2 * count + 1 - number]
        assert shown["working"] == at_work
        assert shown["active"] == (
            [circuit.boxes[i].wire for i in at_work] or [circuit.root.index] * (number == count + 1)
        )
        assert len(shown["locals"]) == sum([len(circuit.boxes[i].pins) for i in at_work])
        assert shown["wide"] <= 0
        assert "undefined" not in shown["panel"]
        assert "{" not in re.sub("|".join(map(re.escape, HOSTILE_LABELS)), "", shown["panel"])
    assert seen[last_of(circuit)]["gradients"] == [gradient_text(circuit, wire) for wire in circuit.wires]


# ----------------------------------------------------------------------------------------------------------- every step


@pytest.mark.parametrize("name", WALKED)
def test_every_step_shows_what_was_recorded(name: str, opened: Callable[..., "Page"]) -> None:
    f = WALKED[name]()
    circuit = circuit_of(f)
    page = opened(f)
    assert page.locator(".count").inner_text() == f"step 0 of {last_of(circuit)}"
    last = last_of(circuit)
    forward = walk(page, last)
    check_walk(circuit, dict(enumerate(forward)))
    assert page.evaluate(WALK, ["ArrowLeft"] * last) == forward[-2::-1]


@pytest.mark.parametrize("name", list(RANDOM)[12:50])
def test_some_steps_of_larger_random_graphs_show_what_was_recorded(name: str, opened: Callable[..., "Page"]) -> None:
    f = RANDOM[name]()
    circuit = circuit_of(f)
    last = last_of(circuit)
    steps = sorted({round(last * i / 10) for i in range(11)})
    check_walk(circuit, dict(zip(steps, opened(f).evaluate(WALK, steps), strict=True)))


@pytest.mark.parametrize("name", [*GOLDEN, "layer_with_forks", "wide_dot", "mlp_small", "softmax_loss", "wide_sum"])
def test_the_opened_view_steps_as_well(name: str, opened: Callable[..., "Page"]) -> None:
    f = WALKED[name]()
    page, expansion = opened(f, "#step=0&gates=elementary"), expanded(f)
    if not expansion.owners:
        assert page.locator("#elementary").count() == 0
        return
    assert page.locator("#elementary").is_checked()
    seen = walk(page, last_of(circuit_of(expansion.root)))
    assert [shown["crowded"] for shown in seen] == [[]] * len(seen)
    assert [shown["gates"] for shown in seen] == [seen[0]["gates"]] * len(seen)
    gradients = {wire.name: full(wire.gradient) for wire in circuit_of(f).wires if wire.source is None}
    names = page.locator("table:not([hidden]) tbody th").all_inner_texts()
    shown = dict(zip(names, [cells[1][1] for cells in seen[-1]["cells"]], strict=True))
    for name, text in gradients.items():
        assert as_number(shown[name]) == pytest.approx(as_number(text), rel=1e-9, abs=1e-12)


def as_number(text: str) -> float:
    return float(text.replace("−", "-").replace("∞", "inf"))


@pytest.mark.parametrize("name", GOLDEN)
def test_the_last_step_has_the_numbers_of_the_engine(name: str, opened: Callable[..., "Page"]) -> None:
    f = GOLDEN[name]()
    page = opened(f, f"#step={last_of(circuit_of(f))}")
    f.backward()
    shown = page.evaluate(WALK, ["next"])[0]["cells"]
    drawn = [wire.node for wire in circuit_of(f).wires]
    assert [[value[1], gradient[1]] for value, gradient in shown] == [[full(v.data), full(v.grad)] for v in drawn]


def test_the_golden_gradients_of_the_sigmoid_neuron(opened: Callable[..., "Page"]) -> None:
    page = opened(GOLDEN["sigmoid_neuron"](), "#step=17")
    rows = page.locator("table:not([hidden]) tbody tr")
    shown = {row.locator("th").inner_text(): row.locator("td").last.get_attribute("title") for row in rows.all()}
    assert {name: shown[name] for name in ("w0", "x0", "w1", "x1", "w2")} == {
        "w0": "−0.196611933241482",
        "x0": "0.393223866482964",
        "w1": "−0.393223866482964",
        "x1": "−0.589835799724446",
        "w2": "0.196611933241482",
    }


def test_a_sum_grows_at_a_fork(opened: Callable[..., "Page"]) -> None:
    seen = walk(opened(HARDER["cube"]()), 5)
    assert [shown["gradients"][0] for shown in seen] == [None, None, None, None, "◂ 9", "◂ 9 + 9 + 9 = 27"]
    assert "branch 1 of 3: ∂f/∂x was 0, now 0 + 9 = 9" in seen[4]["panel"]
    assert "branch 2 of 3: ∂f/∂x was 9, now 9 + 9 = 18" in seen[5]["panel"]
    assert "branch 3 of 3: ∂f/∂x was 18, now 18 + 9 = 27; all branches are in: a little" in seen[5]["panel"]
    assert "a little more x raises f" in seen[5]["panel"]


def test_a_kink_an_overflow_and_a_long_constant_are_told(opened: Callable[..., "Page"]) -> None:
    x = Value(3.0, "x")
    seen = walk(opened(abs(Value(0.0, "y"))), 3)
    assert "a kink: by convention y gets 0 here" in seen[3]["panel"]
    assert seen[3]["panel"].endswith("a kink lies on the way: what a small change does depends on its direction")
    assert "overflow: too large for a float" in walk(opened(exp(Value(1000.0, "x"))), 1)[1]["panel"]
    assert "=x·2.72=3.00·2.7183=8.1548" in walk(opened(x * math.e), 1)[1]["panel"]


def test_page_and_picture_have_one_key(opened: Callable[..., "Page"]) -> None:
    shown = opened(GOLDEN["xyz"]()).locator(".legend").inner_text()
    assert all(f"{sample}{words}" in shown for _, sample, words in LEGEND)
    assert not re.search(r"\d", shown)


def test_the_panel_says_what_the_gates_do(opened: Callable[..., "Page"]) -> None:
    seen = walk(opened(GOLDEN["xyz"]()), 5)
    said = [re.sub(r"\s+", " ", shown["panel"]) for shown in seen]
    assert "Add gate" in said[1]
    assert "q=x+y=−2+5=3" in said[1].replace(" ", "")
    assert "∂f/∂f1" in said[3].replace(" ", "")
    assert "hands each input the upstream gradient times the other input's value" in said[4]
    assert "a little more q lowers f" in said[4]
    assert "local = z(−4)" in said[4]
    assert "Both passes are done" in said[5]
    assert "∂f/∂x = −4" in said[5]


# ------------------------------------------------------------------------------------------------------------- controls


def shown_step(page: "Page") -> int:
    return int(page.locator(".count").inner_text().split()[1])


@pytest.mark.parametrize("name", ["xyz", "sigmoid_neuron", "sigmoid_gate", "gate_patterns"])
def test_buttons_and_keys_lead_through_all_steps(name: str, opened: Callable[..., "Page"]) -> None:
    f = GOLDEN[name]()
    page, last = opened(f), last_of(circuit_of(f))
    for number in range(1, last + 1):
        page.get_by_role("button", name="Next").click()
        assert shown_step(page) == number
    assert page.get_by_role("button", name="Next").is_disabled()
    page.get_by_role("button", name="First").click()
    assert shown_step(page) == 0
    assert page.get_by_role("button", name="Back").is_disabled()
    for number in range(1, last + 1):
        page.keyboard.press("ArrowRight")
        assert shown_step(page) == number
    for key, number in (("ArrowRight", last), ("ArrowLeft", last - 1), ("Home", 0), ("ArrowLeft", 0), ("End", last)):
        page.keyboard.press(key)
        assert shown_step(page) == number
    page.get_by_role("button", name="Back").click()
    page.get_by_role("button", name="Last").click()
    assert shown_step(page) == last


def test_the_slider_goes_to_any_step(opened: Callable[..., "Page"]) -> None:
    page = opened(GOLDEN["sigmoid_neuron"]())
    slider = page.locator("#slider")
    slider.fill("7")
    assert shown_step(page) == 7
    assert slider.get_attribute("aria-valuetext") == "step 7 of 17, forward"
    slider.press("ArrowRight")
    assert shown_step(page) == 8
    slider.press("End")
    assert slider.get_attribute("aria-valuetext") == "step 17 of 17, backward"


def test_a_gate_is_a_button_that_leads_to_its_step(opened: Callable[..., "Page"]) -> None:
    page = opened(GOLDEN["sigmoid_neuron"]())
    gate = page.get_by_role("button", name="exp gate")
    assert gate.get_attribute("aria-label") == "exp gate, makes k: go to its step"
    gate.click()
    assert (shown_step(page), page.locator(".panel .gate-name").inner_text()) == (6, "Exp gate")
    assert gate.get_attribute("aria-current") == "step"
    page.keyboard.press("End")
    gate.focus()
    page.keyboard.press("Enter")
    assert shown_step(page) == 12
    page.keyboard.press("Home")
    gate.focus()
    page.keyboard.press("Space")
    assert shown_step(page) == 6


def test_every_gate_and_control_is_reached_by_tab(opened: Callable[..., "Page"]) -> None:
    page = opened(GOLDEN["sigmoid_gate"]())
    reached = []
    for _ in range(18):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("(({ariaLabel, innerText, id}) => ariaLabel || innerText || id)(document.activeElement)")
        )
    gates = {label for label in reached if label.endswith("go to its step")}
    assert len(gates) == 5
    assert {"Next", "Last", "Play", "Step"} <= {label.strip() for label in reached}
    assert "elementary" in reached


def test_play_runs_to_the_end_and_says_nothing_on_the_way(page: "Page", opened: Callable[..., "Page"]) -> None:
    page.clock.install()
    opened(GOLDEN["xyz"]())
    page.keyboard.press("Space")
    spoken = page.locator("[aria-live]")
    assert page.get_by_role("button", name="Pause").count() == 1
    for number in range(1, 6):
        page.clock.run_for(1200)
        assert shown_step(page) == number
        assert spoken.text_content() == ""
    page.clock.run_for(1200)
    assert page.get_by_role("button", name="Play").count() == 1
    assert spoken.text_content() == "Step 5 of 5, backward, add gate: x gets −4, y gets −4."
    page.keyboard.press("Space")  # once more from the start
    page.clock.run_for(1200)
    page.keyboard.press("Space")
    assert shown_step(page) == 1
    assert spoken.text_content() == "Step 1 of 5, forward, add gate: q = 3."


def test_space_plays_after_a_click_and_presses_a_button_that_was_tabbed_to(opened: Callable[..., "Page"]) -> None:
    page = opened(GOLDEN["xyz"]())
    page.get_by_role("button", name="Next").click()
    page.keyboard.press("Space")
    assert page.get_by_role("button", name="Pause").count() == 1
    page.keyboard.press("Space")
    number = shown_step(page)
    page.get_by_role("button", name="Next").focus()
    page.keyboard.press("Space")
    assert shown_step(page) == number + 1
    assert page.get_by_role("button", name="Play").count() == 1


def test_the_live_region_says_one_sentence_a_step(opened: Callable[..., "Page"]) -> None:
    f = layer_with_forks()
    seen = walk(opened(f), 13)[1:]
    assert all(re.fullmatch(rf"Step {i} of 13, [^.]+(\.\d+[^.]*)*\.", shown["said"]) for i, shown in enumerate(seen, 1))
    assert seen[7]["said"] == "Step 8 of 13, backward, sigmoid gate: k gets 0.1462."


# ------------------------------------------------------------------------------------------------------------ two views


@pytest.mark.parametrize(("number", "opened_number"), [(0, 0), (3, 3), (5, 8), (6, 9), (7, 13), (8, 14), (11, 17)])
def test_the_toggle_keeps_to_the_same_gates_work(
    number: int, opened_number: int, opened: Callable[..., "Page"]
) -> None:
    page = opened(GOLDEN["sigmoid_gate"](), f"#step={number}")
    toggle = page.get_by_label("Show sigmoid as elementary gates")
    assert not toggle.is_checked()
    toggle.check()
    assert page.locator(".count").inner_text() == f"step {opened_number} of 17"
    assert page.locator(".formula:not([hidden]) mfrac").count() == 1
    toggle.uncheck()
    assert page.locator(".count").inner_text() == f"step {number} of 11"


def test_a_frame_holds_the_gates_of_one_expansion_and_no_others(opened: Callable[..., "Page"]) -> None:
    page = opened(GOLDEN["sigmoid_gate"](), "#step=17&gates=elementary")
    frames = page.locator(".stage:not([hidden]) .gw-frame")
    assert frames.count() == 1
    assert page.locator(".stage:not([hidden]) .gw-caption").text_content() == "sigmoid(g)"
    inside = page.evaluate("""() => {
        const picture = document.querySelector('.stage:not([hidden]) > svg');
        const frame = picture.querySelector('.gw-frame').getBoundingClientRect();
        return [...picture.querySelectorAll('.gw-symbol')].filter(s => {
            const {left, top, right, bottom} = s.getBoundingClientRect();
            return left > frame.left && right < frame.right && top > frame.top && bottom < frame.bottom;
        }).map(s => s.textContent);
    }""")
    assert inside == ["×−1", "exp", "+1", "1/x"]


def test_where_a_frame_would_hold_others_the_gates_are_marked_one_by_one(opened: Callable[..., "Page"]) -> None:
    page = opened(layer_with_forks(), "#step=1&gates=elementary")
    assert page.locator(".stage:not([hidden]) .gw-inner").count() > 0


def test_wires_keep_their_names_when_gates_are_opened(opened: Callable[..., "Page"]) -> None:
    page = opened(GOLDEN["hidden_layer"]())
    closed = page.locator("table:not([hidden]) tbody th").all_inner_texts()
    page.locator("#elementary").check()
    names = page.locator("table:not([hidden]) tbody th").all_inner_texts()
    assert set(closed) <= set(names)
    assert len(set(names)) == len(names)


# ---------------------------------------------------------------------------------------------------------- the address


def test_the_fragment_restores_a_step_and_follows_it(opened: Callable[..., "Page"]) -> None:
    page = opened(GOLDEN["sigmoid_gate"](), "#step=4")
    assert shown_step(page) == 4
    page.keyboard.press("ArrowRight")
    assert page.evaluate("location.hash") == "#step=5"
    page.locator("#elementary").check()
    assert page.evaluate("location.hash") == "#step=8&gates=elementary"
    page.reload()
    assert (shown_step(page), page.locator("#elementary").is_checked()) == (8, True)
    page.evaluate("location.hash = '#step=2'")
    page.get_by_text("step 2 of 11").wait_for()
    assert page.evaluate("history.length") <= 4


@pytest.mark.parametrize(
    ("fragment", "number"), [("#step=999", 5), ("#step=-3", 0), ("#step=x", 0), ("#", 0), ("#%%%", 0), ("#step=1e9", 1)]
)
def test_a_strange_fragment_breaks_nothing(fragment: str, number: int, opened: Callable[..., "Page"]) -> None:
    assert shown_step(opened(GOLDEN["xyz"](), fragment)) == number


def test_the_page_runs_in_a_sandboxed_frame(page: "Page", complaints: list[str]) -> None:
    page.set_content('<iframe sandbox="allow-scripts" style="width:900px;height:900px"></iframe>')
    page.evaluate("html => { document.querySelector('iframe').srcdoc = html; }", step(GOLDEN["xyz"]()).html)
    frame = page.frame_locator("iframe")
    frame.get_by_role("button", name="Next").click()
    frame.get_by_role("button", name="Next").click()
    assert frame.locator(".count").inner_text() == "step 2 of 5"
    assert complaints == []


# ----------------------------------------------------------------------------------------------- hostile and odd graphs


def test_hostile_labels_are_shown_as_text(opened: Callable[..., "Page"]) -> None:
    page = opened(HARDER["hostile_labels"]())
    walk(page, 27)
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 2
    shown = page.locator("body").inner_text()
    assert "<img src=x onerror=alert(1)>" in shown
    assert "</text></svg><script>alert(1)</script>" in shown
    assert "\"quoted\" and 'quoted'" in shown
    assert "你好" in shown


def test_a_hostile_gate_is_shown_as_text(opened: Callable[..., "Page"]) -> None:
    from autograd.gates import Gate
    from autograd.value import apply

    evil = "</script><img src=x onerror=alert(1)>"
    gate = Gate(evil, evil, "scaler", lambda x: x * 1.0, lambda z, x: (1.0,))
    page = opened(apply(gate, Value(1.0, "x")))
    walk(page, 3)
    assert page.locator("img").count() == 0


def test_the_recorded_data_cannot_close_its_element() -> None:
    html = step(HARDER["hostile_labels"]()).html
    recorded = re.search(r'<script type="application/json" id="recorded">(.*?)</script>', html, re.DOTALL)
    assert recorded is not None
    assert not set("<>&\u2028\u2029") & set(recorded[1])
    assert json.loads(recorded[1])["views"][0]["wires"][0]["name"] == "<img src=x onerror=alert(1)>"
    assert html.count("</script>") == 2


def test_the_page_allows_nothing_from_outside() -> None:
    html = step(GOLDEN["xyz"]()).html
    policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
    assert policy in html
    addresses = set(re.findall(r"https?://[^\"'\s<)]+", html))
    assert addresses <= {"http://www.w3.org/2000/svg"}
    assert "innerHTML" not in html


def test_a_page_is_the_same_every_time() -> None:
    assert step(layer_with_forks()).html == step(layer_with_forks()).html


@pytest.mark.parametrize("make", [GOLDEN["sigmoid_neuron"], GOLDEN["sigmoid_gate"], GOLDEN["xyz"]])
def test_a_page_is_small(make: Callable[[], Value]) -> None:
    assert len(step(make()).html.encode()) < 150_000


def test_a_page_made_inside_no_grad_has_its_toggle_too() -> None:
    f = GOLDEN["sigmoid_gate"]()
    html = step(f).html
    with no_grad():
        assert step(f).html == html


def test_where_opening_leaves_a_domain_only_the_closed_view_is_made() -> None:
    numbers = [Value(0.01 * i, "x") for i in range(100)]
    x, rounding = next((x, r) for x in numbers if (r := tanh(x).data - expanded(tanh(x)).root.data))
    edge = (tanh(x) - tanh(x).data) * math.copysign(1.0, rounding) + abs(rounding) / 2  # > 0, but not when opened
    assert 'id="elementary"' not in step(log(edge)).html


def test_no_gradient_of_the_graph_is_touched() -> None:
    f = layer_with_forks()
    before = [(node.data, node.grad) for node in order(f)]
    step(f)
    assert [(node.data, node.grad) for node in order(f)] == before


def test_what_cannot_be_stepped_through_is_refused() -> None:
    with pytest.raises(TypeError, match="picture of a Value, not of float"):
        step(3.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="too many for one picture"):
        step(random_graph(Random(1), 320))
    with pytest.raises(ValueError, match="slope of sqrt"):
        step(Value(0.0, "x").sqrt())


def test_a_page_is_saved_whole_and_only_as_html(tmp_path: Path) -> None:
    stepper = step(GOLDEN["xyz"]())
    assert isinstance(stepper, Stepper)
    target = tmp_path / "page.html"
    assert stepper.save(str(target)) == target
    assert target.read_text(encoding="utf-8") == stepper.html
    for name in ("page.svg", "page", "page.html.gz"):
        with pytest.raises(ValueError, match=r"a stepper is saved as \.html, not as"):
            stepper.save(tmp_path / name)
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"]


# ------------------------------------------------------------------------------------------ phones, paper, large graphs


@pytest.mark.parametrize("name", [*GOLDEN, "wide_dot", "hostile_labels", "layer_with_forks", "softmax_loss"])
def test_nothing_is_wider_than_a_phone(name: str, page: "Page", opened: Callable[..., "Page"]) -> None:
    page.set_viewport_size({"width": 420, "height": 900})
    f = WALKED[name]()
    seen = walk(opened(f), last_of(circuit_of(f)))
    assert max(shown["wide"] for shown in seen) == 0
    for button in page.locator(".buttons button").all():
        box = button.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 420
        assert box["height"] >= 40


def test_a_phone_follows_the_gate_at_work(page: "Page", opened: Callable[..., "Page"]) -> None:
    page.set_viewport_size({"width": 420, "height": 900})
    opened(GOLDEN["sigmoid_neuron"]())
    for _ in range(17):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(20)
        gate = page.locator(".gw-gate.working")
        if gate.count():
            box = gate.bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 420


def test_paper_shows_the_final_state(opened: Callable[..., "Page"]) -> None:
    page = opened(GOLDEN["xyz"](), "#step=1")
    page.emulate_media(media="print")
    page.locator(".gw-value.hidden").first.wait_for(state="detached")
    texts = page.locator(".gw-gradient[data-wire]").evaluate_all("texts => texts.map(t => t.firstChild.data)")
    assert texts == ["◂ −4", "◂ −4", "◂ −4", "◂ 3", "◂ 1"]
    assert not page.locator(".controls").is_visible()
    assert page.locator(".gw-local").first.is_visible()
    page.emulate_media(media="screen")
    page.locator(".gw-value.hidden").first.wait_for(state="attached")
    assert shown_step(page) == 1
    assert page.locator(".gw-value.hidden").count() == 1


def test_without_scripts_the_final_state_is_there(browser: "Browser", tmp_path: Path) -> None:
    context = browser.new_context(offline=True, java_script_enabled=False)
    page = context.new_page()
    page.goto(step(GOLDEN["xyz"]()).save(tmp_path / "page.html").as_uri())
    assert page.get_by_text("◂ −4").count() == 3
    assert page.get_by_text("Stepping through needs JavaScript").is_visible()
    context.close()


def test_three_hundred_gates_step_without_a_pause(opened: Callable[..., "Page"]) -> None:
    f = random_graph(Random(3), 295)
    assert len(step(f).html) < 3_000_000
    page = opened(f)
    usual = page.evaluate("""() => {
        const times = [];
        for (const key of ['End', 'Home', ...Array(40).fill('ArrowRight')]) {
            const start = performance.now();
            document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
            document.body.getBoundingClientRect();
            times.push(performance.now() - start);
        }
        return times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
    }""")
    assert usual < 250  # milliseconds; some 15 on a machine that does nothing else


# ----------------------------------------------------------------------------------------------------------- JavaScript


def test_numbers_are_written_as_python_writes_them(node: str) -> None:
    rng = Random(0)
    numbers = [0.0, -0.0, 1.0, 0.125, 0.375, -0.625, 2.5, 3.5, 0.005, 0.00499, 99999.5, 1e5, 1e-5, 123456.789]
    numbers += [1e21, 1e22, 5e-324, 1.7976931348623157e308, 0.1, 0.2 + 0.1, 1 / 3, math.inf, -math.inf, math.nan]
    numbers += [k / 8 for k in range(-40, 40)] + [k / 32 for k in range(-40, 40)] + [k / 1000 for k in range(1, 40)]
    numbers += [rng.uniform(-10, 10) for _ in range(200)] + [
        rng.uniform(-1, 1) * 10 ** rng.randint(-12, 12) for _ in range(200)
    ]
    numbers += [x for x in (struct.unpack("<d", rng.randbytes(8))[0] for _ in range(200)) if math.isfinite(x)]
    decimals, whole = Notation([0.5]), Notation([1.0])
    expected = [
        [
            decimals.short(x),
            decimals.longer(x),
            decimals.factor(x),
            full(x),
            *([whole.short(x), whole.longer(x)] if x % 1 == 0 else []),
        ]
        for x in numbers
    ]
    program = f"""
        const {{ full, notation }} = require({json.dumps(str(SCRIPT))});
        const [decimals, whole] = [notation(false), notation(true)];
        const numbers = JSON.parse(require("fs").readFileSync(0, "utf8")).map(Number);
        console.log(JSON.stringify(numbers.map((x) => [
            decimals.short(x), decimals.longer(x), decimals.factor(x), full(x),
            ...(x % 1 === 0 ? [whole.short(x), whole.longer(x)] : []),
        ])));
    """
    spelled = json.dumps([repr(x).replace("inf", "Infinity").replace("nan", "NaN") for x in numbers])
    run = subprocess.run(
        [node, "-e", program], input=spelled, capture_output=True, text=True, check=True, encoding="utf-8"
    )
    assert len(numbers) > 500
    for x, python, javascript in zip(numbers, expected, json.loads(run.stdout), strict=True):
        assert javascript == python, x


def test_log_of_a_fraction_is_typeset(opened: Callable[..., "Page"]) -> None:
    x, y = Value(2.0, "x"), Value(3.0, "rate")
    page = opened(log(x / y) ** 2)
    assert page.locator(".formula math mfrac").count() == 1
    assert page.locator(".formula math msup").count() == 1
    assert page.locator(".formula math").text_content() == "f=ln\u2061(xrate)2"
