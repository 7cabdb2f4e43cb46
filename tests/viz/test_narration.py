import math
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from autograd import DomainError, Value, backward_steps
from autograd.functions import dot, exp, log, max, min, relu, sigmoid, softplus, sqrt, sum
from autograd.gates import FLOWS, GATES, Gate, pow_to
from autograd.value import apply
from tests.viz.helpers import DRAWN, GOLDEN, gate_patterns, hostile, sigmoid_gate, sigmoid_neuron, xyz
from viz import narration
from viz.circuit import circuit_of
from viz.narration import aligned, compare, plain, ruled, story, table


def lines(text: str) -> list[str]:
    """Return the lines of a text, columns one space apart."""
    return [" ".join(line.split()) for line in text.splitlines()]


# ------------------------------------------------------------------------------------------------------ golden numbers

XYZ = """\
f = (x + y) · z
2 gates, 3 inputs: x = −2, y = 5, z = −4

FORWARD: from the inputs to f, each gate computes its value
  step 1  add  q = x + y = −2 + 5 = 3
  step 2  mul  f = q · z = 3 · (−4) = −12

BACKWARD: from f to the inputs, each gate hands back downstream = upstream × local
  step 3  start  ∂f/∂f = 1   the seed: f moves one for one with itself
  step 4  mul    f = q · z
      Swap multiplier: the mul gate hands each input the upstream gradient times the other input's
      value.
      to q:  upstream 1 × local z = −4 → downstream −4   a little more q lowers f
      to z:  upstream 1 × local q =  3 → downstream  3   a little more z raises f
  step 5  add    q = x + y
      Gradient distributor: the add gate hands the upstream gradient to every input unchanged.
      to x:  upstream −4 × local 1 → downstream −4   a little more x lowers f
      to y:  upstream −4 × local 1 → downstream −4   a little more y lowers f

GRADIENTS: what a small change of one input does to f
  ∂f/∂x = −4   raise x by 0.01 and f moves by about −0.04
  ∂f/∂y = −4   raise y by 0.01 and f moves by about −0.04
  ∂f/∂z =  3   raise z by 0.01 and f moves by about 0.03
  Moving all inputs a little along their gradients makes f larger, against them smaller."""


def test_the_first_example_is_told_from_end_to_end() -> None:
    assert story(xyz()) == XYZ


@pytest.mark.parametrize(
    "line",
    [
        "f = 1 / (1 + exp(−(w0 · x0 + w1 · x1 + w2)))",
        "step 1 mul a = w0 · x0 = 2.00 · (−1.00) = −2.00",
        "step 2 mul b = w1 · x1 = (−3.00) · (−2.00) = 6.00",
        "step 3 add c = a + b = −2.00 + 6.00 = 4.00",
        "step 4 add g = c + w2 = 4.00 + (−3.00) = 1.00",
        "step 5 neg h = −g = −1.00",
        "step 6 exp k = exp(h) = exp(−1.00) = 0.3679",
        "step 7 add m = 1 + k = 1 + 0.3679 = 1.3679",
        "step 8 reciprocal f = 1 / m = 1 / 1.3679 = 0.7311",
        "to m: upstream 1.00 × local −f · f = −0.5344 → downstream −0.5344 a little more m lowers f",
        "to h: upstream −0.5344 × local k = 0.3679 → downstream −0.1966 a little more h lowers f",
        "to g: upstream −0.1966 × local (−1.00) → downstream 0.1966 a little more g raises f",
        "1 is a constant: no gradient is sent there",
        "step 12 exp k = exp(h) (scaler, as in step 10)",
        "∂f/∂w0 = −0.1966 raise w0 by 0.01 and f moves by about −0.001966",
        "∂f/∂x0 = 0.3932 raise x0 by 0.01 and f moves by about 0.003932",
        "∂f/∂w1 = −0.3932 raise w1 by 0.01 and f moves by about −0.003932",
        "∂f/∂x1 = −0.5898 raise x1 by 0.01 and f moves by about −0.005898",
        "∂f/∂w2 = 0.1966 raise w2 by 0.01 and f moves by about 0.001966",
    ],
)
def test_the_sigmoid_neuron_is_told_in_its_golden_numbers(line: str) -> None:
    assert line in lines(story(sigmoid_neuron()))


