"""Lessons on the page: other numbers give what the engine gives, answers the verdicts that Python gives."""

import builtins
import json
import math
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

import pytest

from autograd import DomainError, Value
from autograd.functions import exp, log, max, relu, sqrt
from autograd.gates import GATES, Gate
from autograd.value import apply
from tests.viz.conftest import watch
from tests.viz.helpers import DRAWN, GOLDEN, HARDER, RANDOM, random_graph
from tests.viz.test_stepper import as_numbers, layer_with_forks, opener, shown_step, wait_for_fragment
from viz.bugs import BUGS, broken
from viz.circuit import Circuit, circuit_of
from viz.exercises import VERDICTS, Exercise, exercise, near, worked_out
from viz.lessons import Cards
from viz.narration import differ
from viz.notation import portable
from viz.stepper import step

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

largest = builtins.max

ASKED = [
    make for name, make in DRAWN.items() if name in [*GOLDEN, "cube", "diamonds", "softmax_loss"] or name in RANDOM
]

LESSONS = Path(__file__).resolve().parents[2] / "viz" / "lessons.js"


@pytest.fixture(scope="module")
def shared(browser: "Browser") -> Iterator[tuple["Page", list[str]]]:
    context = browser.new_context(offline=True)
    page, complaints = context.new_page(), list[str]()
    watch(page, complaints)
    yield page, complaints
    context.close()


@pytest.fixture
def opened(shared: tuple["Page", list[str]], tmp_path: Path) -> Iterator[Callable[..., "Page"]]:
    """Return how to open the page of a graph, at a fragment; it may complain of nothing, and ask for nothing."""
    shared[0].set_viewport_size({"width": 1280, "height": 900})
    yield from opener(*shared, tmp_path / "page.html")


# ------------------------------------------------------------------------------------------------------------- what if

# Gives the inputs other numbers; returns the values and gradients in the table, the status and the circuit's texts.
CHANGE = """numbers => {
    const fields = [...document.querySelectorAll('.tool input[type=number]')];
    fields.forEach((field, i) => { field.value = numbers[i]; field.dispatchEvent(new Event('input')); });
    document.querySelector('[data-go=last]').click();
    const rows = [...document.querySelectorAll('table[data-view]:not([hidden]) tbody tr')];
    const texts = kind => [...document.querySelectorAll(`.stage:not([hidden]) ${kind}[data-wire]`)];
    return {
        numbers: rows.map(row => [...row.cells].slice(2).map(cell => cell.title)),
        status: document.querySelector('.tool [role=status]').textContent,
        alarm: document.querySelector('.tool .alarm') !== null,
        values: texts('.gw-value').map(text => text.firstChild.data),
        panel: document.querySelector('.panel').textContent,
        fields: fields.length,
    };
}"""


def leaves_of(circuit: Circuit) -> list[Value]:
    return [wire.node for wire in circuit.wires if wire.source is None and not wire.node.is_constant]


def at(f: Value, numbers: list[float]) -> Circuit:
    """Return the circuit of f at other numbers, by the engine."""
    for leaf, number in zip(leaves_of(circuit_of(f)), numbers, strict=True):
        leaf.data = number
    return circuit_of(f)


def check_numbers(found: list[list[str]], circuit: Circuit) -> None:
    """Compare what a page shows with the engine: to 12 digits, of sums of the largest number in them."""
    for place in (0, 1):
        expected = [(wire.value, wire.gradient)[place] for wire in circuit.wires]
        size = largest([abs(x) for x in expected if math.isfinite(x)], default=0.0)
        for row, x in zip(found, expected, strict=True):
            shown = as_numbers(row)[place]
            assert (math.nan if shown is None else shown) == pytest.approx(x, rel=1e-12, abs=1e-13 * size, nan_ok=True)


@pytest.mark.parametrize(
    "name", [*GOLDEN, "wide_dot", "softmax_loss", "cube", "diamonds", *[f"random_{i}" for i in range(2, 60, 4)]]
)
def test_other_numbers_give_what_the_engine_gives(name: str, opened: Callable[..., "Page"]) -> None:
    f = (GOLDEN | HARDER | RANDOM)[name]()
    rng, leaves = Random(name), leaves_of(circuit_of(f))
    page = opened(f, "#mode=what-if")
    for _ in range(3):
        numbers = [round(rng.uniform(-2, 2), 3) for _ in leaves]
        shown = page.evaluate(CHANGE, numbers)
        assert shown["fields"] == len(leaves)
        circuit = at(f, numbers)
        check_numbers(shown["numbers"], circuit)
        assert not shown["alarm"]
        assert shown["status"].startswith("The gradients promise")
        # a rounding error may decide how the last digit of a text is rounded
        short = [circuit.notation.short(wire.value) for wire in circuit.wires]
        assert sum([a != b for a, b in zip(shown["values"], short, strict=True)]) <= len(short) // 20


