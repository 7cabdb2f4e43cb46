"""A reader for typed expressions: text in, a computational graph out, and nothing is ever executed.

    token     a piece of the text: its kind, its word, and the column where it starts, counted from 0
    operand   what gates compute with: a raw number (float), a Value, or a list of these
    rule      what is wrong and what to write instead

Characters, tokens and names are checked first, each in words of its own; until `parse` draws the caret, an error is
just (rule, column). Then the grammar of Python reads the text, for precedence alone, and a loop makes the gates.
"""

from __future__ import annotations

import ast
import math
import operator
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from inspect import Parameter, signature
from keyword import iskeyword
from typing import Any, NamedTuple

from autograd import functions
from autograd.errors import DomainError, ExpressionError, TracingError
from autograd.value import MOST_GATES, Value

__all__ = ["INSTEAD", "names_in", "parse"]

Operand = Any  # a float, a Value, or a list of them

MAX_LENGTH = 2_000  # characters: longer than anybody types, and it bounds the number of nodes and the depth of the tree
MAX_DEPTH = 100  # brackets: Python's parser recurses some twenty times per bracket, on a stack it may overflow
MAX_EXPONENT = 1_000  # of a raw number: beyond it x ** n is 0 or inf for almost every x, so it is a slip
# Python's parser recurses on operators, too: 850 of them end it on the small stack of a browser's worker
MAX_OPERATORS = MAX_LENGTH if MOST_GATES is None else 400
WINDOW = 70  # characters of a long expression that an error shows
MAX_NAME = 30  # characters of a name that an error quotes

CONSTANTS = {"pi": math.pi, "e": math.e}
FUNCTIONS: dict[str, Callable[..., Operand]] = {name: getattr(functions, name) for name in functions.__all__}
OTHER_NAMES = {"ln": "log", "atan": "arctan", "sig": "sigmoid", "logistic": "sigmoid"}  # no spelling leads to these


def bounded_power(x: Operand, y: Operand) -> Operand:
    """Return x to the power y; ValueError where y is a raw number out of bounds."""
    if isinstance(y, float) and abs(y) > MAX_EXPONENT:
        raise ValueError(f"a constant exponent lies between -{MAX_EXPONENT} and {MAX_EXPONENT}")
    return functions.pow(x, y)  # not operator.pow: of raw numbers, that may be complex


FUNCTIONS["pow"] = bounded_power
OPERATORS: dict[type[ast.AST], Callable[..., Operand]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: bounded_power,
}

# --------------------------------------------------------------------------------------------------------- characters