@pytest.mark.parametrize(
    "line",
    [
        "step 2 max b = max(z, w) = max(2, −1) = 2",
        "Gradient router: the max gate hands the whole upstream gradient to the input it chose, and",
        "to z: upstream 2 × local 1 → downstream 2 a little more z raises f",
        "to w: upstream 2 × local 0 → downstream 0 a little more w does not move f",
        "to x: upstream 2 × local y = −4 → downstream −8 a little more x lowers f",
        "to c: upstream 1 × local 2 → downstream 2 a little more c raises f",
        "∂f/∂w = 0 raise w by 0.01 and f stays where it is",
    ],
)
def test_the_gate_patterns_are_told_in_their_golden_numbers(line: str) -> None:
    assert line in lines(story(gate_patterns()))


def test_the_table_of_the_first_example() -> None:
    assert table(xyz()).splitlines() == [
        "wire  made by  value  local gradients                ∂f/∂wire",
        "────  ───────  ─────  ─────────────────────────────  ────────",
        "x     input       −2                                       −4",
        "y     input        5                                       −4",
        "q     = x + y      3  ∂q/∂x = 1, ∂q/∂y = 1                 −4",
        "z     input       −4                                        3",
        "f     = q · z    −12  ∂f/∂q = z = −4, ∂f/∂z = q = 3         1",
    ]


@pytest.mark.parametrize(
    "row",
    [
        "a = w0 · x0 −2 ∂a/∂w0 = x0 = −1, ∂a/∂x0 = w0 = 2 0.196611933241482",
        "h = −g −1 ∂h/∂g = −1 −0.196611933241482",
        "k = exp(h) 0.367879441171442 ∂k/∂h = k = 0.367879441171442 −0.534446645388523",
        "m = 1 + k 1.36787944117144 ∂m/∂k = 1 −0.534446645388523",
        "f = 1 / m 0.731058578630005 ∂f/∂m = −f · f = −0.534446645388523 1",
        "x1 input −2 −0.589835799724446",
    ],
)
def test_the_full_table_has_fifteen_digits(row: str) -> None:
    assert row in lines(table(sigmoid_neuron(), full=True))


def test_two_graphs_of_one_function_side_by_side() -> None:
    told = lines(compare(sigmoid_neuron(), sigmoid_gate()))
    assert told[0] == "8 gates 5 gates difference"
    assert told[2] == "value of f 0.731058578630005 0.731058578630005 0"
    assert [line.rsplit(" ", 1)[0] for line in told[3:5]] == [
        "∂f/∂w0 −0.196611933241482 −0.196611933241482",
        "∂f/∂x0 0.393223866482964 0.393223866482964",
    ]
    assert len(told) == 2 + 1 + 5


def test_an_input_that_only_one_graph_has_counts_as_zero_in_the_other() -> None:
    x, y = Value(2.0, "x"), Value(3.0, "y")
    assert lines(compare(x * y, x * 3.0))[3:] == ["∂f/∂x 3 3 0", "∂f/∂y 2 0 2"]


# --------------------------------------------------------------------------------------------------------------- forks


def test_a_fork_adds_up_branch_by_branch() -> None:
    x = Value(3.0, "x")
    told = story(x * x)
    assert "branch 1 of 2: ∂f/∂x was 0, now 0 + 3 = 3" in told
    assert "branch 2 of 2: ∂f/∂x was 3, now 3 + 3 = 6" in told
    assert "x forks: its 2 gradients are added up now, and a little more x raises f" in told
    assert "∂f/∂x = 6" in told


def test_a_fork_over_several_gates_is_complete_only_when_its_last_branch_is_in() -> None:
    x = Value(3.0, "x")
    told = lines(story(x * x + x))
    assert [line for line in told if "branch" in line or "forks" in line] == [
        "to x: upstream 1 × local 1 → downstream 1 branch 1 of 3: ∂f/∂x was 0, now 0 + 1 = 1",
        "to x: upstream 1 × local x = 3 → downstream 3 branch 2 of 3: ∂f/∂x was 1, now 1 + 3 = 4",
        "to x: upstream 1 × local x = 3 → downstream 3 branch 3 of 3: ∂f/∂x was 4, now 4 + 3 = 7",
        "x forks: its 3 gradients are added up now, and a little more x raises f",
    ]


# --------------------------------------------------------------------------------------------------- kinks and overflow