@pytest.mark.parametrize("name", ["sigmoid_gate", "hidden_layer"])
def test_the_opened_view_follows_too_and_reset_restores_what_was_recorded(
    name: str, opened: Callable[..., "Page"]
) -> None:
    f = GOLDEN[name]()
    recorded = circuit_of(f)
    page = opened(f, "#mode=what-if")
    before = page.evaluate(CHANGE, [leaf.data for leaf in leaves_of(recorded)])["numbers"]
    numbers = [0.25 * i - 0.7 for i in range(len(leaves_of(recorded)))]
    closed = page.evaluate(CHANGE, numbers)["numbers"]
    page.locator("#elementary").check()
    opened_rows = page.evaluate(CHANGE, numbers)["numbers"]
    assert len(opened_rows) > len(closed)
    names = page.locator("table[data-view]:not([hidden]) tbody th").all_inner_texts()
    rows = dict(zip(names, opened_rows, strict=True))
    circuit = at(f, numbers)
    page.locator("#elementary").uncheck()
    names = page.locator("table[data-view]:not([hidden]) tbody th").all_inner_texts()
    for row_name, wire in zip(names, circuit.wires, strict=True):
        assert as_numbers(rows[row_name]) == pytest.approx([wire.value, wire.gradient], rel=1e-9)
    page.get_by_role("button", name="Reset").click()
    page.keyboard.press("End")
    again = page.evaluate(CHANGE, [wire.value for wire in recorded.wires if wire.node in leaves_of(recorded)])
    assert again["numbers"] == before


FAR = "That is much, for the nudge is large: a slope holds near its point alone. Try a smaller one."


def test_the_prediction_stands_beside_the_truth(opened: Callable[..., "Page"]) -> None:
    page = opened(GOLDEN["xyz"](), "#mode=what-if")
    shown = page.evaluate(CHANGE, [-1, 5, -3])  # gradients -4, -4, 3; from -12
    assert shown["status"] == "The gradients promise f ≈ −12 + (−1) = −13; the truth is f = −12, off by 1. " + FAR
    assert "∂f/∂z = 4" in shown["panel"]
    assert page.locator(".inputs").inner_text().split("\n") == ["x = −1", "y = 5", "z = −3"]
    shown = page.evaluate(CHANGE, [-1.5, 5, -4])
    assert (
        shown["status"] == "The gradients promise f ≈ −12.00 + (−2.00) = −14.00; the truth is f = −14.00, off by 0.00."
    )


def test_a_prediction_that_fails_says_why_and_one_that_does_not_says_nothing(opened: Callable[..., "Page"]) -> None:
    page = opened(GOLDEN["sigmoid_neuron"](), "#mode=what-if")
    assert page.evaluate(CHANGE, [2, 1, -3, -2, -3])["status"].endswith(f"= 0.9933, off by −0.5242. {FAR}")
    assert FAR not in page.evaluate(CHANGE, [2, -1.01, -3, -2, -3])["status"]


def test_what_is_read_aloud_follows_other_numbers(opened: Callable[..., "Page"]) -> None:
    page = opened(Value(3, "x") * Value(4, "y"), "#mode=what-if")
    page.locator("#slider").fill("3")
    assert page.locator(".unseen[aria-live]").inner_text().endswith("x gets 4, y gets 3.")
    fields = page.locator(".tool input[type=number]")
    fields.nth(1).fill("7")
    assert page.locator(".unseen[aria-live]").inner_text().endswith("x gets 7, y gets 3.")


def test_leaving_a_domain_is_told_in_words_and_changes_nothing(opened: Callable[..., "Page"]) -> None:
    x = Value(2.0, "rate")
    page = opened(log(x - 1.0) + sqrt(x), "#mode=what-if")
    before = page.evaluate(CHANGE, [3])
    shown = page.evaluate(CHANGE, [0.5])
    assert (shown["alarm"], shown["numbers"]) == (True, before["numbers"])
    assert shown["status"] == "log needs x > 0, got x = −0.5, from a: the circuit keeps its last numbers."
    assert not page.evaluate(CHANGE, [4])["alarm"]
    page = opened(sqrt(Value(2.0, "x")), "#mode=what-if")
    assert page.evaluate(CHANGE, [0])["status"].startswith("The slope of sqrt needs x > 0, got x = 0, from x:")


