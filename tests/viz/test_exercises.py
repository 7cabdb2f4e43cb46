import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest

from autograd import Value
from autograd.functions import exp, sigmoid, tanh
from autograd.gates import ADD, GATES
from autograd.graph import order
from autograd.value import apply
from tests.viz.helpers import DRAWN, GOLDEN, RANDOM, gate_patterns, sigmoid_neuron, xyz
from viz import exercise
from viz.exercises import MISTAKES, VERDICTS, worked_out

SVG = "{http://www.w3.org/2000/svg}"
ASKED = [*GOLDEN, "cube", "diamonds", "long_skips", "softmax_loss", "hostile_labels", "wide_dot", *RANDOM]


def kinds(f: Value, answers: Sequence[object]) -> list[str]:
    return [verdict.kind for verdict in exercise(f).check(answers).verdicts]


def reciprocal() -> Value:
    """Return 1 / (1 + k) at k = e⁻¹, whose gradients are −0.5344."""
    m = Value(math.exp(-1), "k") + 1.0
    m.label = "m"
    return m.reciprocal()


def neuron_gate() -> Value:
    """Return the sigmoid of z = 1, whose gradient is 0.1966."""
    return sigmoid(Value(1.0, "z"))


def shared() -> Value:
    """Return x·y + x·z, whose x forks: its gradients are 3 and 5."""
    x, y, z = Value(2, "x"), Value(3, "y"), Value(5, "z")
    return x * y + x * z


# ------------------------------------------------------------------------------------------------------ the questions


@pytest.mark.parametrize("name", ASKED)
def test_there_is_one_question_per_wire_in_an_order_that_can_be_answered(name: str) -> None:
    asked = exercise(DRAWN[name]())
    wires = [wire.index for wire in asked.circuit.wires if not wire.node.is_constant and wire is not asked.circuit.root]
    assert sorted(question.wire.index for question in asked.questions) == wires
    assert [question.number for question in asked.questions] == list(range(1, len(wires) + 1))
    for question in asked.questions:
        assert len(question.terms) == len(question.wire.pins)
        assert all(term.source is None or term.source < question.number for term in question.terms)


@pytest.mark.parametrize("name", ASKED)
def test_the_engines_gradients_are_right_and_so_is_what_a_picture_shows_of_them(name: str) -> None:
    f = DRAWN[name]()
    f.backward()
    asked = exercise(f)
    exact = [question.wire.node.grad for question in asked.questions]
    shown = [asked.circuit.notation.short(gradient) for gradient in exact]
    assert asked.check(exact).score == 1
    assert asked.check(shown).score == 1
    assert asked.check(shown).right == len(asked.questions)


@pytest.mark.parametrize("seed", range(20))
def test_who_rounds_at_every_step_is_right_all_along(seed: int) -> None:
    f = RANDOM[f"random_{20 + seed}"]()
    asked = exercise(f)
    answers: dict[int, float] = {}
    for question in asked.questions:
        ups = [1.0 if term.source is None else answers[term.source] for term in question.terms]
        answers[question.number] = sum(up * term.local for up, term in zip(ups, question.terms, strict=True))
        answers[question.number] = asked.circuit.notation.rounded(answers[question.number])
    assert asked.check(answers).score == 1


def test_a_question_names_gate_numbers_upstream_and_local_rule() -> None:
    first, _, third, _ = exercise(xyz()).questions
    assert first.prompt == (
        "mul gate, f = q · z = 3 · (−4) = −12: upstream ∂f/∂f = 1, the seed; local ∂f/∂q = z = −4. What is ∂f/∂q?"
    )
    assert third.prompt == (
        "add gate, q = x + y = −2 + 5 = 3: upstream ∂f/∂q = your answer 1; local ∂q/∂x = 1. What is ∂f/∂x?"
    )


def test_a_fork_is_asked_once_with_all_that_comes_back() -> None:
    (x,) = [question for question in exercise(shared()).questions if question.name == "x"]
    assert x.prompt.startswith("x goes to 2 inputs of gates, and what comes back adds up. mul gate, ")
    assert x.prompt.count("upstream") == 2
    assert [term.downstream for term in x.terms] == [5.0, 3.0]