@pytest.mark.parametrize(
    ("f", "notes"),
    [
        (lambda x, y: max(x, y), ["x gets 1", "y gets 0"]),
        (lambda x, y: 3.0 * max(x, y), ["x gets 3", "y gets 0"]),
        (lambda x, y: min(y, x), ["y gets 1", "x gets 0"]),
        (lambda x, y: relu(x - 2.0) + y, ["a gets 0"]),
        (lambda x, y: abs(x - 2.0) + y, ["a gets 0"]),
        (lambda x, y: (x - 2.0).leaky_relu() + y, ["a gets 0.10"]),
        (lambda x, y: (x - 2.0).step() + y, ["a gets 0"]),
    ],
    ids=["max", "scaled", "min", "relu", "abs", "leaky_relu", "step"],
)
def test_a_kink_is_told_where_no_one_slope_is_the_truth(f: Callable[[Value, Value], Value], notes: list[str]) -> None:
    told = story(f(Value(2.0, "x"), Value(2.0, "y")))
    assert re.findall(r"a kink: by convention (.*) here", told) == notes
    assert re.search(r"^  ∂f/∂x = .*   a kink lies on the way: what a small change does depends on its dir", told, re.M)
    assert "raise x by" not in told
    assert "a little more x" not in told
    assert "Moving all inputs" not in told


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x**2,
        lambda x: x * 0.0,
        lambda x: x * x * x,
        lambda x: max(x, x),
        lambda x: (x + 40.0).tanh(),
        lambda x: x + 3e9,
        lambda x: max(x, 1e-3),
        lambda x: x.cos(),
        lambda x: sqrt(x + 1e-12),
        lambda x: log(x + 1e-12),
    ],
)
def test_no_kink_is_made_up(f: Callable[[Value], Value]) -> None:
    assert "kink" not in story(f(Value(0.0, "x")))


@pytest.mark.parametrize("gate", GATES.values(), ids=GATES)
def test_a_gate_has_no_kink_where_it_is_probed(gate: Gate) -> None:
    low, high = gate.probe
    for k in range(1, 40):
        xs = [Value(low + (high - low) * ((k + i) / 41.3 % 1), f"x{i}") for i in range(gate.arity or 3)]
        assert "kink" not in story(apply(gate, *xs))


def test_an_overflow_is_told_where_it_happens() -> None:
    told = story(Value(1000.0, "x").exp() * 2.0 + 1.0)
    assert "exp(1000) = ∞ (overflow: too large for a float)\n" in told
    assert told.count("overflow") == 1


# ----------------------------------------------------------------------------------------------- formulas of the cards


@pytest.mark.parametrize(
    ("f", "made"),
    [
        (lambda x, y: x / y, "f = x / y"),
        (lambda x, y: x - y, "f = x − y"),
        (lambda x, y: x**y, "f = x^y"),
        (lambda x, y: x**3, "f = x^3"),
        (lambda x, y: x**0, "f = pow(x, 0)"),
        (lambda x, y: x**-1.5, "f = x^(−1.5)"),
        (lambda x, y: (x + 1) * (y - 2), "f = (x + 1) · (y − 2)"),
        (lambda x, y: -(x * y), "f = −(x · y)"),
        (lambda x, y: x * -3.0, "f = x · (−3)"),
        (lambda x, y: abs(x), "f = |x|"),
        (lambda x, y: relu(x), "f = max(0, x)"),
        (lambda x, y: x.step(), "f = 1 if x > 0 else 0"),
        (lambda x, y: x.leaky_relu(), "f = x if x > 0 else 0.1 · x"),
        (lambda x, y: x.elu(), "f = elu(x, 1)"),
        (lambda x, y: sigmoid(x), "f = sigmoid(x)"),
        (lambda x, y: softplus(x), "f = softplus(x)"),
        (lambda x, y: max(y, x, 0.5), "f = max(y, x, 0.5)"),
        (lambda x, y: sum([x, y, x]), "f = x + y + x"),
        (lambda x, y: dot([x, 2.0], [y, y], 1.0), "f = x · y + 2 · y + 1"),
        (lambda x, y: dot([x] * 9, [y] * 9), "f = dot(x, x, x, …, y)"),
        (lambda x, y: x.copy() + y, "f = x + y"),
    ],
)
def test_a_formula_is_the_card_run_on_names(f: Callable[[Value, Value], Value], made: str) -> None:
    assert story(f(Value(2.0, "x"), Value(0.5, "y"))).splitlines()[0] == made


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (exp, "local f = 7.3891"),
        (log, "local 1 / x = 0.50"),
        (sqrt, "local 0.5 / f = 0.3536"),
        (sigmoid, "local (1 − f) · f = 0.1050"),
        (relu, "local (1 if x > 0 else 0) = 1"),
        (lambda x: x.tanh(), "local (1 − f · f) = 0.07065"),
        (lambda x: x**2, "local 2 · x = 4"),
        (lambda x: x**3, "local 3 · x^2 = 12"),
        (lambda x: 3 * x, "local 3 →"),
        (lambda x: max(x, 1), "local 1 →"),
        (lambda x: -x, "local (−1) →"),
    ],
)
def test_a_slope_is_the_card_run_on_names(f: Callable[[Value], Value], slope: str) -> None:
    assert slope in story(f(Value(2.0, "x")))