def test_kinks_and_overflows_are_told_of_other_numbers_too(opened: Callable[..., "Page"]) -> None:
    page = opened(relu(Value(1.0, "x")), "#mode=what-if")
    assert "a kink: by convention x gets 0 here" in page.evaluate(CHANGE, [0])["panel"]
    x = Value(1.0, "x")
    page = opened(max(x, x) + exp(x), "#mode=what-if")
    assert "kink" not in page.evaluate(CHANGE, [2])["panel"]
    page.evaluate(CHANGE, [1000])
    page.locator("#slider").fill("2")
    assert "overflow: too large for a float" in page.locator(".panel").inner_text()


def test_a_slider_and_the_address_change_inputs_and_keys_do_not_step(opened: Callable[..., "Page"]) -> None:
    page = opened(GOLDEN["xyz"](), "#step=1&mode=what-if&inputs=,7,")
    assert (
        page.locator("table[data-view] tbody td.value, table[data-view] tbody td").nth(4).get_attribute("title") == "7"
    )
    slider = page.get_by_label("x, as a slider")
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert shown_step(page) == 1
    assert page.locator(".tool input[type=number]").first.input_value() != "-2"
    page.get_by_role("button", name="Reset").click()
    wait_for_fragment(page, "#step=1&mode=what-if")
    page.get_by_role("button", name="Step", exact=True).click()
    wait_for_fragment(page, "#step=1")
    assert page.locator(".tool").is_hidden()


def test_other_inputs_are_seen_to_work_at_once(opened: Callable[..., "Page"]) -> None:
    page = opened(GOLDEN["xyz"]())
    page.get_by_role("button", name="What if").click()
    assert shown_step(page) == 5
    assert all(seen_gradients(page))


def test_a_huge_number_survives_in_the_address(opened: Callable[..., "Page"]) -> None:
    page = opened(GOLDEN["xyz"](), "#step=1&mode=what-if")
    page.evaluate(CHANGE, [-2, 5, 3e25])
    wait_for_fragment(page, "#step=5&mode=what-if&inputs=,,3e25")
    page.reload()
    assert page.locator(".tool input[type=number]").last.input_value() == "3e+25"


def test_a_card_that_only_python_can_run_says_so(opened: Callable[..., "Page"]) -> None:
    gate = Gate("</script>", "s", "scaler", lambda x: math.sin(x), lambda z, x: (math.cos(x),))
    page = opened(apply(gate, Value(1.0, "x")), "#mode=what-if")
    assert "The rule of the </script> gate is known to Python alone" in page.locator(".tool").inner_text()


@pytest.mark.parametrize("name", GATES)
def test_every_card_is_printed_as_it_computes(name: str, node: str) -> None:
    gate, rng, cards = GATES[name], Random(name), Cards()
    inputs = gate.arity or 5
    cards.add(gate, inputs)
    special = [0.0, 1.0, -1.0, 2.0, -3.0, 800.0, math.inf, -math.inf]
    points = [[rng.uniform(*gate.probe) for _ in range(inputs)] for _ in range(20)]
    points += [[rng.choice(special) for _ in range(inputs)] for _ in range(40)]
    points = [xs for xs in points if not gate.domain.lacks_value(*xs) and not gate.domain.lacks_slope(*xs)]
    spelled = json.dumps(points).replace("-Infinity", '"-Infinity"').replace(" Infinity", ' "Infinity"')
    spelled = spelled.replace("[Infinity", '["Infinity"')
    program = f"""
        {LESSONS.read_text(encoding="utf-8").split("class Program")[0]}
        {cards.script.split(";", 1)[1]}
        console.log(JSON.stringify({spelled}.map((given) => {{
            const x = given.map(Number);
            const z = CARDS[0].forward(x);
            return [z, ...CARDS[0].partials(z, x), CARDS[0].lacksValue(x) || CARDS[0].lacksSlope(x)].map(String);
        }})));
    """
    run = subprocess.run([node, "-"], input=program, capture_output=True, text=True, check=True, encoding="utf-8")
    for xs, (*shown, lacks) in zip(points, json.loads(run.stdout), strict=True):
        z = gate.forward(*xs)
        expected = [z, *gate.partials(z, *xs)]
        assert [float(x) for x in shown] == pytest.approx(expected, rel=1e-12, abs=1e-300, nan_ok=True), xs
        assert lacks == "false"


def test_a_card_of_many_inputs_is_as_short_as_its_rule() -> None:
    for name in ("logsumexp", "max", "dot"):
        cards = Cards()
        cards.add(GATES[name], 100)
        assert len(cards.script) < 30_000


# ---------------------------------------------------------------------------------------------- predict, then reveal


def answer(page: "Page", text: str) -> str:
    page.locator(".tool .answer").fill(text)
    page.keyboard.press("Enter")
    return page.locator(".tool [role=status]").inner_text()