INSTEAD = {  # what people type or copy, and what is to be written in its place
    **dict.fromkeys("×·∙⋅∗", "*"),
    **dict.fromkeys("÷∕", "/"),
    **dict.fromkeys("−–—", "-"),
    **{superscript: f"**{n}" for n, superscript in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    "√": "sqrt(x)",
    "σ": "sigmoid(x)",
    "π": "pi",
}
LOOKALIKES = dict(zip("асеорхуіјѕАВЕКМНОРСТХονρχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aceopxyijsABEKMHOPCTXovpxABEZHIKMNOPTYX"))


def check_characters(text: str) -> None:
    """Refuse what is too long, and every character that is not ASCII or does not print."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"the expression has {len(text):,} characters: write at most {MAX_LENGTH:,}", MAX_LENGTH)
    for column, character in enumerate(text):
        if not character.isascii():
            name = unicodedata.name(character, f"U+{ord(character):04X}")
            raise ExpressionError(f"{character!r} ({name}) is not ASCII: {advice(character)}", column)
        if not character.isprintable():
            raise ExpressionError(f"{character!r} is a control character: write one line, with spaces", column)


def advice(character: str) -> str:
    """Return what to write instead of a character that is not ASCII."""
    if character in INSTEAD:
        return f"write {INSTEAD[character]}"
    plain = LOOKALIKES.get(character) or unicodedata.normalize("NFKC", character)
    return f"it only looks like {plain!r}, write that" if plain.isascii() else "write names in the letters a to z"


# ------------------------------------------------------------------------------------------------------------- tokens


class Token(NamedTuple):
    """A piece of the text. The bracket that opens a call belongs to the name before it: `max(` is one token."""

    kind: str
    word: str
    column: int


TOKEN = re.compile(
    r"""(?P<number>(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?) | (?P<gate>[A-Za-z_]\w*\ *\() | (?P<name>[A-Za-z_]\w*)
    | (?P<operator>\*\*|[-+*]|/(?!/)) | (?P<group>\() | (?P<list>\[) | (?P<close>[)\]]) | (?P<comma>,)
    | (?P<other>[=!<>:]=|<<|>>|//|[^ ])""",
    re.VERBOSE,
)
OPENS = {"gate", "group", "list"}
BEGINS = {"number", "name"} | OPENS  # an operand begins with these, or with a sign …
AWAITS = {"operator", "comma"} | OPENS  # … and must follow these

COMPARES = "compares, and a comparison has no gradient: write max, min, relu or step"
REFUSED = {
    "^": "is no power here: write **",
    "//": "has no gate: write /",
    "%": "has no gate: there are no remainders",
    "@": "has no gate: write dot([w, …], [x, …])",
    ".": "stands only inside a number: gates are called by name alone, and a Value's attributes are out of reach",
    **dict.fromkeys(("=", ":="), "sets nothing here: write arguments as in elu(x, 1), and values apart from the text"),
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), COMPARES),
    "|": "works on bits, and a Value is a real number; its absolute value is abs(x)",
    **dict.fromkeys(("&", "~", "<<", ">>"), "works on bits, and a Value is a real number"),
    **dict.fromkeys("'\"`", "starts a text, and an expression has only numbers and names"),
}


def tokens(text: str) -> list[Token]:
    """Return the tokens of a text in which every word, every bracket and the order of tokens are right."""
    found = [Token(match.lastgroup or "", match[0], match.start()) for match in TOKEN.finditer(text)]
    for token in found:
        check_word(token)
    check_brackets(found)
    check_operators(found)
    for before, token in zip([Token("operator", "", 0), *found], [*found, Token("end", "", len(text))], strict=True):
        check_order(before, token)
    return found


def check_word(token: Token) -> None:
    """Refuse signs without a gate, words of Python, and numbers that no float can hold."""
    kind, word, column = token
    if kind == "other":
        raise ExpressionError(f"{word!r} {REFUSED.get(word, 'has no meaning in an expression')}", column)
    if iskeyword(word.rstrip(" (")):
        raise ExpressionError(f"an expression has no use for {word.rstrip(' (')!r}, a word of Python", column)
    if kind == "number" and math.isinf(float(word)):
        raise ExpressionError("this number is too large for a float: the largest is about 1.8e308", column)
    if word.isdigit() and word.lstrip("0") not in ("", word):  # an error in Python, an octal number elsewhere
        raise ExpressionError(f"a whole number starts with no 0: write {clipped(word.lstrip('0'))}", column)


def check_brackets(found: Iterable[Token]) -> None:
    """Refuse brackets that do not pair, that nest too deeply, and commas outside calls and lists."""
    opened: list[Token] = []
    for token in found:
        if token.kind in OPENS:
            opened.append(token)
            if len(opened) > MAX_DEPTH:
                raise ExpressionError(f"brackets nest more than {MAX_DEPTH} deep here", token.column)
        elif token.kind == "comma" and (not opened or opened[-1].kind == "group"):
            raise ExpressionError("a comma stands only between the arguments of a gate or in a list", token.column)
        elif token.kind == "close" and (not opened or opened.pop().word[-1] + token.word not in ("()", "[]")):
            raise ExpressionError(f"no bracket is open that {token.word!r} could close", token.column)
    if opened:
        word, column = opened[-1].word, opened[-1].column
        raise ExpressionError(f"this {word[-1]!r} is never closed", column + len(word) - 1)


def check_operators(found: Iterable[Token]) -> None:
    """Refuse more operators and signs than the parser can take on this machine."""
    operators = [token for token in found if token.kind == "operator"]
    if len(operators) > MAX_OPERATORS:
        rule = f"an expression in the browser has at most {MAX_OPERATORS:,} operators and signs, this has"
        raise ExpressionError(f"{rule} {len(operators):,}", operators[MAX_OPERATORS].column)


def check_order(before: Token, token: Token) -> None:
    """Refuse a missing operand and a missing operator between two neighbouring tokens."""
    word, awaited, begins = clipped(token.word), before.kind in AWAITS, token.kind in BEGINS
    is_empty = token.kind == "close" and before.kind in ("gate", "list")  # max() and [] are for the gate to refuse
    if awaited and not begins and not is_empty and word not in ("+", "-"):
        place = f"before {word!r}" if word else "at the end"
        raise ExpressionError(f"a number or a name is missing {place}", token.column)
    if begins and not awaited:
        remedy = f"before {word!r}"
        if before.kind == "number" != token.kind:
            remedy = f"here: write {clipped(before.word)}*{word}"
        if before.kind == "name" and before.word in FUNCTIONS:
            remedy += f"; {before.word!r} is a gate: write {usage(FUNCTIONS[before.word], before.word)}"
        if token.kind == "list":
            remedy = "here; if a part is meant, write take([x, …], index)"
        raise ExpressionError(f"an operator is missing {remedy}", token.column)


def clipped(word: str) -> str:
    """Return a word short enough to be quoted."""
    return word if len(word) <= MAX_NAME else word[: MAX_NAME - 1] + "…"


# -------------------------------------------------------------------------------------------------------------- names


def check_names(found: Iterable[Token], values: Mapping[str, object]) -> None:
    """Refuse names without a value, calls of what is no gate, and values without a name in the expression."""
    known = CONSTANTS | dict(values)
    for kind, word, column in found:
        name = word.rstrip(" (")
        if (kind == "gate" and name not in FUNCTIONS) or (kind == "name" and name not in known):
            raise ExpressionError(unknown(name, kind == "gate", known), column)
    used = {token.word for token in found if token.kind == "name"}
    for name in values:
        if name in FUNCTIONS:
            raise ExpressionError(f"{name!r} is a gate: give the value another name", None)
        if name not in used:
            raise ExpressionError(f"the expression has no name {clipped(repr(name))}: leave that value out", None)


def unknown(name: str, is_call: bool, known: Mapping[str, object]) -> str:
    """Return the rule for a name that is not known, or not as what it is used for."""
    short = clipped(name)
    if is_call and name in known:
        return f"{short!r} is a number, not a gate: write {short}*("
    if not is_call and name in FUNCTIONS:
        return f"{name!r} is a gate: write {usage(FUNCTIONS[name], name)}"
    near = OTHER_NAMES.get(name) or next(iter(get_close_matches(name, FUNCTIONS if is_call else known, n=1)), "")
    question = near and f"did you mean {clipped(near)!r}?"
    if is_call:
        return f"unknown gate {short!r}: {question or 'autograd.functions lists them'}"
    return f"unknown name {short!r}: give it a value, as in {short}=1.0" + (question and f"; or {question}")


def leaf(name: str, value: object) -> Value:
    """Return the Value that a name stands for: the one it was given, or a new leaf of that label."""
    try:
        return value if isinstance(value, Value) else Value(value, name)
    except (TypeError, ValueError) as error:
        raise ExpressionError(f"the value of {clipped(name)!r} is refused: {error}", None) from None


# --------------------------------------------------------------------------------------------------- from tree to graph


def tree(text: str) -> ast.expr:
    """Return the syntax tree of a checked text."""
    try:
        return ast.parse(text, mode="eval").body
    except (RecursionError, MemoryError):
        raise ExpressionError("this nests too deeply: name a part of it and give that name a Value", 0) from None
    except (SyntaxError, ValueError):
        raise ExpressionError("this is not an expression", 0) from None


def parts(node: ast.expr) -> list[ast.expr]:
    """Return what a node of the tree computes with, from left to right."""
    match node:
        case ast.UnaryOp(operand=x):
            return [x]
        case ast.BinOp(left=x, right=y):
            return [x, y]
        case ast.Call(args=xs) | ast.List(elts=xs):
            return xs
    return []


def evaluate(root: ast.expr, names: Mapping[str, Operand]) -> Operand:
    """Return what a tree computes; a loop, because `x+x+…` is as deep as it is long."""
    nodes, stack = [], [root]
    while stack:
        nodes.append(stack.pop())
        stack.extend(parts(nodes[-1]))
    done: dict[ast.expr, Operand] = {}
    for node in reversed(nodes):  # operands before what they are used in, left before right
        done[node] = computed(node, [done[x] for x in parts(node)], names)
    return done[root]


def computed(node: ast.expr, xs: list[Operand], names: Mapping[str, Operand]) -> Operand:
    """Return what one node makes of its operands; raw numbers stay raw, so that the engine sees them as constants."""
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return names[name]
        case ast.Call(func=ast.Name(id=name), keywords=[]) if name in FUNCTIONS:
            return applied(FUNCTIONS[name], xs, name, node.col_offset)
    if any(isinstance(x, list) for x in xs):
        raise ExpressionError("a list is no number: it can only be an argument of a gate", node.col_offset)
    match node:
        case ast.List():
            return xs
        case ast.UnaryOp(op=op) if type(op) in OPERATORS:
            return applied(OPERATORS[type(op)], xs, "", node.col_offset)
        case ast.BinOp(op=op, right=right) if type(op) in OPERATORS:
            return applied(OPERATORS[type(op)], xs, "", right.col_offset)
    raise ExpressionError("this is not an expression", node.col_offset)


def applied(function: Callable[..., Operand], xs: list[Operand], name: str, column: int) -> Operand:
    """Return function(*xs); what it refuses is refused in its own words, unless it was not called as it has to be."""
    try:
        z = function(*xs)
    except (DomainError, TracingError):
        raise
    except ZeroDivisionError:
        raise ExpressionError("division by zero", column) from None
    except (TypeError, ValueError, IndexError) as error:
        own_words = not isinstance(error, TypeError) or str(error).startswith(f"{name} needs")
        rule = str(error) if own_words else f"{name} takes other arguments: write {usage(function, name)}"
        raise ExpressionError(rule, column) from None
    if isinstance(z, float) and not math.isfinite(z):
        raise ExpressionError(f"this comes out as {z}: numbers typed here must stay finite", column)
    return z


def usage(function: Callable[..., Operand], name: str) -> str:
    """Return how a function is called: elu(x, alpha), sum([x, …]), max(x, …)."""
    words = [
        f"{parameter.name[0]}, …"
        if parameter.kind is Parameter.VAR_POSITIONAL
        else {"ws": "[w, …]", "xs": "[x, …]"}.get(parameter.name, parameter.name)
        for parameter in signature(function).parameters.values()
    ]
    return f"{name}({', '.join(words)})"


# ------------------------------------------------------------------------------------------------------------ the whole


def parse(text: str, /, **values: object) -> Value:
    """Return the Value that a typed expression computes, with the graph that leads to it.

    A name that is bound to a Value stands for that Value itself, one bound to a number for one new leaf of that label.
    Operators are + - * / **, functions those of `autograd.functions`; pi and e are known. Numbers among themselves are
    computed at once and must stay finite. Raises ExpressionError, with a caret under the column, for anything else, and
    DomainError where a gate has no value.

        >>> f = parse("(x+y)*z", x=-2, y=5, z=-4)
        >>> f.backward()
        >>> f, [(leaf.label, leaf.grad) for leaf in (*f.inputs[0].inputs, f.inputs[1])]
        (Value(-12.0, grad=1.0), [('x', -4.0), ('y', -4.0), ('z', 3.0)])
        >>> parse("(x+w)*z", x=-2, z=-4)
        Traceback (most recent call last):
        autograd.errors.ExpressionError: unknown name 'w': give it a value, as in w=1.0
          (x+w)*z
             ^
    """
    text = trimmed(text)
    with pointing(text):
        return read(text, values)


def names_in(text: str) -> list[str]:
    """Return the names that `parse` needs a value for, in the order in which they stand in the text.

    Raises ExpressionError, as `parse` does, where signs, brackets or gates are wrong whatever the values are.

        >>> names_in("(x+y)*z")
        ['x', 'y', 'z']
    """
    text = trimmed(text)
    with pointing(text):
        check_characters(text)
        found = tokens(text)
        words = dict.fromkeys([token.word for token in found if token.kind == "name"])
        names = [word for word in words if word not in CONSTANTS and word not in FUNCTIONS]
        check_names(found, dict.fromkeys(names))
    return names


def trimmed(text: str) -> str:
    """Return a text without the spaces around it; ExpressionError where nothing is left."""
    if not isinstance(text, str):
        raise TypeError(f"parse reads a text, got {type(text).__name__}")
    text = text.strip(" ")
    if not text:
        raise ExpressionError("the expression is empty: write one, as in (x+y)*z")
    return text


@contextmanager
def pointing(text: str) -> Iterator[None]:
    """Draw the caret into an ExpressionError of this block, which is (rule, column) so far."""
    try:
        yield
    except ExpressionError as error:
        rule, column = error.args
        raise ExpressionError(pointed(rule, text, column)) from None


def read(text: str, values: Mapping[str, object]) -> Value:
    """Return the Value of an expression; the ExpressionError it may raise has no caret yet."""
    check_characters(text)
    found = tokens(text)
    check_names(found, values)
    names = CONSTANTS | {name: leaf(name, value) for name, value in values.items()}
    result = evaluate(tree(text), names)
    if isinstance(result, list):
        raise ExpressionError("this makes a list: write take(…, index) for one number of it", 0)
    return result if isinstance(result, Value) else Value(result)


def pointed(rule: str, text: str, column: int | None) -> str:
    """Return the message of an error: the rule, the expression or a window of it, and a caret under the column."""
    start = max(0, min((column or 0) - WINDOW // 2, len(text) - WINDOW))
    left, right = "…" if start else "", "…" if start + WINDOW < len(text) else ""
    # a control character must not reach the terminal, nor move the caret
    shown = "".join(c if c.isprintable() else "?" for c in text[start : start + WINDOW])
    lines = [rule, f"  {left}{shown}{right}"]
    if column is not None:
        lines.append(" " * (2 + len(left) + column - start) + "^")
    return "\n".join(lines)