def test_no_sheet_and_no_picture_tells_an_answer(tmp_path: Path) -> None:
    asked = exercise(sigmoid_neuron())
    sheets = [
        asked.save(tmp_path / f"sheet{suffix}").read_text(encoding="utf-8") for suffix in (".csv", ".json", ".svg")
    ]
    for text in (*sheets, repr(asked), asked._repr_html_().partition("<ol>")[2]):
        assert not [number for number in ("0.39", "0.20", "0.197", "0.1966", "0.53", "0.59") if number in text]
    assert all(number in asked.key for number in ("−0.3932", "0.1966", "−0.5344", "−0.5898"))


def test_the_picture_has_a_question_mark_for_every_question() -> None:
    asked = exercise(gate_patterns())
    texts = [
        (text.text or "") + "".join([part.text or "" for part in text.iter(f"{SVG}tspan")])
        for text in ElementTree.fromstring(asked.svg).iter(f"{SVG}text")
    ]
    assert sorted(t for t in texts if "?" in t and "below" not in t) == [f"◂ ?{i}" for i in range(1, 8)]
    assert "◂ 1" in texts  # the seed
    assert not [t for t in texts if t.startswith("×(")]


def test_an_exercise_touches_no_gradient_and_is_the_same_every_time() -> None:
    f = sigmoid_neuron()
    assert repr(exercise(f)) == repr(exercise(sigmoid_neuron()))
    assert exercise(f).svg == exercise(sigmoid_neuron()).svg
    assert {node.grad for node in order(f)} == {0.0}


@pytest.mark.parametrize("f", [Value(1.0, "x"), apply(ADD, 1.0, 2.0)])
def test_where_no_input_is_made_into_anything_there_is_nothing_to_ask(f: Value) -> None:
    with pytest.raises(ValueError, match="there is nothing to ask"):
        exercise(f)


# ------------------------------------------------------------------------------------------------------- the verdicts


@pytest.mark.parametrize(
    ("make", "name", "answer", "kind"),
    [
        (xyz, "q", -4, "right"),
        (xyz, "q", "−4", "right"),
        (xyz, "q", "-4.00", "right"),
        (xyz, "q", -4.01, "wrong"),  # whole numbers are exact
        (xyz, "q", 4, "sign"),
        (xyz, "q", 3, "operand"),
        (xyz, "q", 1, "upstream"),
        (xyz, "x", 1, "local"),
        (xyz, "x", 8, "operand"),
        (xyz, "x", 17, "wrong"),
        (xyz, "x", "minus four", "not a number"),
        (xyz, "x", True, "not a number"),
        (xyz, "x", [4], "not a number"),
        (xyz, "x", 10**400, "not a number"),
        (xyz, "x", "1,000", "not a number"),  # a thousand, or one?
        (xyz, "x", "4 - 8", "not a number"),
        (xyz, "x", "", "no answer"),
        (xyz, "x", "  ", "no answer"),
        (xyz, "x", None, "no answer"),
        (shared, "x", 8, "right"),
        (shared, "x", 3, "fork"),
        (shared, "x", 5, "fork"),
        (shared, "x", -8, "sign"),
        (shared, "x", 4, "operand"),
        (DRAWN["cube"], "x", 9, "fork"),
        (DRAWN["cube"], "x", 18, "fork"),
        (sigmoid_neuron, "x0", 0.39, "right"),
        (sigmoid_neuron, "x0", "0,39", "right"),
        (sigmoid_neuron, "x0", 0.4, "right"),  # 0.20 × 2.00
        (sigmoid_neuron, "x0", 0.3932, "right"),
        (sigmoid_neuron, "x0", 0.39322386648, "right"),
        (sigmoid_neuron, "x0", 0.38, "wrong"),
        (sigmoid_neuron, "x1", -0.6, "right"),  # −0.5898: 0.20 × (−3.00)
        (sigmoid_neuron, "x1", -0.58, "close"),
        (sigmoid_neuron, "x1", -0.585, "right"),
        (sigmoid_neuron, "x1", -0.5, "wrong"),
        (reciprocal, "m", -0.5, "close"),  # −0.5344
        (reciprocal, "m", -0.53, "right"),
        (reciprocal, "m", "-.534", "right"),
        (reciprocal, "m", -0.54, "close"),
        (reciprocal, "m", 0.5, "sign"),
        (reciprocal, "m", 0.3, "wrong"),
        (reciprocal, "m", -0.73, "factor"),
        (reciprocal, "m", 0.7311, "factor"),
        (neuron_gate, "z", 0.27, "factor"),
        (neuron_gate, "z", 0.7311, "factor"),
        (neuron_gate, "z", -0.19, "sign"),
        (neuron_gate, "z", -0.3, "wrong"),
        (lambda: Value(0.7, "x") ** 2, "x", 0.7, "factor"),
        (sigmoid_neuron, "h", 0.53, "input"),  # exp has no other operand
        (DRAWN["cube"], "a", -3, "sign"),
        (sigmoid_neuron, "x0", -0.39, "sign"),
        (sigmoid_neuron, "x0", -0.2, "operand"),
        (sigmoid_neuron, "x0", 2, "local"),
        (sigmoid_neuron, "x0", -1, "other"),
        (sigmoid_neuron, "w0", 2, "other"),
        (sigmoid_neuron, "w0", -1, "local"),
        (sigmoid_neuron, "x0", "0.20", "upstream"),
        (gate_patterns, "w", 0, "right"),
        (gate_patterns, "w", 2, "operand"),
        (gate_patterns, "w", "-0.0", "right"),
    ],
)
def test_an_answer_gets_the_verdict_that_names_its_slip(
    make: Callable[[], Value], name: str, answer: object, kind: str
) -> None:
    asked = exercise(make())
    answers: dict[str, object] = {question.name: question.answer for question in asked.questions}
    (verdict,) = [each for each in asked.check(answers | {name: answer}).verdicts if each.question.name == name]
    assert verdict.kind == kind
    assert verdict.words.removesuffix(", and round to two decimals") == VERDICTS[kind].format(digits="two decimals")
    assert (verdict.words != VERDICTS[kind].format(digits="two decimals")) == verdict.rough


