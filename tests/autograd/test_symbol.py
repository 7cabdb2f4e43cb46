"""Symbols: what is printed, evaluated by the language it is printed in, is what was computed.

tree   an expression as nested tuples: (operation, operand, …), the name of a variable, or a number
"""

import copy
import json
import math
import operator
import random
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import elementary
from autograd.symbol import JAVASCRIPT, MATHEMATICS, NUMPY, Language, Symbol

Tree = Any
Known = Mapping[str, float]

inf, nan = math.inf, math.nan
# what the variables may be: every comparison of two of them holds in one world and fails in another
WORLDS: list[dict[str, float]] = [
    {"x": 2.5, "y": -1.75, "z": 0.625, "w": 7.0},
    {"x": -1.5, "y": 3.25, "z": -0.375, "w": -2.0},
    {"x": 0.75, "y": 5.0, "z": 4.5, "w": 1.25},
    {"x": 6.0, "y": -0.5, "z": -3.5, "w": 0.25},
]
VARIABLES = WORLDS[0]

# what each operation is to NumPy, and to the cards of the gate table
NUMBERS: dict[str, Callable[..., Any]] = {
    **{name: getattr(operator, name) for name in ("add", "sub", "mul", "neg", "pow", "lt", "le", "gt", "ge", "eq")},
    "div": operator.truediv,
    "or": operator.or_,
    "and": operator.and_,
    **{name: getattr(np, name) for name in ("abs", "maximum", "minimum", "isnan")},
    "where": lambda condition, x, y: x if condition else y,
}
CARDS: dict[str, Callable[..., Any]] = {
    **NUMBERS,
    **{name: getattr(elementary, name) for name in ("maximum", "minimum", "isnan", "where")},
    "abs": operator.abs,
}
ARITY = {"neg": 1, "abs": 1, "isnan": 1, "where": 3}
CONDITIONS = ("lt", "le", "gt", "ge", "eq", "isnan", "or", "and")  # they give a truth …
JOINTS = ("or", "and")  # … and these take truths
ARITHMETIC = tuple(name for name in NUMBERS if name not in CONDITIONS)


def wants_condition(name: str, place: int) -> bool:
    return name in JOINTS or (name == "where" and place == 0)


# ------------------------------------------------------------------------------------------------- growing trees


def grown(draw: random.Random, depth: int, condition: bool = False, without: Sequence[str] = ()) -> Tree:
    """Return a random tree; every operation has a variable in it, for a card never works on numbers alone."""
    if depth == 0 and not condition:
        return draw.choice([*VARIABLES, *VARIABLES, 2.0, -3.0, 0.5])
    choices = CONDITIONS if condition else ARITHMETIC
    if depth <= 0:
        choices = tuple(name for name in choices if name not in JOINTS)
    name = draw.choice([name for name in choices if name not in without])
    if name == "pow":
        return name, grown_variable(draw, depth, without), draw.choice([2.0, 3.0, -1.0, -2.0])
    operands = [grown(draw, max(depth - 1, 0), wants_condition(name, i), without) for i in range(ARITY.get(name, 2))]
    if all(isinstance(x, float) for x in operands):
        operands[0] = draw.choice(list(VARIABLES))
    return name, *operands


def grown_variable(draw: random.Random, depth: int, without: Sequence[str]) -> Tree:
    tree = grown(draw, max(depth - 1, 0), without=without)
    return draw.choice(list(VARIABLES)) if isinstance(tree, float) else tree


def pairs() -> Iterator[Tree]:
    """Yield every operation as each operand of every other."""
    for outer in NUMBERS:
        n = ARITY.get(outer, 2)
        for place in range(n):
            for inner in CONDITIONS if wants_condition(outer, place) else ARITHMETIC:
                operands: list[Tree] = [("lt", "y", "z") if wants_condition(outer, i) else "wzy"[i] for i in range(n)]
                operands[place] = filled(inner)
                yield outer, *operands


def filled(name: str) -> Tree:
    if name == "pow":
        return name, "x", 3.0
    return name, *[("gt", "xyz"[i], "w") if wants_condition(name, i) else "xyz"[i] for i in range(ARITY.get(name, 2))]


def computed(tree: Tree, functions: Mapping[str, Callable[..., Any]], leaf: Callable[[Any], Any]) -> Any:
    """Compute a tree with these functions on what `leaf` makes of its variables and numbers."""
    if not isinstance(tree, tuple):
        return leaf(tree)
    return functions[tree[0]](*[computed(x, functions, leaf) for x in tree[1:]])