@pytest.mark.parametrize("gate", GATES.values(), ids=GATES)
def test_every_gate_is_told_from_its_card(gate: Gate) -> None:
    low, high = gate.probe
    xs = [Value(high - (high - low) * (i + 1) / 7, f"x{i}") for i in range(gate.arity or 3)]
    told = " ".join(lines(story(apply(gate, *xs))))
    assert f"step 1 {gate.name} f = " in told
    assert f"{gate.flow.capitalize()}: the {gate.name} gate {FLOWS[gate.flow].words}." in told
    assert all(f"to x{i}: upstream" in told for i in range(len(xs)))
    assert "isnan" not in told


def test_a_gate_of_a_users_own_that_takes_only_numbers_is_told_by_its_name() -> None:
    cube = Gate("cube", "x³", "scaler", lambda x: math.pow(x, 3), lambda z, x: (3 * math.pow(x, 2),))
    told = lines(story(apply(cube, Value(2.0, "x"))))
    assert "step 1 cube f = cube(x) = cube(2) = 8" in told
    assert "to x: upstream 1 × local 12 → downstream 12 a little more x raises f" in told


def test_numbers_in_a_formula_are_long_enough_to_reckon_with() -> None:
    x = Value(3.0, "x")
    told = story(x * math.e + math.pi)
    assert "a = x · 2.72 = 3.00 · 2.7183 = 8.1548\n" in told
    assert "f = a + 3.14 = 8.1548 + 3.1416 = 11.2964\n" in told
    assert "f = x · 0.125 = 3.00 · 0.125 = 0.3750\n" in story(x * 0.125)


def test_a_pattern_is_explained_once() -> None:
    x, y, z = Value(2.0, "x"), Value(3.0, "y"), Value(4.0, "z")
    told = story(x * y * z)
    assert told.count(FLOWS["swap multiplier"].words.split(",")[0][:40]) == 1
    assert "(swap multiplier, as in step 4)" in told


def test_no_gate_is_known_by_name() -> None:
    code = Path(narration.__file__).read_text(encoding="utf-8")
    words = set(re.findall(r"\"(\w+)\"", code)) - set(narration.SPELLINGS.values())
    assert not words & set(GATES)


# ---------------------------------------------------------------------------------------------- whatever is to be told


@pytest.mark.parametrize("make", DRAWN.values(), ids=DRAWN)
def test_any_graph_is_told(make: Callable[[], Value]) -> None:
    f = make()
    circuit = circuit_of(f)
    told, listed = story(f), table(f)
    assert all(c.isprintable() or c == "\n" for c in told + listed)
    inputs = [wire for wire in circuit.wires if wire.source is None and not wire.node.is_constant]
    assert told.count("raise ") + told.count("   a kink lies on the way") >= len(inputs)
    assert told.count("  step ") + told.count("\n step ") == 2 * len(circuit.boxes) + 1
    assert len(listed.splitlines()) == 2 + len(circuit.wires)
    names = [line.split("  ")[0].split(" =")[0] for line in listed.splitlines()[2:]]
    assert len(set(names)) == len(names)


ROW = re.compile(r"upstream +(\S+) × local +(?:.* = +)?\(?([^ ()]+)\)? +→ downstream +(\S+)")


@pytest.mark.parametrize("make", DRAWN.values(), ids=DRAWN)
def test_the_products_that_are_shown_come_out_right(make: Callable[[], Value]) -> None:
    rows = ROW.findall(story(make()))
    exact = [step.downstream for step in backward_steps(make())]
    assert len(rows) <= len([x for downstream in exact for x in downstream])
    for row in rows:
        upstream, local, downstream = [float(text.replace("−", "-").replace("∞", "inf")) for text in row]
        assert math.isclose(upstream * local, downstream, rel_tol=0.01, abs_tol=1e-12)