def seen_gradients(page: "Page") -> list[bool]:
    texts = page.locator(".stage:not([hidden]) .gw-gradient[data-wire]")
    return texts.evaluate_all("texts => texts.map(text => !text.matches('.hidden'))")


def test_gradients_are_hidden_until_they_are_answered(opened: Callable[..., "Page"]) -> None:
    page = opened(GOLDEN["xyz"](), "#mode=predict")
    assert seen_gradients(page) == [False, False, False, False, True]
    assert page.locator(".panel").is_hidden()
    assert page.locator(".controls").is_hidden()
    assert "Question 1 of 4" in page.locator(".tool").inner_text()
    assert answer(page, "seven") == "That is no number: write it like -0.25."
    assert answer(page, "−4") == "∂f/∂q = −4: right."
    assert sum(seen_gradients(page)) == 2
    assert answer(page, "-3") == "∂f/∂z = −3: off by a sign. It is 1 × 3 = 3."
    assert answer(page, "-4") == "∂f/∂x = −4: right."
    answer(page, "-4")
    assert "3 of 4 right, 1 wrong" in page.locator(".tool").inner_text()
    assert all(seen_gradients(page))
    wait_for_fragment(page, "#step=0&mode=predict&answers=-4,-3,-4,-4")
    page.reload()
    assert "3 of 4 right" in page.locator(".tool").inner_text()
    page.get_by_role("button", name="Start again").click()
    assert sum(seen_gradients(page)) == 1


def mistaken(asked: Exercise, rng: Random) -> list[float]:
    """Return answers to all questions: right ones, rounded ones, slips, right steps and slips from slips, nonsense."""
    answers: list[float] = []
    for question in asked.questions:
        true = [term.upstream for term in question.terms]
        own = [1.0 if term.source is None else answers[term.source - 1] for term in question.terms]
        sums = [question.faithful, *[linear for sums in question.mistakes.values() for linear in sums]]
        exact = worked_out(rng.choice([question.faithful, rng.choice(sums)]), rng.choice([true, own]))
        answers.append(rng.choice([exact, exact, round(exact, 2), float(f"{exact:.1g}"), rng.uniform(-9, 9)]))
    return answers


def judged_by_the_page(node: str, sheets: list[tuple[Exercise, list[list[float]]]]) -> list[list[dict[str, Any]]]:
    """Return what the page's script says of each list of answers: kinds, words and a summary."""
    given = [
        {"exercise": asked.recorded(), "answers": [[repr(x) for x in answers] for answers in lists]}
        for asked, lists in sheets
    ]
    given = [{**each, "whole": asked.circuit.notation.whole} for each, (asked, _) in zip(given, sheets, strict=True)]
    program = f"""
        {Cards().script}
        {LESSONS.read_text(encoding="utf-8")}
        {LESSONS.with_name("stepper.js").read_text(encoding="utf-8")}
        const number = (text) => Number(text.replace("inf", "Infinity").replace("nan", "NaN"));
        const judged = ({{ exercise, answers, whole }}) => answers.map((list) => {{
            const judge = new Judge(exercise);
            list.forEach((text) => judge.add(number(text)));
            const write = notation(whole).longer;
            return {{
                kinds: judge.given.map(({{ kind }}) => kind),
                words: judge.given.map((judged, i) => judge.words(i, judged, write)),
                summary: judge.summary,
            }};
        }});
        console.log(JSON.stringify({json.dumps(given, allow_nan=False)}.map(judged)));
    """
    run = subprocess.run([node, "-"], input=program, capture_output=True, text=True, check=True, encoding="utf-8")
    return json.loads(run.stdout)  # type: ignore[no-any-return]


def test_the_page_judges_as_python_does(node: str) -> None:
    rng = Random(8)
    sheets = [(asked, [mistaken(asked, rng) for _ in range(8)]) for asked in map(exercise, [make() for make in ASKED])]
    kinds, rough = set(), False
    for (asked, lists), told in zip(sheets, judged_by_the_page(node, sheets), strict=True):
        for answers, found in zip(lists, told, strict=True):
            result = asked.check(answers)
            assert found["kinds"] == [verdict.kind for verdict in result.verdicts]
            assert found["words"] == [verdict.words for verdict in result.verdicts]
            assert found["summary"] == result.summary
            kinds |= {(verdict.kind, bool(verdict.slips)) for verdict in result.verdicts}
            rough |= any(verdict.rough for verdict in result.verdicts)
    assert {kind for kind, _ in kinds} == VERDICTS.keys() - {"no answer", "not a number"}
    assert {kind for kind, own in kinds if own} >= {"carried", "sign", "operand", "loose"}
    assert rough