def number_of(tree: Tree, known: Known = VARIABLES) -> float:
    """Return a tree's value, computed by NumPy from the tree itself."""
    with np.errstate(all="ignore"):
        return float(computed(tree, NUMBERS, lambda x: np.float64(known.get(x, x) if isinstance(x, str) else x)))


def source(tree: Tree, language: Language) -> str:
    """Return a tree as a card prints it: variables are symbols, numbers are plain."""
    found = computed(tree, CARDS, lambda x: language.symbol(x) if isinstance(x, str) else x)
    return str(found if isinstance(found, Symbol) else language.number(found))


def divides_by_zero(tree: Tree) -> bool:
    """Tell whether the sign of a zero could matter: the order of max's operands is nobody's promise."""
    if not isinstance(tree, tuple):
        return False
    divisor = {"div": 2, "pow": 1}.get(tree[0])
    zero = divisor is not None and any(number_of(tree[divisor], known) == 0 for known in WORLDS)
    return zero or any(map(divides_by_zero, tree[1:]))


def forest(how_many: int, without: Sequence[str] = ()) -> list[Tree]:
    """Return random trees, the same in every run, and every pair of operations."""
    draw = random.Random(7)
    trees = [*pairs(), *(grown(draw, 1 + i % 5, without=without) for i in range(how_many))]
    return [tree for tree in trees if not divides_by_zero(tree)]


# ----------------------------------------------------------------------------------------------- evaluating the source


def python(text: str, known: Known = VARIABLES) -> float:
    """Return what Python makes of a text, on NumPy's numbers."""
    with np.errstate(all="ignore"):
        return float(eval(text, {"np": np} | {name: np.float64(x) for name, x in known.items()}))  # our own output


def read(text: str, known: Known = VARIABLES) -> float:
    """Return what a formula means, read by Python once its signs are respelled."""
    for sign, word in (("·", "*"), ("−", "-"), ("^", "**"), ("≤", "<="), ("≥", ">="), (" = ", " == "), ("∞", "np.inf")):
        text = text.replace(sign, word)
    return python(text.replace("max(", "np.maximum(").replace("min(", "np.minimum("), known)


def javascript(node: str, texts: Sequence[str], worlds: Sequence[Known] = WORLDS[:1]) -> list[list[float]]:
    """Return what JavaScript makes of texts, in one process: a row per text, a number per world."""
    functions = ", ".join(f"({', '.join(VARIABLES)}) => ({text})" for text in texts)
    inputs = ", ".join(f"[{', '.join(str(JAVASCRIPT.number(x)) for x in known.values())}]" for known in worlds)
    # -0 is spelled out: JSON and String make it 0
    program = "const show = v => Object.is(v, -0) ? '-0' : String(Number(v));"
    program += f"console.log(JSON.stringify([{functions}].map(f => [{inputs}].map(xs => show(f(...xs))))));"
    run = subprocess.run([node, "-"], input=program, capture_output=True, text=True, check=True, encoding="utf-8")
    return [[float(word) for word in row] for row in json.loads(run.stdout)]


def same(found: float, expected: float, tolerance: float = 0.0) -> bool:
    """Tell whether two numbers are equal, nan being nan."""
    if math.isnan(expected) or math.isinf(expected):
        return repr(found) == repr(expected)
    return abs(found - expected) <= tolerance * abs(expected)


def wrong(trees: Sequence[Tree], language: Language, evaluate: Callable[[str, Known], float]) -> list[tuple[Tree, str]]:
    """Return the trees whose source means something else in any world, with that source."""
    texts = [(tree, source(tree, language)) for tree in trees]
    return [
        (tree, text)
        for tree, text in texts
        if not all(same(evaluate(text, known), number_of(tree, known)) for known in WORLDS)
    ]


# --------------------------------------------------------------------------------------------------------- precedence


def test_every_operation_is_grown() -> None:
    def operations(tree: Tree) -> set[str]:
        return set().union({tree[0]}, *map(operations, tree[1:])) if isinstance(tree, tuple) else set()

    assert set().union(*map(operations, forest(300))) == set(NUMBERS)
    assert len(set(forest(0))) > 100