@pytest.mark.parametrize(("answer", "rough"), [(-0.19, True), (-0.1966, False), (-0.2, False), (-0.5, None)])
def test_a_slip_that_was_rounded_too_far_is_named_with_the_rounding(answer: float, rough: bool | None) -> None:
    (verdict,) = exercise(neuron_gate()).check([answer]).verdicts
    told = {True: "off by a sign, and round to two decimals", False: "off by a sign", None: "wrong"}
    assert verdict.words == told[rough]


@pytest.mark.parametrize(
    ("name", "answer", "kind"),
    [("w1", 0.4, "sign"), ("x1", 0.6, "sign"), ("w1", -0.6, "operand"), ("x1", -0.4, "operand"), ("w1", -0.4, "right")],
)
def test_a_slip_from_an_answer_that_was_right_but_rounded_is_recognised(name: str, answer: float, kind: str) -> None:
    asked = exercise(sigmoid_neuron())
    rounded: dict[str, object] = {q.name: asked.circuit.notation.rounded(q.answer) for q in asked.questions}
    (verdict,) = [v for v in asked.check(rounded | {name: answer}).verdicts if v.question.name == name]
    assert (verdict.kind, verdict.slips) == (kind, ())


def test_what_follows_from_an_earlier_slip_is_told_as_such() -> None:
    assert kinds(xyz(), [4, 3, 4, 1]) == ["sign", "right", "carried", "local"]
    assert kinds(xyz(), [4, 3, -4, None]) == ["sign", "right", "right", "no answer"]
    assert kinds(xyz(), [None, 3, 4]) == ["no answer", "right", "sign", "no answer"]


def test_a_second_slip_is_named_from_the_first_one() -> None:
    result = exercise(xyz()).check([1, 3, -1, 5])
    assert [verdict.words for verdict in result.verdicts] == [
        "gave the upstream gradient, not times local",
        "right",
        "off by a sign, from your own upstream 1",
        "used the wrong operand for the local gradient, from your own upstream 1",
    ]