def test_rules_that_both_sides_need_are_printed_as_they_compute(node: str) -> None:
    some = [0.0, -0.0, 1.0, -1.0, 0.004, 0.0049, 0.005, 0.3932, 0.4, 1e-13, 1e300, math.inf, -math.inf, math.nan]
    points = [(x, y, *measure) for x in some for y in some for measure in ((0.01, 0.005), (1e-9, 0.0))]
    moves = [(x, y, 2.0, 3.0, 1e-7) for x in some for y in some]
    spelled = [[[portable(x) for x in point] for point in each] for each in (points, moves)]
    program = f"""
        {Cards().script}
        const [points, moves] = {json.dumps(spelled, allow_nan=False)};
        const said = (rule, xs) => xs.map((point) => rule(...point.map(Number)));
        console.log(JSON.stringify([said(near, points), said(slopesDiffer, moves)]));
    """
    run = subprocess.run([node, "-"], input=program, capture_output=True, text=True, check=True, encoding="utf-8")
    assert json.loads(run.stdout) == [[bool(near(*p)) for p in points], [bool(differ(*p)) for p in moves]]


@pytest.mark.parametrize("name", ["sigmoid_neuron", "gate_patterns"])
def test_the_page_lists_the_verdicts_of_the_answers_in_the_address(name: str, opened: Callable[..., "Page"]) -> None:
    f, rng = GOLDEN[name](), Random(name)
    answers = mistaken(exercise(f), rng)
    page = opened(f, f"#mode=predict&answers={','.join(map(repr, answers))}")
    result = exercise(f).check(answers)
    said = [*page.locator(".answers li").all_inner_texts(), page.locator(".tool [role=status]").inner_text()]
    for line, verdict in zip(said, result.verdicts, strict=True):
        assert verdict.words in line
    assert page.locator(".tool h2").inner_text() == result.summary


def test_the_newest_verdict_stands_once_and_older_ones_whole(opened: Callable[..., "Page"]) -> None:
    f = GOLDEN["sigmoid_neuron"]()
    answers = [-question.answer for question in exercise(f).questions]
    for given in (answers[:7], answers):
        page = opened(f, f"#mode=predict&answers={','.join(map(repr, given))}")
        newest = page.locator(".tool [role=status]").inner_text()
        lines = page.locator(".answers li")
        assert newest not in lines.all_inner_texts()
        assert lines.count() == len(given) - 1
        cut = """lines => lines.filter(line => {
            const [box, place] = [line.parentElement, line].map(e => e.getBoundingClientRect());
            return place.top < box.top - 1 && place.bottom > box.top + 1;
        }).length"""
        assert lines.evaluate_all(cut) == 0


def test_what_a_question_needs_is_in_sight_in_the_table(opened: Callable[..., "Page"]) -> None:
    page = opened(GOLDEN["sigmoid_neuron"](), "#mode=predict")
    seen = """name => {
        const row = [...document.querySelectorAll('tbody tr')].find(row => row.cells[0].textContent === name);
        const [box, place] = [row.closest('.wires'), row].map(e => e.getBoundingClientRect());
        return place.top >= box.top && place.bottom <= box.bottom;
    }"""
    for name in ("f", "m"):
        page.wait_for_function(seen, arg=name)  # it scrolls smoothly


def test_a_correction_shows_the_working_of_a_slope_that_has_one(opened: Callable[..., "Page"]) -> None:
    page = opened(reciprocal(), "#mode=predict")
    assert "written with f, the gate's own output" in page.locator(".tool .own").inner_text()
    said = re.sub(r"\s", "", normalize("NFKC", answer(page, "-1.87")))
    assert said.startswith("∂f/∂m=−1.87:wrong.Itis1.00×(−0.5344)=−0.5344,with∂f/∂m=")
    assert said.endswith("=(−0.7311)·0.7311=−0.5344.")
    page = opened(exp(Value(1.0, "x")) * Value(2.0, "y"), "#mode=predict")
    assert "with" not in answer(page, "9.9")  # a factor is what it is


@pytest.mark.parametrize("name", ["w1", "x1"])
def test_the_page_knows_a_slip_from_a_rounded_answer(name: str, node: str) -> None:
    asked = exercise(GOLDEN["sigmoid_neuron"]())
    write = asked.circuit.notation.rounded
    answers = [write(q.answer) * (-1 if q.name == name else 1) for q in asked.questions]
    ((told,),) = judged_by_the_page(node, [(asked, [answers])])
    assert told["words"] == [verdict.words for verdict in asked.check(answers).verdicts]
    assert [kind for kind in told["kinds"] if kind != "right"] == ["sign"]