@pytest.mark.parametrize("make", DRAWN.values(), ids=DRAWN)
def test_ascii_is_ascii(make: Callable[[], Value]) -> None:
    f = make()
    assert story(f, ascii=True).isascii()
    assert table(f, full=True, ascii=True).isascii()
    assert compare(f, f, ascii=True).isascii()


def test_ascii_tells_the_same_story() -> None:
    assert story(xyz(), ascii=True) == XYZ.translate(str.maketrans({"·": "*", "×": "*", "−": "-", "∂": "d"})).replace(
        "→ downstream", "-> downstream"
    )


def test_golden_stories_fit_a_terminal() -> None:
    for make in GOLDEN.values():
        for ascii in (False, True):
            assert {len(line) > 100 for line in story(make(), ascii=ascii).splitlines()} == {False}


def test_hostile_labels_are_text() -> None:
    told = story(hostile()) + table(hostile())
    assert "\x1b" not in told
    assert "\u202e" not in told
    assert "<img src=x onerror=alert(1)>" in told


def test_labels_in_ascii_are_escaped() -> None:
    told = story(Value(2.0, "σ") * Value(3.0, "🙂"), ascii=True)
    assert told.splitlines()[0] == r"f = \u03c3 * \U0001f642"


def test_wires_of_one_label_are_told_apart() -> None:
    told = story(Value(2.0, "x") * Value(3.0, "x"))
    assert told.splitlines()[:2] == ["f = x · x#2", "1 gate, 2 inputs: x = 2, x#2 = 3"]


def test_a_label_that_reads_as_a_formula_goes_into_brackets() -> None:
    q = Value(2.0, "x") + Value(3.0, "y")
    q.label = "x + y"
    assert "f = (x + y) · z = 5 · 4 = 20" in story(q * Value(4.0, "z"))
    assert "f = exp(x + y)" in story(q.exp())


def test_a_name_with_a_space_goes_into_brackets_wherever_words_surround_it() -> None:
    f = Value(2.0, "my input") * Value(3.0, "net/w")
    f.label = "my output"
    told = story(f)
    assert "a little more (my input) raises (my output)" in told
    assert "raise (my input) by 0.01 and (my output) moves by about 0.03" in told
    assert "∂(my output)/∂(my input) = 3" in told
    assert "∂(my output)/∂(net/w) =    2   raise net/w by 0.01" in told
    assert "∂(my output)/∂(my input) = net/w = 3, ∂(my output)/∂(net/w) = my input = 2" in table(f)


def test_letters_that_are_given_to_wires_are_told_to_be_given() -> None:
    x, y = Value(2.0, "x"), Value(3.0, "y")
    q = x * y
    assert story((x + y) * q).splitlines()[2] == "a and b are names given here to what has no label"
    q.label = "q"
    assert story(q + 2.0 * q).splitlines()[2] == "a is a name given here to what has no label"
    assert "given here" not in story(q + 1.0)


def test_many_letters_are_not_all_listed() -> None:
    v = Value(0.5, "x")
    for _ in range(30):
        v = v.tanh()
    assert story(v).splitlines()[2] == "v1, v2, … and v29 are names given here to what has no label"


@pytest.mark.parametrize(("x", "rounded"), [(3.0, False), (0.25, False), (0.5, True)])
def test_where_a_picture_rounds_more_than_the_story_the_story_says_so(x: float, rounded: bool) -> None:
    f = Value(x, "x") * Value(1.0 if x != 0.5 else 0.25, "y")
    key = "numbers are rounded to four decimals here, and to two in the picture"
    assert story(f).splitlines()[2:3] == ([key] if rounded else [""])


def test_a_long_expression_keeps_names_for_its_parts() -> None:
    v = Value(0.5, "x")
    for _ in range(60):
        v = (v * v).tanh()
    first = story(v).splitlines()[0]
    assert first.startswith("f = tanh(")
    assert len(first) < 100


@pytest.mark.parametrize("f", [Value(3.0, "x"), Value(3.0)])
def test_a_graph_without_a_gate_is_told(f: Value) -> None:
    assert "there is nothing to do" in story(f)
    assert len(table(f).splitlines()) == 3


def test_constants_alone_have_no_gradients() -> None:
    f = Value(1.0) * 0 + 2
    f = f.inputs[1] * 3
    told = story(f)
    assert "f = 2 · 3" in told
    assert "2 and 3 are constants: no gradient is sent there" in told
    assert "there is no input to change" in told


