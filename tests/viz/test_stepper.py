"""The pages of the stepper in a browser without a network: what is shown at every step is what was recorded."""

import json
import math
import re
import struct
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from autograd import Value, no_grad
from autograd.functions import dot, exp, log, sigmoid, tanh
from autograd.graph import order
from tests.viz.conftest import watch
from tests.viz.helpers import GOLDEN, HARDER, HOSTILE_LABELS, random_graph, values
from tests.viz.test_fold import network
from viz import draw
from viz.circuit import Circuit, circuit_of
from viz.expand import expanded
from viz.fold import folded
from viz.grouping import grouped
from viz.layout import gradient_text
from viz.notation import Notation, clipped, full
from viz.opening import opened as part_of
from viz.opening import openings
from viz.shapes import LEGEND
from viz.stepper import Stepper, step

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

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


def wandering(seed: int) -> Value:
    """Return the random graph of a seed, of at most 40 gates: a tour measures every text at every step."""
    return random_graph(Random(seed), 1 + seed * 4 // 5)


WANDERING: dict[str, Callable[[], Value]] = {f"random_{seed}": partial(wandering, seed) for seed in range(50)}
WALKED: dict[str, Callable[[], Value]] = {
    **GOLDEN,
    **{name: make for name, make in HARDER.items() if name != "random_250"},
    **WANDERING,
    "layer_with_forks": layer_with_forks,
    "square": square,
    "limits": limits,
}

# What a page shows after each of some moves: "next" presses that button, "ArrowLeft" the key, a number sets the slider.
WALK = """moves => {
    const one = selector => document.querySelector(selector);
    const words = text => [...text.childNodes].filter(n => n.nodeName !== 'title').map(n => n.textContent).join('');
    const texts = [...one('.stage:not([hidden]) > svg').querySelectorAll('.gw-gradient[data-wire]')];
    const slider = one('#slider');
    return moves.map(move => {
        if (move === 'ArrowLeft') document.body.dispatchEvent(new KeyboardEvent('keydown', {key: move, bubbles: true}));
        else if (move === 'next') one('[data-go=next]').click();
        else { slider.value = move; slider.dispatchEvent(new Event('input')); }
        return {
            gradients: texts.map(t => t.matches('.hidden') ? null : words(t)),
            said: one('[aria-live].unseen').textContent,
            panel: one('.panel').textContent,
            wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        };
    });
}"""

# Goes through all steps of the view that is shown, by the buttons and by the keys, there and back, and to each step by
# its gate; returns what is not as expected, and the numbers of the last step. A text is measured again only when it has
# changed.
TOUR = """expected => {
    const one = selector => document.querySelector(selector);
    const picture = one('.stage:not([hidden]) > svg');
    const all = selector => [...picture.querySelectorAll(selector)];
    const [texts, gates] = [all('text'), all('.gw-gate')];
    const rows = [...document.querySelectorAll('table:not([hidden]) tbody tr')];
    const [valueTexts, gradientTexts] = [all('.gw-value[data-wire]'), all('.gw-gradient[data-wire]')];
    const words = text => [...text.childNodes].filter(n => n.nodeName !== 'title').map(n => n.textContent).join('');
    const failures = [];
    const same = (step, what, shown, wanted) => {
        const [a, b] = [JSON.stringify(shown), JSON.stringify(wanted)];
        if (a !== b && failures.length < 10) failures.push(`step ${step}, ${what}: ${a} instead of ${b}`);
    };

    const place = element => {
        const [{left: x, top: y}, {left, top, right, bottom}] = [picture, element].map(e => e.getBoundingClientRect());
        return {left: left - x, top: top - y, right: right - x, bottom: bottom - y, element, text: words(element)};
    };
    const places = new Map();
    const box = element => {
        const data = element.firstChild?.data;
        if (!places.has(element) || places.get(element).data !== data) places.set(element, {...place(element), data});
        return places.get(element);
    };
    const overlap = (p, q) => Math.min(p.right, q.right) - Math.max(p.left, q.left) > 0.5
        && Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top) > 0.5
        && !(p.element.dataset.gate && p.element.dataset.gate === q.element.dataset.gate);
    let settled = new Set();  // what stood there a step ago stands on nothing else that did
    const crowded = () => {
        const boxes = [...texts.filter(text => !text.matches('.hidden')), ...gates].map(box);
        const fresh = boxes.filter(p => !settled.has(p));
        settled = new Set(boxes);
        return fresh.flatMap(p => boxes.filter(q => p !== q && overlap(p, q)).map(q => p.text + ' | ' + q.text));
    };
    const standing = () => gates.map(place).map(({left, top}) => `${left.toFixed(1)},${top.toFixed(1)}`).join(' ');
    const seen = text => text.matches('.hidden') ? null : words(text);

    const check = step => {
        same(step, 'count', one('.count').textContent, `step ${step} of ${expected.last}`);
        same(step, 'overlaps', crowded(), []);
        same(step, 'places of gates', standing(), first);
        expected.wires.forEach((wire, i) => {
            const [value, gradient] = [...rows[i].cells].slice(2).map(cell => [cell.textContent, cell.title]);
            const known = wire.since <= step;
            same(step, `value of wire ${i}`, seen(valueTexts[i]), known ? wire.value[0] : null);
            same(step, `value of row ${i}`, value, known ? wire.value : ['·', 'not yet']);
            const so_far = wire.gradients.filter(([since]) => since <= step).at(-1);
            same(step, `gradient of wire ${i}`, seen(gradientTexts[i]) !== null, so_far !== undefined);
            same(step, `gradient of row ${i}`, gradient, so_far ? so_far.slice(1) : ['·', 'not yet']);
        });
        const {working, active, locals} = expected.steps[step];
        same(step, 'at work', all('.gw-gate.working').map(g => Number(g.dataset.gate)), working);
        same(step, 'local gradients', all('.gw-local:not(.hidden)').length, locals);
        same(step, 'rows', rows.flatMap((row, i) => row.matches('.active') ? [i] : []), active);
        const panel = one('.panel').textContent;
        const told = expected.hostile.reduce((text, label) => text.replaceAll(label, ''), panel);
        same(step, 'holes', /undefined|NaN|[{}]/.test(told.replaceAll('nan', '')), false);
        const {scrollWidth, clientWidth} = document.documentElement;
        same(step, 'scrolling', [scrollX, scrollY, Math.max(0, scrollWidth - clientWidth)], [0, 0, 0]);
    };
    const state = () => [
        one('.count').textContent, one('.panel').textContent, one('[aria-live].unseen').textContent,
        ...texts.map(text => text.matches('.hidden') ? '' : text.textContent),
        ...all('[class]').map(element => element.getAttribute('class')),
        ...rows.flatMap(row => [row.className, ...[...row.cells].map(cell => cell.textContent + cell.title)]),
    ].join('\\n');

    const press = name => one(`[data-go=${name}]`).click();
    const type = (key, target = document.body) =>
        target.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
    press('last');
    press('first');
    const first = standing();
    const states = [];
    for (let step = 0; step <= expected.last; step++) {
        if (step) press('next');
        check(step);
        states.push(state());
    }
    same(expected.last, 'texts', gradientTexts.map(words), expected.wires.map(wire => wire.text));
    same(expected.last, 'next', one('[data-go=next]').disabled, true);
    const numbers = rows.map(row => [...row.cells].slice(2).map(cell => cell.title));
    const again = (step, what) => {
        if (state() !== states[step]) failures.push(`step ${step} by ${what} is another`);
    };
    for (let step = expected.last - 1; step >= 0; step--) { type('ArrowLeft'); again(step, 'ArrowLeft'); }
    for (let step = 1; step <= expected.last; step++) { type('ArrowRight'); again(step, 'ArrowRight'); }
    for (let step = expected.last - 1; step >= 0; step--) { press('back'); again(step, 'back'); }
    type('End'); again(expected.last, 'End');
    type('Home'); again(0, 'Home');
    press('last'); again(expected.last, 'last');
    gates.forEach((gate, i) => {
        gate.dispatchEvent(new MouseEvent('click', {bubbles: true}));
        again(expected.last - i, 'a click');
    });
    press('first'); again(0, 'first');
    gates.forEach((gate, i) => {
        type('Enter', gate);
        again(i + 1, 'Enter');
        type('Home');
    });
    return {failures, numbers};
}"""

# At every step of the closed view the toggle leads to the opened one and back to the same step.
TOGGLE = """last => {
    const [toggle, count] = [document.querySelector('#elementary'), document.querySelector('.count')];
    const lost = [];
    document.querySelector('[data-go=first]').click();
    for (let step = 0; step <= last; step++) {
        if (step) document.querySelector('[data-go=next]').click();
        const before = count.textContent;
        toggle.click();
        const opened = document.querySelector('.stage:not([hidden])').dataset.view;
        toggle.click();
        if (count.textContent !== before || opened !== '1') lost.push([before, opened, count.textContent]);
    }
    toggle.click();
    return lost;
}"""


def walk(page: "Page", last: int) -> list[dict[str, Any]]:
    """Return what a page shows at step 0, and then at each step that the next button leads to."""
    return page.evaluate(WALK, [0, *["next"] * last])


@pytest.fixture
def opened(page: "Page", complaints: list[str], tmp_path: Path) -> Iterator[Callable[..., "Page"]]:
    """Return how to open the page of a graph: from a file, with no network, at a fragment."""
    yield from opener(page, complaints, tmp_path / "page.html")


@pytest.fixture(scope="module")
def tour_page(browser: "Browser") -> Iterator[tuple["Page", list[str]]]:
    """One page, and its complaints, for all the tours: a page of its own for each would take most of the time."""
    context = browser.new_context(offline=True)
    page, complaints = context.new_page(), list[str]()
    watch(page, complaints)
    yield page, complaints
    context.close()


@pytest.fixture
def toured(tour_page: tuple["Page", list[str]], tmp_path: Path) -> Iterator[Callable[..., "Page"]]:
    """Return how to open a page in the one that all tours share."""
    yield from opener(*tour_page, tmp_path / "page.html")


def opener(page: "Page", complaints: list[str], file: Path) -> Iterator[Callable[..., "Page"]]:
    requests: list[str] = []
    pages = count()
    page.on("request", lambda request: requests.append(request.url))
    page.emulate_media(reduced_motion="reduce")

    def open_page(f: Value, fragment: str = "", name: str | None = None) -> "Page":
        fresh = file.with_stem(
            f"page{next(pages)}"
        )  # of a page that is there already, a browser would go to a fragment
        page.goto(f"{step(f, open=name).save(fresh).as_uri()}{fragment}")
        return page

    yield open_page
    assert complaints == []
    assert [url for url in requests if not url.startswith((file.parent.as_uri(), "data:,"))] == []


def last_of(circuit: Circuit) -> int:
    return 2 * len(circuit.boxes) + 1


def expected_of(circuit: Circuit) -> dict[str, Any]:
    """Return what a page is to show at each step, made from the records alone."""
    short, count, last = circuit.notation.short, len(circuit.boxes), last_of(circuit)
    index = {wire.node: wire.index for wire in circuit.wires}
    gradients: dict[int, list[tuple[int, str, str]]] = {wire.index: [] for wire in circuit.wires}
    for wire in circuit.wires:
        if wire.outside is not None:
            gradients[wire.index].append((count + 1, short(wire.outside), full(wire.outside)))
    for number, record in enumerate(circuit.backward, count + 2):
        for x, gradient in zip(record.inputs, record.after, strict=True):
            if x in index:
                gradients[index[x]].append((number, short(gradient), full(gradient)))
    at_work = [None, *range(count), None, *reversed(range(count))]
    seeded = [wire.index for wire in circuit.wires if wire.outside is not None]
    return {
        "last": last,
        "hostile": sorted({*HOSTILE_LABELS, *[clipped(label) for label in HOSTILE_LABELS]}, key=len, reverse=True),
        "wires": [
            {
                "since": 0 if wire.source is None else wire.source + 1,
                "value": [short(wire.value), full(wire.value)],
                "gradients": gradients[wire.index],
                "text": gradient_text(circuit, wire),
            }
            for wire in circuit.wires
        ],
        "steps": [
            {
                "working": [] if gate is None else [gate],
                "locals": 0 if gate is None else len(circuit.boxes[gate].pins),
                "active": seeded * (number == count + 1) if gate is None else [circuit.boxes[gate].wire],
            }
            for number, gate in enumerate(at_work)
        ],
    }


def tour(page: "Page", circuit: Circuit) -> list[list[str]]:
    """Go through all steps of the view that a page shows; return the values and gradients at the last one."""
    report = page.evaluate(TOUR, expected_of(circuit))
    assert report["failures"] == []
    return report["numbers"]


# ----------------------------------------------------------------------------------------------------------- every step


@pytest.mark.parametrize("name", WALKED)
def test_every_step_shows_what_was_recorded_by_buttons_and_by_keys(name: str, toured: Callable[..., "Page"]) -> None:
    f = WALKED[name]()
    circuit, expansion = circuit_of(f), expanded(f)
    page = toured(f)
    assert page.locator(".count").inner_text() == f"step 0 of {last_of(circuit)}"
    numbers = tour(page, circuit)
    f.backward()
    for wire, row in zip(circuit.wires, numbers, strict=True):  # of -0.0 and 0.0 no sum tells which
        assert as_numbers(row) == as_numbers([full(wire.node.data), full(wire.node.grad)])
    assert (page.locator("#elementary").count() == 1) is bool(expansion.owners)
    if expansion.owners:
        assert page.evaluate(TOGGLE, last_of(circuit)) == []
        if name not in WANDERING or name in list(WANDERING)[::3]:  # opened ones are large, and all made alike
            check_opened(page, f, expansion.root, numbers)


def check_opened(page: "Page", f: Value, root: Value, closed: list[list[str]]) -> None:
    """Compare the opened view with the records, and its inputs' gradients with those of the closed one."""
    numbers = tour(page, circuit_of(root))
    inputs = {wire.node: row for wire, row in zip(circuit_of(f).wires, closed, strict=True) if wire.source is None}
    for wire, row in zip(circuit_of(root).wires, numbers, strict=True):
        if wire.node in inputs:
            assert as_numbers(row) == pytest.approx(as_numbers(inputs[wire.node]), rel=1e-9, abs=1e-12)


def as_numbers(row: list[str]) -> list[float | None]:
    """Return what texts say; None for nan, which is equal to nothing."""
    return [None if text == "nan" else float(text.replace("−", "-").replace("∞", "inf")) for text in row]


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


def test_buttons_and_keys_stop_at_both_ends(opened: Callable[..., "Page"]) -> None:
    page = opened(GOLDEN["xyz"]())
    assert page.get_by_role("button", name="Back").is_disabled()
    for key, number in (
        ("ArrowRight", 1),
        ("Home", 0),
        ("ArrowLeft", 0),
        ("End", 5),
        ("ArrowRight", 5),
        ("ArrowLeft", 4),
    ):
        page.keyboard.press(key)
        assert shown_step(page) == number
    page.get_by_role("button", name="Last").click()
    assert page.get_by_role("button", name="Next").is_disabled()


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
    for _ in range(23):
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


def wait_for_fragment(page: "Page", fragment: str) -> None:
    """Wait until the address ends so; the page's policy forbids what Playwright's own waiting does."""
    for _ in range(100):
        if page.evaluate("location.hash") == fragment:
            return
        page.wait_for_timeout(50)
    assert page.evaluate("location.hash") == fragment


def test_the_fragment_restores_a_step_and_follows_it(opened: Callable[..., "Page"]) -> None:
    page = opened(GOLDEN["sigmoid_gate"](), "#step=4")
    assert shown_step(page) == 4
    page.keyboard.press("ArrowRight")
    wait_for_fragment(page, "#step=5")
    page.locator("#elementary").check()
    wait_for_fragment(page, "#step=8&gates=elementary")
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
    assert len(step(make()).html.encode()) < 165_000


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


def test_a_step_of_three_hundred_gates_changes_what_is_new_alone(opened: Callable[..., "Page"]) -> None:
    f = random_graph(Random(3), 295)
    assert len(step(f).html) < 3_000_000
    page = opened(f)
    usual = page.evaluate("""() => {
        const changes = [], observer = new MutationObserver(() => {});
        observer.observe(document.body, {subtree: true, childList: true, characterData: true, attributes: true});
        for (const key of ['Home', ...Array(40).fill('ArrowRight')]) {
            document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
            changes.push(observer.takeRecords().length);
        }
        return changes.sort((a, b) => a - b)[Math.floor(changes.length / 2)];
    }""")
    assert usual < 100


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


# --------------------------------------------------------------------------------------------- graphs too large to draw


def moons() -> Value:
    """A network that is folded: stacks of eight samples, a penalty, a loss."""
    return network((2, 4, 4, 1), 8, bias=-0.3)


CORNER = {"x": 100.0, "y": 4.0}  # of a card, where no text stands


def card(page: "Page", name: str) -> "Locator":
    return page.get_by_role("button", name=f"{name}: open it", exact=True)


def test_every_part_of_a_folded_graph_opens_on_the_page_and_steps(toured: Callable[..., "Page"]) -> None:
    f = moons()
    page, parts = toured(f), folded(f)
    carried = [opening for opening in openings(grouped(f)) if opening.circuit]
    assert {opening.name for opening in carried} >= {unit.name for unit in parts.units} | {"layer1", "layer3"}
    f.backward()
    for opening in carried:
        card(page, opening.name).click(position=CORNER)
        page.locator(".stage:not([hidden])").wait_for()
        name = f"{opening.name}[{opening.sample}]" if opening.samples else opening.name
        circuit = part_of(f, name)
        numbers = tour(page, circuit)
        gates = [(wire, row) for wire, row in zip(circuit.wires, numbers, strict=True) if wire.source is not None]
        for wire, row in gates:
            assert as_numbers(row) == pytest.approx([wire.node.data, wire.node.grad], rel=1e-12)
        page.keyboard.press("Escape")
        assert page.locator(".overview").is_visible()


def test_a_part_opens_by_a_click_by_enter_and_by_its_name_and_closes_again(opened: Callable[..., "Page"]) -> None:
    page = opened(moons())
    assert page.locator(".steps").is_hidden()
    card(page, "layer2/neuron3").focus()
    page.keyboard.press("Enter")
    page.get_by_text("layer2/neuron3, sample 5 of 8: 9 of 621 gates").wait_for()
    assert page.locator(".overview").is_hidden()
    assert page.evaluate("document.activeElement.innerText").strip() == "All parts"
    page.keyboard.press("ArrowRight")
    assert shown_step(page) == 1
    page.get_by_role("button", name="All parts").click()
    assert page.locator(".steps").is_hidden()
    assert page.evaluate("document.activeElement.ariaLabel") == "layer2/neuron3: open it"
    page.locator("#part").select_option("layer1/neuron0")
    page.get_by_text("layer1/neuron0, sample 5 of 8: 5 of 621 gates").wait_for()
    card_text = page.locator(".opened").inner_text()
    assert card_text.endswith('; step(f, open="layer1/neuron0[5]") shows the next sample')


def test_the_address_tells_which_part_is_open(opened: Callable[..., "Page"]) -> None:
    page = opened(moons(), "#open=layer1/neuron2&step=3")
    page.get_by_text("step 3 of 11").wait_for()
    page.keyboard.press("ArrowRight")
    wait_for_fragment(page, "#open=layer1/neuron2&step=4")
    page.keyboard.press("Escape")
    assert page.evaluate("location.hash") == ""
    page.go_back()
    page.get_by_text("step 4 of 11").wait_for()
    page.evaluate("location.hash = '#open=nothing'")
    page.locator(".overview").wait_for()


def test_what_is_too_large_or_left_out_says_how_to_open_it(
    opened: Callable[..., "Page"], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("viz.stepper.MOST_BYTES", 20_000)
    page = opened(network((2, 19, 19, 1), 8))
    card(page, "layer2").click(position=CORNER)
    said = page.locator(".opened")
    assert "'layer2' has 741 gates, too many for one picture (at most 300): open one of" in said.inner_text()
    card(page, "layer2/neuron18").click(position=CORNER)
    left_out = "'layer2/neuron18' is left out to keep this page small: step(f, open=\"layer2/neuron18\") opens it"
    assert said.inner_text() == left_out
    assert page.locator(".overview").is_visible()


def test_a_part_that_others_read_too_starts_from_what_they_hand_back(opened: Callable[..., "Page"]) -> None:
    x = Value(3.0, "x")
    inner = x * 2.0
    inner.label = "unit/inner"
    outer = inner * inner
    outer.label = "unit/inner"
    f = outer + inner * 5.0
    circuit = part_of(f, "unit")
    assert [(wire.name, wire.outside) for wire in circuit.wires] == [("x", None), ("inner", 5.0), ("inner", 1.0)]
    f.backward()
    assert circuit.wires[1].gradient == inner.grad == 17.0
    tour(opened(f, name="unit"), circuit)


def test_a_browser_that_cannot_unpack_a_part_says_so(page: "Page", opened: Callable[..., "Page"]) -> None:
    page.add_init_script("delete window.DecompressionStream")
    opened(moons())
    card(page, "layer2/neuron3").click(position=CORNER)
    assert "too old to unpack parts" in page.locator(".opened").inner_text()
    assert page.locator(".overview").is_visible()


def test_all_parts_of_the_moons_network_fit_on_a_laptop(page: "Page", opened: Callable[..., "Page"]) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    opened(network((2, 16, 16, 1), 20))
    wide, room = page.locator(".overview").evaluate("card => [card.scrollWidth, card.clientWidth]")
    assert wide <= room


def test_the_page_of_the_moons_loss_is_small_and_is_what_draw_saves(tmp_path: Path) -> None:
    f = network((2, 16, 16, 1), 100, bias=-0.7)
    html = step(f).html
    assert len(html.encode()) < 1_000_000
    assert draw(f).save(tmp_path / "f.html").read_text(encoding="utf-8") == html
    assert html.count('"packed"') == 33 + 2  # every neuron, and two layers


def test_an_argument_opens_one_part_alone(opened: Callable[..., "Page"]) -> None:
    f = moons()
    page = opened(f, name="layer2/neuron3[5]")
    circuit = part_of(f, "layer2/neuron3[5]")
    tour(page, circuit)
    assert page.locator(".parts").count() == 0
    with pytest.raises(ValueError, match="there is no part 'layer9'"):
        step(f, open="layer9")


def test_hostile_parts_are_text(opened: Callable[..., "Page"]) -> None:
    f = Value(1.0, HOSTILE_LABELS[0])
    for i, label in enumerate(HOSTILE_LABELS * 25):
        f = f * Value(1.01, label)
        f.label = f"{label.replace('/', '|') or 'x'}/<b>{i % 2}</b>"
    page = opened(f)
    for option in page.locator("#part option").all()[1:6]:
        page.locator("#part").select_option(option.get_attribute("value"))
        page.locator(".stage:not([hidden])").wait_for()
        walk(page, 3)
        page.keyboard.press("Escape")
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 2


# ---------------------------------------------------------------------------------------------------------- small print


@pytest.mark.parametrize("width", [1280, 420])
@pytest.mark.parametrize("name", ["sigmoid_neuron", "chain", "wide_dot", "hidden_layer"])
def test_numbers_can_be_read_and_wide_circuits_scroll_in_their_box(
    name: str, width: int, page: "Page", opened: Callable[..., "Page"]
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    opened(WALKED[name](), "#step=1")
    sizes = page.evaluate("""() => {
        const picture = document.querySelector('.stage:not([hidden]) > svg');
        const scale = picture.getBoundingClientRect().width / picture.viewBox.baseVal.width;
        const [text, box] = [picture.querySelector('.gw-value'), document.querySelector('.scroll')];
        return [scale * text.getAttribute('font-size'), box.scrollWidth > box.clientWidth + 1, box.tabIndex];
    }""")
    assert sizes[0] >= 12.9
    scrolls_higher = page.evaluate("(b => b.scrollHeight > b.clientHeight + 1)(document.querySelector('.scroll'))")
    assert (sizes[2] == 0) is (sizes[1] or scrolls_higher)


@pytest.mark.parametrize("width", [1280, 420])
@pytest.mark.parametrize("name", ["chain", "mlp_operators"])
def test_the_gate_at_work_is_in_sight_and_the_page_stays(
    name: str, width: int, page: "Page", opened: Callable[..., "Page"]
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    opened(WALKED[name]())
    hidden = page.evaluate("""async () => {
        const hidden = [];
        for (;;) {
            document.querySelector('[data-go=next]').click();
            await new Promise(requestAnimationFrame);
            const [gate, box] = ['.stage:not([hidden]) .gw-ring', '.scroll'].map(s => document.querySelector(s));
            const [inner, outer] = [gate ?? box, box].map(e => e.getBoundingClientRect());
            const inside = inner.left >= outer.left && inner.right <= outer.right && inner.top >= outer.top
                && inner.bottom <= outer.bottom;
            if (!inside || scrollX || scrollY) hidden.push(document.querySelector('.count').textContent);
            if (document.querySelector('[data-go=next]').disabled) return hidden;
        }
    }""")
    assert hidden == []
    before = page.evaluate("document.querySelector('.scroll').scrollLeft")
    page.keyboard.press("Shift+ArrowLeft")
    assert page.evaluate("document.querySelector('.scroll').scrollLeft") <= before
    assert shown_step(page) == last_of(circuit_of(WALKED[name]()))