def test_a_loose_step_from_a_slip_is_not_asked_for_once_more(opened: Callable[..., "Page"]) -> None:
    page = opened(GOLDEN["sigmoid_neuron"](), "#mode=predict")
    for text in ("-0.53", "-0.53", "-0.63", "0.63"):
        answer(page, text)
    assert "carried on from an earlier slip" in answer(page, "0.6")
    assert page.locator(".tool h2").inner_text() == "Question 6 of 12"


def reciprocal() -> Value:
    """Return 1 / m, whose gradient −f · f is written with its own output; x0 has a number in its name."""
    m = Value(math.exp(-1), "x0") + 1.0
    m.label = "m"
    f = m.reciprocal()
    f.label = "f"
    return f


def test_a_question_says_how_exact_the_answer_must_be_and_asks_again_where_it_is_not(
    opened: Callable[..., "Page"],
) -> None:
    page = opened(reciprocal(), "#mode=predict")
    assert "two decimals are enough" in page.locator(".tool form").inner_text()
    assert answer(page, "-0.5") == "∂f/∂m = −0.50 is close: round to two decimals, and answer once more."
    assert "Question 1 of 2" in page.locator(".tool h2").inner_text()
    assert answer(page, "-0.53") == "∂f/∂m = −0.53: right."
    page = opened(GOLDEN["xyz"](), "#mode=predict")
    assert "a whole number" in page.locator(".tool form").inner_text()


def test_a_question_shows_the_slope_at_length_and_one_spelling_of_names(opened: Callable[..., "Page"]) -> None:
    page = opened(reciprocal(), "#mode=predict")
    chain = re.sub(r"\s", "", normalize("NFKC", page.locator(".chain").inner_text()))
    assert chain == "(−f)·f=(−1m)·1m=(−0.7311)·0.7311"
    answer(page, "-0.53")
    assert page.locator(".tool form sub, .tool .term sub").all_inner_texts() == ["0"] * 2
    wraps = page.locator(".tool .derivative").evaluate_all("es => es.map(e => getComputedStyle(e).whiteSpace)")
    assert set(wraps) == {"nowrap"}
    page.get_by_role("button", name="Step", exact=True).click()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    assert "the gate's own output" in page.locator(".panel .own").inner_text()


def test_an_upstream_gradient_stands_in_the_question_that_needs_it_and_a_slip_is_told_as_such(
    opened: Callable[..., "Page"],
) -> None:
    page = opened(GOLDEN["xyz"](), "#mode=predict")
    assert "the seed" in page.locator(".box.upstream").inner_text()
    answer(page, "4")
    answer(page, "3")
    box = page.locator(".box.upstream").inner_text().split("\n")
    assert [line for line in box if line] == ["upstream ∂f/∂q, answer 1", "−4", "yours was 4"]
    assert page.locator(".slip").inner_text().startswith("Yours was not right: go on from the true number.")
    assert answer(page, "4") == (
        "∂f/∂x = 4: right but for an earlier slip, from your own upstream 4. It is −4 × 1 = −4."
    )
    assert answer(page, "20") == (
        "∂f/∂y = 20: used the wrong operand for the local gradient, from your own upstream 4. It is −4 × 1 = −4."
    )
    assert page.locator(".tool h2").inner_text() == "1 of 4 right, 1 right but for an earlier slip, 2 wrong"


@pytest.mark.parametrize("size", [(1280, 900), (1024, 768), (390, 844)])
@pytest.mark.parametrize("name", ["sigmoid_neuron", "hidden_layer", "softmax_loss"])
def test_the_card_of_questions_does_not_scroll_and_cuts_nothing_off(
    name: str, size: tuple[int, int], opened: Callable[..., "Page"], shared: tuple["Page", list[str]]
) -> None:
    shared[0].set_viewport_size({"width": size[0], "height": size[1]})
    f = (GOLDEN | HARDER)[name]()
    answers = [-question.answer for question in exercise(f).questions][:-1]
    page = opened(f, f"#mode=predict&answers={','.join(map(repr, answers))}")
    overflows = "e => [e.scrollHeight - e.clientHeight, e.scrollWidth - e.clientWidth]"
    assert page.locator(".tool").evaluate(overflows) == [0, 0]
    card = page.locator(".tool").bounding_box()
    for part in (page.get_by_role("button", name="Start again"), page.locator(".answer"), page.locator(".answers")):
        inner = part.bounding_box()
        assert card is not None
        assert inner is not None
        assert inner["y"] >= card["y"]
        assert inner["y"] + inner["height"] <= card["y"] + card["height"]
    if (
        size == (1280, 900) and name != "hidden_layer"
    ):  # whose circuit is higher than its box, and formula a line of its own
        assert page.locator(".answer").evaluate("e => e.getBoundingClientRect().bottom <= innerHeight")