@given(st.randoms(use_true_random=False), st.integers(1, 6))
def test_numpy_source_means_the_tree(draw: random.Random, depth: int) -> None:
    tree = grown(draw, depth)
    if not divides_by_zero(tree):
        assert wrong([tree], NUMPY, python) == []


def test_numpy_source_means_the_tree_for_every_pair() -> None:
    assert wrong(forest(300), NUMPY, python) == []


def test_javascript_source_means_the_tree(node: str) -> None:
    trees = forest(600)
    texts = [source(tree, JAVASCRIPT) for tree in trees]
    found = javascript(node, texts, WORLDS)
    assert [
        (text, row)
        for tree, text, row in zip(trees, texts, found, strict=True)
        for value, known in zip(row, WORLDS, strict=True)
        if not same(value, number_of(tree, known), 1e-12)  # a power may be off by a bit in the last place
    ] == []


def readable(trees: Sequence[Tree]) -> list[Tree]:
    """Return the trees whose formula Python can read, once its signs are respelled."""
    return [tree for tree in trees if "'abs'" not in str(tree) and "'isnan'" not in str(tree)]


def test_mathematics_means_the_tree() -> None:
    trees = readable(forest(300, without=("abs", "isnan")))
    assert len(trees) > 300
    assert wrong(trees, MATHEMATICS, read) == []


# not "and": nothing binds it more strongly than it binds, and it may be grouped as one likes
@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "neg", "or", "where"])
def test_a_formula_that_forgets_brackets_is_caught(name: str) -> None:
    trees = readable(forest(100, without=("abs", "isnan")))
    assert wrong(trees, forgetful(MATHEMATICS, name), lambda text, known: or_nan(read, text, known))


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "neg", "pow", "or"])
def test_a_program_that_forgets_brackets_is_caught(name: str) -> None:
    assert wrong(forest(100), forgetful(NUMPY, name), lambda text, known: or_nan(python, text, known))


def forgetful(language: Language, name: str) -> Language:
    """Return a language that takes what an operation gives for a mere name, which needs no brackets."""
    template, _, needs = language.templates[name]
    return replace(language, templates={**language.templates, name: (template, 8, needs)})


def or_nan(evaluate: Callable[[str, Known], float], text: str, known: Known) -> float:
    try:
        return evaluate(text, known)
    except (SyntaxError, TypeError, ValueError):  # such a text need not have a meaning
        return nan


def test_brackets_only_where_they_are_needed() -> None:
    x, y, z = map(NUMPY.symbol, "xyz")
    assert [str(text) for text in (x + y * z, (x + y) * z, x - (y - z), x - y - z, x / (y * z), x / y / z)] == [
        "x + y * z",
        "(x + y) * z",
        "x - (y - z)",
        "x - y - z",
        "x / (y * z)",
        "x / y / z",
    ]
    assert [
        str(text) for text in (-(x**y), (-x) ** y, x ** (-y), x**y**z, (x**y) ** z, operator.neg(-x), -(x * y))
    ] == [
        "-x**y",
        "(-x)**y",
        "x**-y",
        "x**y**z",
        "(x**y)**z",
        "-(-x)",
        "-(x * y)",
    ]
    assert str((x > 0) | (y <= z)) == "(x > 0) | (y <= z)"
    a, b = map(JAVASCRIPT.symbol, "ab")
    assert str(elementary.where((a > 0) & (b == 1), a, elementary.where(b > 0, b, 0.0)) + 1) == (
        "(a > 0 && b === 1 ? a : (b > 0 ? b : 0)) + 1"
    )


# ----------------------------------------------------------------------------------------- numbers in every position

SPECIAL = (0.0, -0.0, 3.0, -3.0, 0.1, -1e-7, 1e16, -1e300, 5e-324, 0.1 + 0.2, inf, -inf, nan)


def with_numbers() -> Iterator[Tree]:
    """Yield every operation with each special number as each operand, and a variable beside it."""
    for name in (*ARITHMETIC, "lt", "le", "gt", "ge", "eq"):
        for place in range(ARITY.get(name, 2)):
            for number in SPECIAL:
                if ARITY.get(name, 2) == 1 or wants_condition(name, place):
                    continue
                operands: list[Tree] = [("lt", "z", "x") if wants_condition(name, i) else "xyz"[i] for i in range(3)]
                operands[place] = number
                yield name, *operands[: ARITY.get(name, 2)]
    for number in SPECIAL:  # as an operand of an operand
        yield "sub", "x", ("mul", number, "y")
        yield "div", 1.0, ("mul", number, "y")
        yield "neg", ("mul", number, "x")
        yield "pow", ("sub", number, "x"), 2.0