def test_a_step_from_an_earlier_answer_that_was_right_has_no_upstream_of_its_own() -> None:
    assert [verdict.slips for verdict in exercise(xyz()).check([-4, 3, 4, 4]).verdicts] == [()] * 4


def test_a_slip_that_was_written_in_two_decimals_is_carried_on_with_all_of_them() -> None:
    asked = exercise(sigmoid_neuron())
    right: dict[str, object] = {question.name: question.answer for question in asked.questions}
    for x1 in (0.59, 0.6):  # 0.1966… × 3, or 0.20 × 3
        verdicts = asked.check(right | {"b": -0.2, "x1": x1}).verdicts
        assert [verdict.kind for verdict in verdicts if verdict.question.name in ("b", "x1")] == ["sign", "carried"]


def test_a_step_from_a_slip_is_not_asked_for_once_more() -> None:
    asked = exercise(reciprocal())
    (m, k), own = asked.questions, 0.73
    verdicts = asked.check({m.number: own, k.number: round(own * k.terms[0].local, 1)}).verdicts
    assert (verdicts[1].kind, verdicts[1].words) == (
        "loose",
        "carried on from an earlier slip, and rounded too far, from your own upstream 0.73",
    )


def test_several_slips_behind_one_step_are_told_in_the_plural() -> None:
    x = Value(2.0, "x")
    a, b = exp(x), x * 3.0
    a.label, b.label = "a", "b"
    asked = exercise(a + b)
    own = -math.exp(2.0) - 2 * 3
    verdicts = asked.check({"a": -1, "b": -2, "x": own}).verdicts
    assert verdicts[-1].words == "right but for an earlier slip, from your own upstreams −2.00 and −1.00"


def test_a_slope_without_one_of_two_factors_is_the_other() -> None:
    found = set()
    for gate in [gate for gate in GATES.values() if gate.arity == 1]:
        x = sum(gate.probe) / 2 + 0.1
        (term,) = exercise(apply(gate, Value(x, "x"))).questions[0].terms
        if len(term.lesser) == 2:
            assert math.prod(term.lesser) == pytest.approx(term.local)
            found.add(gate.name)
    assert found >= {"sigmoid", "reciprocal"}


def test_a_wire_of_many_branches_is_asked_about_in_few_words() -> None:
    x = Value(3.0, "x")
    f = sum([x * i for i in range(1, 46)])
    (asked,) = [question for question in exercise(f).questions if question.name == "x"]
    assert len(json.dumps(asked.recorded())) < 20_000
    assert exercise(f).check({"x": -45 * 46 / 2}).verdicts[-1].kind == "sign"


def test_one_slip_among_the_sources_of_a_fork_is_carried_on() -> None:
    x, y, z = Value(2, "x"), Value(3, "y"), Value(5, "z")
    a, b = x + y, x * z
    a.label, b.label = "a", "b"
    result = exercise(a * b).check({"a": 10, "b": -5, "x": 10 * 1 + -5 * 5})
    assert [(v.question.name, v.kind) for v in result.verdicts if v.given] == [
        *(("a", "right"), ("b", "sign"), ("x", "carried")),
    ]


def test_factors_may_be_rounded_before_they_are_multiplied() -> None:
    x, y, z = Value(1.5, "x"), Value(0.136, "y"), Value(0.256, "z")
    for answer in (0.136 * 0.256, 0.03, 0.14 * 0.26, 0.04):
        (verdict,) = [v for v in exercise(x * y * z).check({"x": answer}).verdicts if v.given]
        assert verdict.kind == "right"


@pytest.mark.parametrize("name", ASKED)
def test_every_mistake_gets_a_name_unless_it_comes_out_right(name: str) -> None:
    asked = exercise(DRAWN[name]())
    right: dict[int, object] = {question.number: question.answer for question in asked.questions}
    for question in asked.questions:
        assert question.mistakes.keys() == MISTAKES.keys()
        upstreams = [term.upstream for term in question.terms]
        for number in [worked_out(linear, upstreams) for sums in question.mistakes.values() for linear in sums]:
            verdict = asked.check(right | {question.number: number}).verdicts[question.number - 1]
            assert verdict.kind in ("right", *MISTAKES)
            size = abs(question.answer)
            assert verdict.kind != "right" or abs(number - question.answer) <= max(0.06 * size, 0.011)