@pytest.mark.parametrize(
    ("mode", "words"), [("break", "The local gradients of a product"), ("check", "Gradient check:")]
)
def test_a_printed_lesson_says_what_is_seen(mode: str, words: str, opened: Callable[..., "Page"]) -> None:
    page = opened(GOLDEN["xyz"](), f"#mode={mode}")
    page.emulate_media(media="print")
    assert words in page.locator(".tool").inner_text()
    assert page.locator(".modes").is_hidden()
    page.emulate_media(media="screen")


def test_a_printed_sheet_of_questions_tells_no_answer(opened: Callable[..., "Page"]) -> None:
    page = opened(GOLDEN["xyz"](), "#mode=predict&answers=-4")
    page.emulate_media(media="print")
    visible = "texts => texts.map(text => getComputedStyle(text).visibility)"
    for kind in (".gw-gradient[data-wire]", ".gw-local"):
        texts = page.locator(f".stage:not([hidden]) {kind}")
        seen = texts.evaluate_all(visible).count("visible")
        assert seen == (2 if "gradient" in kind else 0)
    page.emulate_media(media="screen")


# --------------------------------------------------------------------------------------------------- break it; check


@pytest.mark.parametrize("make", [layer_with_forks, GOLDEN["sigmoid_gate"], HARDER["cube"]])
def test_every_bug_marks_its_wrong_gradients(make: Callable[[], Value], opened: Callable[..., "Page"]) -> None:
    f = make()
    page = opened(f, "#mode=break")
    for bug in BUGS:
        page.locator(".tool select").select_option(label=f"{BUGS[bug].title} ({bug})")
        expected = broken(f, bug)
        words = page.locator(".tool .rule").inner_text()
        assert words.rstrip(".").removesuffix(" out wrong") == expected.words.partition(" out wrong: ")[0].rstrip(".")
        texts = page.locator(".stage:not([hidden]) .gw-gradient[data-wire]")
        marked = texts.evaluate_all("texts => texts.map(text => text.firstChild.data.startsWith('✗'))")
        assert marked == [wire.differs for wire in expected.wires]
        rows = page.locator(".tool tbody tr")
        assert rows.locator("td:last-child", has_text="✗").count() == len(expected.wrong)
    page.get_by_role("button", name="Step", exact=True).click()
    page.keyboard.press("End")
    assert page.locator(".stage", has_text="✗").count() == 0


def forked() -> Value:
    """Return (x + y) · x at −2 and 5: an input forks, and no gate's output does."""
    x = Value(-2, "x")
    return (x + Value(5, "y")) * x


@pytest.mark.parametrize(
    ("bug", "under", "branches"),
    [
        ("swap", ["◂ 3 + (−2) = 1", "✗ 3", "✗ 3", "◂ 1"], ["◂ 3", "◂ −2"]),
        ("stale", ["✗ −1", "✗ −4", "✗ −4", "◂ 1"], ["◂ −4", "◂ 3"]),
        ("overwrite", ["✗ −2", "◂ −2", "◂ −2", "◂ 1"], ["◂ −2", "◂ 3"]),
    ],
)
def test_numbers_in_a_broken_circuit_are_all_those_of_the_broken_pass(
    bug: str, under: list[str], branches: list[str], opened: Callable[..., "Page"]
) -> None:
    page = opened(forked(), f"#mode=break&bug={bug}")
    told = "texts => texts.map(text => text.firstChild.data)"
    assert page.locator(".gw-gradient[data-wire]").evaluate_all(told) == under
    assert page.locator(".gw-gradient[data-pin]").evaluate_all(told) == branches
    page.get_by_role("button", name="Step", exact=True).click()
    page.keyboard.press("End")
    assert page.locator(".gw-gradient[data-wire]").evaluate_all(told) == ["◂ −2 + 3 = 1", "◂ −2", "◂ −2", "◂ 1"]
    assert page.locator(".gw-gradient[data-pin]").evaluate_all(told) == ["◂ −2", "◂ 3"]


def test_break_it_opens_on_the_first_bug_that_shows_and_names_it_plainly(opened: Callable[..., "Page"]) -> None:
    chosen = "select => select.selectedOptions[0].textContent"
    for make, bug in ((forked, "overwrite"), (GOLDEN["xyz"], "swap"), (lambda: exp(exp(Value(1.0, "x"))), "zero_grad")):
        page = opened(make(), "#mode=break")
        assert page.locator(".tool select").evaluate(chosen) == f"{BUGS[bug].title} ({bug})"
        assert broken(make(), bug).wrong