def signed(x: float) -> tuple[float, float]:
    return (0.0, 0.0) if math.isnan(x) else (x, math.copysign(1.0, x))


def alike(found: float, expected: float) -> bool:
    """Tell whether two numbers are equal, in the sign of a zero too, up to the last place of a power."""
    if math.isnan(expected) or math.isnan(found):
        return math.isnan(expected) and math.isnan(found)
    return found == pytest.approx(expected, rel=1e-14, abs=0) and signed(found)[1] == signed(expected)[1]


def test_numbers_in_numpy_source() -> None:
    trees = list(with_numbers())
    texts = [source(tree, NUMPY) for tree in trees]
    assert [text for tree, text in zip(trees, texts, strict=True) if not alike(python(text), number_of(tree))] == []


def test_numbers_in_javascript_source(node: str) -> None:
    trees = list(with_numbers())
    texts = [source(tree, JAVASCRIPT) for tree in trees]
    found = zip(trees, texts, javascript(node, texts), strict=True)
    assert [(text, value) for tree, text, [value] in found if not alike(value, number_of(tree))] == []


@given(st.floats())
def test_a_number_is_spelled_to_the_last_digit(x: float) -> None:
    assert signed(python(str(NUMPY.number(x)))) == signed(x)
    assert signed(python(str(NUMPY.number(x) + NUMPY.symbol("o")), {"o": -0.0})) == signed(x + -0.0)


def test_numbers_are_spelled_as_people_write_them() -> None:
    assert [str(NUMPY.number(x)) for x in (3.0, -3.0, 0.5, 1e300, inf, -inf, 2, True)] == [
        "3",
        "-3",
        "0.5",
        "1e+300",
        "np.inf",
        "-np.inf",
        "2",
        "1",
    ]
    assert [str(language.number(-inf)) for language in (JAVASCRIPT, MATHEMATICS)] == ["-Infinity", "-∞"]


# ------------------------------------------------------------------------------------------------------- the rest


def test_functions_are_spelled_in_each_language() -> None:
    names = ("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "arctan", "sinh", "cosh", "tanh", "sign")
    for name in names:
        assert python(str(getattr(elementary, name)(NUMPY.symbol("z")))) == getattr(np, name)(VARIABLES["z"])
        assert str(getattr(elementary, name)(MATHEMATICS.symbol("z") + 1)) == f"{name}(z + 1)"


def test_functions_in_javascript_are_numpys(node: str) -> None:
    names = ("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "arctan", "sinh", "cosh", "tanh", "sign")
    found = javascript(node, [str(getattr(elementary, name)(JAVASCRIPT.symbol("z"))) for name in names])
    assert [value for [value] in found] == pytest.approx(
        [float(getattr(np, name)(VARIABLES["z"])) for name in names], rel=1e-13
    )


def test_text_is_never_read_again() -> None:
    hostile = "{0}); alert({1}); //"
    x = JAVASCRIPT.symbol(hostile)
    assert str((x + 1.0) * x) == f"({hostile} + 1) * {hostile}"
    assert str(MATHEMATICS.symbol("{x}").exp()) == "exp({x})"  # type: ignore[operator]  # found by __getattr__


def test_a_card_that_branches_is_told_what_to_write() -> None:
    x = NUMPY.symbol("x")
    for branch in (lambda: bool(x), lambda: x != 1.0, lambda: 1.0 if x > 0 else 0.0, lambda: x > 0 and x < 1):
        with pytest.raises(TypeError, match="where"):
            branch()


def test_a_function_the_language_lacks() -> None:
    with pytest.raises(AttributeError, match="NumPy has no spelling for 'gamma'"):
        NUMPY.symbol("x").gamma  # noqa: B018
    with pytest.raises(TypeError):
        NUMPY.symbol("x") + "y"  # type: ignore[operator]


def test_a_symbol_shows_its_language_and_can_be_a_key() -> None:
    x = NUMPY.symbol("x")
    assert repr(x + 1.0) == "<NumPy x + 1>"
    assert {x: "kept"}[x] == "kept"


def test_a_symbol_can_be_copied() -> None:
    assert str(copy.copy(NUMPY.symbol("x") + 1.0)) == "x + 1"