def test_infinities_are_answered_as_such() -> None:
    x = Value(1e200, "x")
    f = x * x * x
    assert kinds(f, ["1e200", "inf"]) == ["right", "right"]
    assert kinds(f, [1e200, math.inf]) == ["right", "right"]
    assert kinds(f, ["1e200", "-inf"])[1] == "sign"


def test_a_tiny_gradient_is_not_nothing() -> None:
    f = tanh(Value(8.0, "x"))
    assert kinds(f, [0]) == ["wrong"]
    assert kinds(f, ["4.5e-7"]) == ["right"]
    assert kinds(f, ["5e-7"]) == ["close"]
    assert exercise(f).questions[0].prompt.endswith("What is ∂f/∂x, to three digits?")


@pytest.mark.parametrize("name", ASKED)
def test_who_rounds_as_the_question_asks_is_right_and_who_rounds_more_is_not_called_wrong(name: str) -> None:
    asked = exercise(DRAWN[name]())
    right: dict[int, object] = {question.number: question.answer for question in asked.questions}
    for question in asked.questions:
        exact = question.answer
        asked_for = (
            exact if not question.digits else round(exact, 2) if "two" in question.digits else float(f"{exact:.3g}")
        )
        kinds = [
            asked.check(right | {question.number: answer}).verdicts[question.number - 1].kind
            for answer in (asked_for, float(f"{exact:.1g}"))
        ]
        assert kinds[0] == "right"
        assert kinds[1] != "wrong" or not question.digits
        assert question.prompt.endswith(f", to {question.digits}?" if question.digits else "?")


# ----------------------------------------------------------------------------------------------------------- checking


def test_answers_come_in_order_by_number_or_by_name() -> None:
    asked = exercise(xyz())
    lists = asked.check([-4, 3]).verdicts, asked.check((-4, 3)).verdicts
    maps = asked.check({1: -4, 2: 3}).verdicts, asked.check({"q": -4, "z": 3}).verdicts
    for verdicts in (*lists, *maps):
        assert [verdict.kind for verdict in verdicts] == ["right", "right", "no answer", "no answer"]


@pytest.mark.parametrize(
    ("answers", "error", "words"),
    [
        ([1] * 5, ValueError, "5 answers to 4 questions"),
        ({"u": 1}, ValueError, "there is no question 'u'; there are 1 to 4"),
        ({5: 1}, ValueError, "there is no question 5; there are 1 to 4"),
        ("-4", TypeError, "answers come as a list, or as {number: answer}, not as str"),
        (3.0, TypeError, "not as float"),
    ],
)
def test_what_holds_no_answers_is_refused(answers: object, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        exercise(xyz()).check(answers)  # type: ignore[arg-type]


def test_a_result_prints_answers_verdicts_and_score() -> None:
    result = exercise(xyz()).check([-4, "oops\x1b[31m", 4])
    lines = repr(result).splitlines()
    assert lines[2].split() == ["1", "q", "-4", "−4", "right"]
    assert "oops [31m" in lines[3]
    assert lines[-1] == "1 of 4 right, 2 wrong, 1 not answered"
    assert result.score == 0.25


def test_a_faithful_step_from_a_slip_counts_as_its_own_thing() -> None:
    result = exercise(xyz()).check([4, 3, 4, 4.5])
    assert (result.right, result.carried) == (1, 1)
    assert result.summary == "1 of 4 right, 1 right but for an earlier slip, 2 wrong"
    assert exercise(xyz()).check([]).summary == "0 of 4 right, 4 not answered"


# -------------------------------------------------------------------------------------------------------------- saving


@pytest.mark.parametrize(("name", "given"), [("ex.txt", "'.txt'"), ("ex", "'a bare name'")])
def test_other_suffixes_are_refused(tmp_path: Path, name: str, given: str) -> None:
    with pytest.raises(ValueError, match=f"an exercise is saved as .csv, .json or .svg, not as {given}"):
        exercise(xyz()).save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