SHOWN = {
    "step": ["value", "gradient", "local", "part"],
    "predict": ["value", "gradient", "part"],
    "break": ["value", "gradient", "part", "wrong"],
    "check": ["value", "gradient", "local", "part", "wrong"],
}


@pytest.mark.parametrize("mode", SHOWN)
def test_the_key_explains_what_a_mode_draws_and_nothing_else(mode: str, opened: Callable[..., "Page"]) -> None:
    shown = "keys => keys.filter(key => getComputedStyle(key).display !== 'none').map(key => key.dataset.key)"
    page = opened(forked(), f"#mode={mode}")
    assert page.locator(".legend [data-key]").evaluate_all(shown) == SHOWN[mode]
    page = opened(GOLDEN["xyz"](), f"#mode={mode}")
    assert page.locator(".legend [data-key]").evaluate_all(shown) == [key for key in SHOWN[mode] if key != "part"]


def test_the_bug_is_in_the_address(opened: Callable[..., "Page"]) -> None:
    page = opened(GOLDEN["gate_patterns"](), "#step=2&mode=break&bug=swap")
    assert page.locator(".tool select").evaluate("select => select.selectedOptions[0].textContent").endswith("(swap)")
    page.locator(".tool select").select_option(label=f"{BUGS['stale'].title} (stale)")
    wait_for_fragment(page, "#step=2&mode=break&bug=stale")
    page.evaluate("location.hash = '#step=3'")
    page.get_by_text("step 3 of").wait_for()
    assert page.locator(".tool").is_hidden()


def test_the_check_shows_rule_beside_difference_and_marks_what_disagrees(opened: Callable[..., "Page"]) -> None:
    page = opened(GOLDEN["xyz"](), "#mode=check")
    assert page.locator(".tool tbody tr").count() == 4
    assert page.locator(".tool").inner_text().count("agrees") == 4
    wrong = Gate("cubed", "x³", "scaler", lambda x: x * x * x, lambda z, x: (2.0 * x * x,))
    page = opened(apply(wrong, Value(2.0, "x")) * Value(3.0, "y"), "#mode=check")
    assert page.locator(".tool tr.wrong").count() == 1
    assert "×8 ≠ 12" in page.locator(".tool tr.wrong").inner_text().replace(".00", "")
    assert page.locator(".gw-local.wrong").evaluate("text => text.firstChild.data").endswith("✗")
    assert "disagree" in page.locator(".tool .rule").inner_text()


# ----------------------------------------------------------------------------------------------------------- all of it


@pytest.mark.parametrize("mode", ["what-if", "predict", "break", "check"])
@pytest.mark.parametrize("name", ["sigmoid_gate", "hostile_labels", "wide_dot", "softmax_loss"])
def test_no_mode_is_wider_than_a_phone_or_lets_labels_be_more_than_text(
    name: str, mode: str, opened: Callable[..., "Page"], shared: tuple["Page", list[str]]
) -> None:
    shared[0].set_viewport_size({"width": 420, "height": 900})
    page = opened((GOLDEN | HARDER)[name](), f"#mode={mode}")
    assert page.locator(".tool").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 2
    unnamed = "es => es.filter(e => !(e.ariaLabel || e.labels?.length || e.innerText)).length"
    assert page.locator(".tool :is(input, button, select)").evaluate_all(unnamed) == 0
    assert not re.search(r"undefined|NaN|\{\w+\}", page.locator(".tool").inner_text())


@pytest.mark.parametrize(
    "fragment",
    ["#mode=nothing", "#mode=predict&answers=x,,1e999", "#mode=break&bug=none", "#mode=what-if&inputs=a,b,c,d,e"],
)
def test_a_strange_fragment_breaks_no_mode(fragment: str, opened: Callable[..., "Page"]) -> None:
    opened(GOLDEN["xyz"](), fragment)


def test_a_large_graph_has_a_what_if_and_no_questions(opened: Callable[..., "Page"]) -> None:
    page = opened(random_graph(Random(3), 120))
    shown: Any = page.locator(".modes button").evaluate_all("bs => bs.filter(b => !b.hidden).map(b => b.textContent)")
    assert shown == ["Step", "What if"]


def test_a_page_without_inputs_has_no_modes() -> None:
    assert "data-mode" not in step(Value(1.0, "x")).html.split("<main>")[1].split("<script")[0]


def test_leaving_a_domain_is_an_error_of_the_engine_too() -> None:
    x = Value(2.0, "rate")
    f = log(x - 1.0)
    x.data = 0.5
    with pytest.raises(DomainError, match="log needs x > 0"):
        f.forward()