def test_nan_and_infinity_are_told() -> None:
    x = Value(math.nan, "x")
    assert "nobody knows what a little more x does" in story(x * x)
    assert "downstream ∞" in story(Value(1000.0, "x").exp())


@pytest.mark.parametrize(
    ("f", "told"),
    [
        (lambda x: x.exp() - x.exp(), "made in step 1: a = exp(x) = ∞."),
        (lambda x: 1 / (1 + x.exp()), "made in step 1: a = exp(x) = ∞."),  # whose gradient alone is spoilt
        (lambda x: (x * 1e-303) ** 0.01 * 1e20, "comes up in step 6: the gradient handed to a."),
        (lambda x: (Value(math.inf, "n") - 1) * x * x, "was given: n = ∞."),
        (lambda x: x * math.inf, "was given: ∞."),
    ],
)
def test_a_gradient_that_is_no_number_is_told_its_origin_in_the_words_of_the_story(
    f: Callable[[Value], Value], told: str
) -> None:
    *_, row, last = story(f(Value(1000.0, "x"))).splitlines()
    assert row.endswith("no number: see below")
    assert last == f"  The first number that is not finite {'is ' * told.startswith('made')}{told}"
    assert "diagnose" not in story(f(Value(1000.0, "x")))


def test_no_gradient_is_touched() -> None:
    f = xyz()
    f.backward()
    before = [x.grad for x in (f, *f.inputs, *f.inputs[0].inputs)]
    story(f), table(f), compare(f, f)
    assert [x.grad for x in (f, *f.inputs, *f.inputs[0].inputs)] == before


def test_a_changed_leaf_is_told_as_it_is_now() -> None:
    x = Value(2.0, "x")
    f = x * 3
    x.data = 5.0
    assert "f = x · 3 = 5 · 3 = 15" in story(f)


@pytest.mark.parametrize("tell", [story, table])
def test_what_cannot_be_told(tell: Callable[[object], str]) -> None:
    with pytest.raises(TypeError, match="of a Value, not of float"):
        tell(3.0)
    with pytest.raises(DomainError, match="the slope of sqrt needs x > 0"):
        tell(sqrt(Value(0.0, "x")))
    v = Value(1.0)
    for _ in range(301):
        v = v + 1
    with pytest.raises(ValueError, match="301 gates are too many"):
        tell(v)


def test_a_name_that_is_given_away_is_not_given_twice() -> None:
    f = sum([Value(1.0, "x"), Value(2.0, "x#2"), Value(3.0, "x"), Value(4.0, "x#2")])
    assert [line.split()[0] for line in table(f).splitlines()[2:]] == ["x", "x#2", "x#3", "x#2#2", "f"]
    assert len(compare(f, f).splitlines()) == 2 + 5


# ------------------------------------------------------------------------------------------------- columns and spelling


def test_columns_stand_below_each_other() -> None:
    rows = [("a", "", "1.5", "10"), ("bcd", "", "−12.25", "2"), ("", "", "3", "x")]
    assert aligned(rows, "ll.r", indent=1) == [" a     1.5  10", " bcd −12.25  2", "       3     x"]
    assert aligned([], "l") == []


def test_wide_characters_take_two_columns_and_accents_none() -> None:
    assert aligned([("你好", "|"), ("e\u0301", "|"), ("abcd", "|")], "ll") == ["你好 |", "e\u0301    |", "abcd |"]


def test_a_rule_is_as_wide_as_its_column() -> None:
    assert ruled(("x", "value"), [("abc", "1"), ("d", "22")], "lr", ascii=True) == [
        "x    value",
        "---  -----",
        "abc      1",
        "d       22",
    ]


@pytest.mark.parametrize(
    ("text", "ascii"),
    [
        ("x² − σ(y)⁻¹ · 3 × 2 → ∂f/∂x ≤ ∞ …", "x^2 - sigmoid(y)-1 * 3 * 2 -> df/dx <= inf ..."),
        ("x¹⁰⁻³", "x^10-3"),
        ("é 🙂", r"\xe9 \U0001f642"),
        (r"plain \ text", r"plain \ text"),
    ],
)
def test_plain_text_is_spelled_as_people_type(text: str, ascii: str) -> None:
    assert plain(text) == ascii


def test_the_cards_symbols_can_be_spelled_in_ascii() -> None:
    assert all("\\" not in plain(gate.symbol) for gate in [*GATES.values(), pow_to(-12.0)])
