"""The gate table: every fact about every gate, each stated once.

A gate is a card. The engine, forward mode, gradients of gradients, the compiler, the gradient checker, the diagrams,
the stories told about them and the tests all read it, and none repeats it.

    x, y    inputs: floats, NumPy columns, Values (for gradients of gradients) or Symbols (to print the card as source)
    z       the output for these inputs
    slope   a local gradient, ∂z/∂x: how fast the output grows with one input, whatever happens upstream

`forward` gives z, `partials` the slopes; both are written in operators and `autograd.elementary`, so that one
definition serves every kind of number. Both branches of `where` are computed, so neither may overflow where it is not
taken.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce, wraps

from autograd.elementary import (
    Number,
    arctan,
    cos,
    cosh,
    exp,
    expm1,
    inf,
    isnan,
    log,
    log1p,
    maximum,
    minimum,
    power,
    sign,
    sin,
    sinh,
    sqrt,
    tan,
    tanh,
    where,
)

__all__ = [
    "ABS",
    "ADD",
    "ARCTAN",
    "COPY",
    "COS",
    "COSH",
    "DIV",
    "DOT",
    "EVERYWHERE",
    "EXP",
    "FAMILIES",
    "FLOWS",
    "GATES",
    "LOG",
    "LOGSUMEXP",
    "MAX",
    "MIN",
    "MUL",
    "NEG",
    "POW",
    "RECIPROCAL",
    "RELU",
    "SHARES",
    "SIGMOID",
    "SIN",
    "SINH",
    "SOFTPLUS",
    "SQRT",
    "STEP",
    "SUB",
    "SUM",
    "SWAP",
    "SWITCH",
    "TAKE",
    "TAN",
    "TANH",
    "Domain",
    "Flow",
    "Gate",
    "elu",
    "leaky_relu",
    "named",
    "pow_to",
    "register",
    "spelled",
]

ANY = 0  # the arity of a gate that takes any number of inputs


# ---------------------------------------------------------------------------------------------- what a card is made of


def nowhere(*xs: Number) -> Number:
    """Tell of no input that it is lacking: the predicate of a gate that is smooth everywhere."""
    return False


@dataclass(frozen=True, slots=True, eq=False)
class Domain:
    """Where a gate's value exists and where its slopes exist, as words and as predicates that find the offenders.

    A predicate holds where something is *lacking*: nan, of which no comparison holds, passes through every gate.
    """

    needs: str = ""  # "x > 0": what the value needs
    lacks_value: Callable[..., Number] = nowhere
    slope_needs: str = ""  # what the slope needs beyond that
    lacks_slope: Callable[..., Number] = nowhere


EVERYWHERE = Domain()


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """A pattern of gradient flow: a name of the field, its meaning in words, and a predicate that checks the claim."""

    words: str  # completes "The <gate> gate …"
    claim: Callable[[tuple[float, ...], tuple[float, ...]], bool]

    def __call__(self, inputs: tuple[float, ...], partials: tuple[float, ...]) -> bool:
        """Tell whether local gradients at these inputs are what the pattern claims."""
        return len(inputs) == len(partials) and self.claim(inputs, partials)


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """One kind of gate: its name, its rule, its local gradients, and how people write them down."""

    name: str  # test id, and the method on Value
    symbol: str  # what the circle in the diagram says
    flow: str  # the gradient-flow pattern, a key of FLOWS
    forward: Callable[..., Number]  # (*xs) -> z
    partials: Callable[..., tuple[Number, ...]]  # (z, *xs) -> (∂z/∂x, …): local gradients only, never the upstream one
    arity: int = 1  # how many inputs; ANY for an n-ary gate
    latex: tuple[str, ...] = ()  # the value, then one rule per input (n-ary gates: per kind of input)
    domain: Domain = EVERYWHERE
    probe: tuple[float, float] = (-2.0, 2.0)  # where tests and notebooks sample it
    expansion: Callable[..., Number] | None = None  # the same function in more elementary gates
    family: str = ""  # the key in FAMILIES of the function that makes this card …
    parameter: float = 0.0  # … and the number to make it from

    def __post_init__(self) -> None:
        """Refuse a flow that no pattern describes: stories could not tell it."""
        if self.flow not in FLOWS:
            raise ValueError(f"the flow of the {self.name} gate is none of {', '.join(FLOWS)}: {self.flow!r}")

    def __repr__(self) -> str:
        """Name the gate, as messages and tests do."""
        return f"<gate {self.name}>"

    @property
    def needs(self) -> str:
        """The rule of its domain, as a clause: "log needs x > 0"."""
        return f"{self.name} needs {self.domain.needs}"

    @property
    def slope_needs(self) -> str:
        """What its slope needs beyond that, as a clause."""
        return f"the slope of {self.name} needs {self.domain.slope_needs}"

    def one_each(self, slopes: object, inputs: int) -> tuple[Number, ...]:
        """Return what `partials` gave; TypeError where that is no tuple of one slope per input."""
        if isinstance(slopes, (tuple, list)) and len(slopes) == inputs:
            return tuple(slopes)
        given = f"length {len(slopes)}" if isinstance(slopes, (tuple, list)) else "no tuple: is a comma missing?"
        words = f"the partials of the {self.name} gate are a tuple of length {inputs}, one slope per input"
        raise TypeError(f"{words}; got {given}")

    def __reduce__(self) -> tuple[Callable[..., Gate], tuple[object, ...]]:
        """Pickle by name: rules are code, and code is not data."""
        if self.family:
            return FAMILIES[self.family], (self.parameter,)
        if self not in (GATES.get(self.name), USERS.get(self.name)):
            from pickle import PicklingError  # only needed for this refusal

            raise PicklingError(f"the gate {self.name!r} is not registered: call autograd.gates.register(gate) first")
        return named, (self.name,)


# ------------------------------------------------------------------------------------------- patterns of gradient flow


def adds_up(partials: tuple[float, ...], total: float) -> bool:
    """Tell whether slopes sum to a total, up to rounding."""
    return abs(sum(partials) - total) <= 1e-12 * len(partials)


def multiplies_in_pairs(xs: tuple[float, ...], slopes: tuple[float, ...]) -> bool:
    """Tell whether x·∂z/∂x agrees, up to its sign, for both factors of each product; what is left over has slope 1."""
    n = len(xs) // 2
    shares = [abs(x * slope) for x, slope in zip(xs, slopes, strict=True)]
    pairs = zip(shares[:n], shares[n : 2 * n], strict=True)
    return all(abs(p - q) <= 1e-9 * max(p, q) for p, q in pairs) and all(slope == 1.0 for slope in slopes[2 * n :])


# read elsewhere too: by the picture of dead units, by the gradient check, and by the bug that swaps
SWITCH, SHARES, SWAP = "switch", "shares", "swap multiplier"

FLOWS: dict[str, Flow] = {
    "gradient distributor": Flow(
        "hands the upstream gradient to every input unchanged",
        lambda xs, slopes: all(slope == 1.0 for slope in slopes),
    ),
    "gradient adder": Flow(
        "passes one value along every branch, and adds up the gradients that come back",
        lambda xs, slopes: slopes == (1.0,),
    ),
    SWAP: Flow(
        "hands each input the upstream gradient times the other input's value",
        lambda xs, slopes: slopes == xs[::-1],
    ),
    "gradient router": Flow(
        "hands the whole upstream gradient to the input it chose, and nothing to the others",
        lambda xs, slopes: sorted(slopes) == [0.0] * (len(xs) - 1) + [1.0],
    ),
    "signed distributor": Flow(
        "hands the upstream gradient to its inputs with a plus or a minus sign",
        lambda xs, slopes: all(abs(slope) == 1.0 for slope in slopes),
    ),
    "multiplier": Flow(
        "scales the upstream gradient for each input by its partner; a divisor gets it with a minus sign",
        multiplies_in_pairs,
    ),
    SWITCH: Flow(
        "lets the sign of its input decide what becomes of the upstream gradient",
        lambda xs, slopes: xs[0] <= 0 or slopes[0] in (0.0, 1.0),
    ),
    SHARES: Flow(
        "splits the upstream gradient into shares that add up to it",
        lambda xs, slopes: min(slopes) >= 0 and adds_up(slopes, 1.0),
    ),
    "scaler": Flow(
        "multiplies the upstream gradient by its slope at this input",
        lambda xs, slopes: all(abs(slope) < inf for slope in slopes),
    ),
}


# ------------------------------------------------------------------------------------------- rules longer than a lambda


def ones(z: Number, *xs: Number) -> tuple[Number, ...]:
    """Return a slope of 1 for every input."""
    return (1.0,) * len(xs)


def routes(beats: Callable[[Number, Number], Number]) -> Callable[..., tuple[Number, ...]]:
    """Return the slopes of max or min: 1 for the first input that reaches the output, 0 for the others."""

    def partials(z: Number, *xs: Number) -> tuple[Number, ...]:
        taken: Number = False  # whether an earlier input was chosen: on a tie the first one wins
        slopes = []
        for x in xs:
            reaches = beats(x, z) | isnan(x)
            slopes.append(where(taken, 0.0, where(reaches, 1.0, 0.0)))
            taken = reaches if taken is False else taken | reaches
        return tuple(slopes)

    return partials


def dot(*wxb: Number) -> Number:
    """Return w1·x1 + … + wn·xn (+ b), of inputs given as w1 … wn, x1 … xn and perhaps b."""
    n = len(wxb) // 2
    if n == 0:
        return wxb[0]
    products = reduce(operator.add, map(operator.mul, wxb[:n], wxb[n : 2 * n]))
    return products + wxb[-1] if len(wxb) % 2 else products


def dot_partials(z: Number, *wxb: Number) -> tuple[Number, ...]:
    """Return x for every w, w for every x, and 1 for b."""
    n = len(wxb) // 2
    return wxb[n : 2 * n] + wxb[:n] + (1.0,) * (len(wxb) - 2 * n)


def logsumexp(*xs: Number) -> Number:
    """Return log(exp(x1) + … + exp(xn)), shifted by the largest x so that nothing overflows."""
    largest = reduce(maximum, xs)
    shift = where(abs(largest) < inf, largest, 0.0)  # inf - inf would be nan
    return shift + log(reduce(operator.add, [exp(x - shift) for x in xs]))


def sigmoid(x: Number) -> Number:
    """Return 1/(1 + exp(-x)) through exp(-|x|), which cannot overflow."""
    e = exp(-abs(x))
    return where(x >= 0, 1.0, e) / (1.0 + e)


def total(*xs: Number) -> Number:
    """Return x1 + … + xn, added from the left."""
    return reduce(operator.add, xs)


# --------------------------------------------------------------------------------------------------------- the table

NOT_ZERO = Domain("x != 0", lambda x: x == 0)
FINITE = Domain("a finite x", lambda x: abs(x) == inf)

ADD = Gate(
    name="add",
    symbol="+",
    flow="gradient distributor",
    forward=operator.add,
    partials=lambda z, x, y: (1.0, 1.0),
    arity=2,
    latex=("x+y", "1", "1"),
)
SUB = Gate(
    name="sub",
    symbol="−",
    flow="signed distributor",
    forward=operator.sub,
    partials=lambda z, x, y: (1.0, -1.0),
    arity=2,
    latex=("x-y", "1", "-1"),
)
MUL = Gate(
    name="mul",
    symbol="×",
    flow=SWAP,
    forward=operator.mul,
    partials=lambda z, x, y: (y, x),
    arity=2,
    latex=(r"x\,y", "y", "x"),
)
DIV = Gate(
    name="div",
    symbol="÷",
    flow="multiplier",
    forward=operator.truediv,
    partials=lambda z, x, y: (1.0 / y, -z / y),
    arity=2,
    latex=(r"\frac{x}{y}", r"\frac{1}{y}", r"-\frac{x}{y^2}"),
    domain=Domain("y != 0", lambda x, y: y == 0),
    probe=(0.5, 2.0),
)
NEG = Gate(
    name="neg",
    symbol="×−1",
    flow="scaler",
    forward=operator.neg,
    partials=lambda z, x: (-1.0,),
    latex=("-x", "-1"),
)
RECIPROCAL = Gate(
    name="reciprocal",
    symbol="1/x",
    flow="scaler",
    forward=lambda x: 1.0 / x,
    partials=lambda z, x: (-z * z,),
    latex=(r"\frac{1}{x}", r"-\frac{1}{x^2}"),
    domain=NOT_ZERO,
    probe=(0.3, 2.0),
)
POW = Gate(
    name="pow",
    symbol="^",
    flow="scaler",
    forward=lambda x, y: where(isnan(x) | isnan(y), x + y, power(x, y)),  # IEEE's nan ** 0 and 1 ** nan are 1
    partials=lambda z, x, y: (y * power(x, y - 1.0), log(x) * z),
    arity=2,
    latex=("x^y", "y\\,x^{y-1}", r"\ln(x)\,x^y"),
    domain=Domain("x > 0 (the exponent is a Value)", lambda x, y: x <= 0),
    probe=(0.3, 2.0),
)
EXP = Gate(
    name="exp",
    symbol="exp",
    flow="scaler",
    forward=exp,
    partials=lambda z, x: (z,),
    latex=("e^x", "e^x"),
)
LOG = Gate(
    name="log",
    symbol="log",
    flow="scaler",
    forward=log,
    partials=lambda z, x: (1.0 / x,),
    latex=(r"\ln x", r"\frac{1}{x}"),
    domain=Domain("x > 0", lambda x: x <= 0),
    probe=(0.2, 3.0),
)
SQRT = Gate(
    name="sqrt",
    symbol="√",
    flow="scaler",
    forward=sqrt,
    partials=lambda z, x: (0.5 / z,),
    latex=(r"\sqrt{x}", r"\frac{1}{2\sqrt{x}}"),
    domain=Domain("x >= 0", lambda x: x < 0, "x > 0", lambda x: x == 0),
    probe=(0.2, 3.0),
)
SIN = Gate(
    name="sin",
    symbol="sin",
    flow="scaler",
    forward=sin,
    partials=lambda z, x: (cos(x),),
    latex=(r"\sin x", r"\cos x"),
    domain=FINITE,
)
COS = Gate(
    name="cos",
    symbol="cos",
    flow="scaler",
    forward=cos,
    partials=lambda z, x: (-sin(x),),
    latex=(r"\cos x", r"-\sin x"),
    domain=FINITE,
)
TAN = Gate(
    name="tan",
    symbol="tan",
    flow="scaler",
    forward=tan,
    partials=lambda z, x: (1.0 + z * z,),
    latex=(r"\tan x", r"1+\tan^2 x"),
    domain=FINITE,
    probe=(-1.2, 1.2),
    expansion=lambda x: sin(x) / cos(x),
)
ARCTAN = Gate(
    name="arctan",
    symbol="arctan",
    flow="scaler",
    forward=arctan,
    partials=lambda z, x: (1.0 / (1.0 + x * x),),
    latex=(r"\arctan x", r"\frac{1}{1+x^2}"),
)
SINH = Gate(
    name="sinh",
    symbol="sinh",
    flow="scaler",
    forward=sinh,
    partials=lambda z, x: (cosh(x),),
    latex=(r"\sinh x", r"\cosh x"),
    expansion=lambda x: (exp(x) - exp(-x)) / 2.0,
)
COSH = Gate(
    name="cosh",
    symbol="cosh",
    flow="scaler",
    forward=cosh,
    partials=lambda z, x: (sinh(x),),
    latex=(r"\cosh x", r"\sinh x"),
    expansion=lambda x: (exp(x) + exp(-x)) / 2.0,
)
TANH = Gate(
    name="tanh",
    symbol="tanh",
    flow="scaler",
    forward=tanh,
    partials=lambda z, x: (1.0 - z * z,),
    latex=(r"\tanh x", r"1-\tanh^2 x"),
    expansion=lambda x: (exp(x) - exp(-x)) / (exp(x) + exp(-x)),
)
SIGMOID = Gate(
    name="sigmoid",
    symbol="σ",
    flow="scaler",
    forward=sigmoid,
    partials=lambda z, x: ((1.0 - z) * z,),
    latex=(r"\sigma(x)", r"(1-\sigma(x))\,\sigma(x)"),
    expansion=lambda x: 1.0 / (1.0 + exp(-x)),
)
SOFTPLUS = Gate(
    name="softplus",
    symbol="softplus",
    flow="scaler",
    forward=lambda x: maximum(x, 0.0) + log1p(exp(-abs(x))),
    partials=lambda z, x: (-expm1(-z),),  # the sigmoid of x, told from the output: 1 - exp(-z)
    latex=(r"\ln(1+e^x)", r"\sigma(x)"),
    expansion=lambda x: log(1.0 + exp(x)),
)
ABS = Gate(
    name="abs",
    symbol="|x|",
    flow=SWITCH,
    forward=operator.abs,
    partials=lambda z, x: (sign(x),),  # 0 at 0, by convention
    latex=("|x|", r"\operatorname{sign}(x)"),
)
MAX = Gate(
    name="max",
    symbol="max",
    flow="gradient router",
    forward=lambda *xs: reduce(maximum, xs),
    partials=routes(operator.ge),
    arity=ANY,
    latex=(r"\max_i x_i", r"[x_i = \max]"),
)
MIN = Gate(
    name="min",
    symbol="min",
    flow="gradient router",
    forward=lambda *xs: reduce(minimum, xs),
    partials=routes(operator.le),
    arity=ANY,
    latex=(r"\min_i x_i", r"[x_i = \min]"),
)
RELU = Gate(
    name="relu",
    symbol="relu",
    flow=SWITCH,
    forward=lambda x: maximum(0.0, x),
    partials=lambda z, x: (where(isnan(x), x, where(x > 0, 1.0, 0.0)),),
    latex=(r"\max(0,x)", "[x>0]"),
)
STEP = Gate(
    name="step",
    symbol="step",
    flow=SWITCH,
    forward=lambda x: where(isnan(x), x, where(x > 0, 1.0, 0.0)),
    partials=lambda z, x: (0.0,),  # flat on both sides: a perceptron cannot be trained by descent
    latex=("[x>0]", "0"),
)
COPY = Gate(
    name="copy",
    symbol="copy",
    flow="gradient adder",
    forward=lambda x: x,
    partials=lambda z, x: (1.0,),
    latex=("x", "1"),
)
SUM = Gate(
    name="sum",
    symbol="Σ",
    flow="gradient distributor",
    forward=total,
    partials=ones,
    arity=ANY,
    latex=(r"\sum_i x_i", "1"),
    expansion=total,
)
DOT = Gate(
    name="dot",
    symbol="w·x",
    flow="multiplier",
    forward=dot,
    partials=dot_partials,
    arity=ANY,
    latex=(r"\sum_i w_i x_i + b", "x_i", "w_i", "1"),
    expansion=dot,
)
LOGSUMEXP = Gate(
    name="logsumexp",
    symbol="lse",
    flow=SHARES,
    forward=logsumexp,
    partials=lambda z, *xs: tuple(exp(x - z) for x in xs),
    arity=ANY,
    latex=(r"\ln\sum_i e^{x_i}", r"e^{x_i-z}"),
    expansion=lambda *xs: log(total(*[exp(x) for x in xs])),
)

# what `take` records while a function is traced: no gate of the table, for eagerly an index is known when it is used
TAKE = Gate(
    name="take",
    symbol="[i]",
    flow="gradient router",
    forward=lambda *xs: xs[int(xs[-1])],
    partials=lambda z, *xs: (*[1.0 if i == xs[-1] else 0.0 for i in range(len(xs) - 1)], 0.0),
    arity=ANY,
)


# ---------------------------------------------------------------- families: one card per parameter, made once and kept

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def spelled(number: float) -> str:
    """Return a number as people write it in a formula: 3, not 3.0."""
    return str(int(number)) if abs(number) < 1e16 and number == int(number) else repr(number)


def raised(n: float) -> str:
    """Return x to the power n as LaTeX."""
    return {0.0: "1", 1.0: "x"}.get(n, f"x^{{{spelled(n)}}}")


def times_raised(factor: float, n: float) -> str:
    """Return factor · x to the power n as LaTeX, without what goes without saying."""
    if factor == 0 or n == 0:
        return spelled(factor)
    return ("-" if factor == -1 else f"{spelled(factor)}\\,") + raised(n)


def plus(factor: float) -> str:
    """Return the sign and the factor, in LaTeX, of what is added to a formula; no factor where it is 1."""
    return "+" if factor == 1 else f"{'' if factor < 0 else '+'}{spelled(factor)}\\,"


def pow_domain(n: float) -> Domain:
    """Return where x ** n exists, and where its slope n·x ** (n-1) does."""
    whole = n % 1 == 0
    if n < 0:
        return NOT_ZERO if whole else Domain("x > 0", lambda x: x <= 0)
    if whole:
        return EVERYWHERE
    if n < 1:
        return Domain("x >= 0", lambda x: x < 0, "x > 0", lambda x: x == 0)
    return Domain("x >= 0", lambda x: x < 0)


def finite(what: str, number: float) -> float:
    """Return a family's parameter as a float; ValueError where it is not a finite number."""
    if not abs(number) < inf:
        raise ValueError(f"{what} must be a finite number, got {number}")
    return float(number)


def kept(make: Callable[[float], Gate]) -> Callable[[float], Gate]:
    """Return a function that makes one card per parameter, whichever thread asks for it first."""
    cards: dict[float, Gate] = {}

    @wraps(make)
    def card(parameter: float) -> Gate:
        found = cards.get(parameter)
        return cards.setdefault(parameter, make(parameter)) if found is None else found

    return card


@kept
def pow_to(exponent: float) -> Gate:
    """Return the card of x ** exponent, a constant: the same card for the same exponent."""
    n = finite("a constant exponent", exponent)
    n_text, whole = spelled(n), n % 1 == 0
    return Gate(
        name=f"pow({n_text})",
        symbol="x" + n_text.translate(SUPERSCRIPTS) if whole else f"x^{n_text}",
        flow="scaler",
        # exponent 0 is a card of its own: value 1 and slope 0, at x = 0 too
        forward=(lambda x: power(x, n)) if n else (lambda x: where(isnan(x), x, 1.0)),
        partials=(lambda z, x: (n * power(x, n - 1.0),)) if n else (lambda z, x: (0.0,)),
        latex=(raised(n), times_raised(n, n - 1.0)),
        domain=pow_domain(n),
        probe=(-2.0, 2.0) if whole and n >= 0 else (0.3, 2.0),
        family="pow",
        parameter=n,
    )


@kept
def leaky_relu(slope: float) -> Gate:
    """Return the card of leaky relu: x where x > 0, slope·x elsewhere."""
    slope = finite("the slope of leaky_relu", slope)
    return Gate(
        name=f"leaky_relu({spelled(slope)})",
        symbol="leaky",
        flow=SWITCH,
        forward=lambda x: where(x > 0, x, slope * x),
        partials=lambda z, x: (where(isnan(x), x, where(x > 0, 1.0, slope)),),
        latex=(f"[x>0]\\,x{plus(slope)}[x\\le 0]\\,x", f"[x>0]{plus(slope)}[x\\le 0]"),
        family="leaky_relu",
        parameter=slope,
    )


@kept
def elu(alpha: float) -> Gate:
    """Return the card of the exponential linear unit: x where x > 0, alpha·(exp(x) - 1) elsewhere."""
    alpha = finite("the alpha of elu", alpha)
    return Gate(
        name=f"elu({spelled(alpha)})",
        symbol="elu",
        flow=SWITCH,
        forward=lambda x: where(x > 0, x, alpha * expm1(minimum(x, 0.0))),
        partials=lambda z, x: (where(x > 0, 1.0, z + alpha),),
        latex=(f"[x>0]\\,x{plus(alpha)}[x\\le 0]\\,(e^x-1)", f"[x>0]{plus(alpha)}[x\\le 0]\\,e^x"),
        family="elu",
        parameter=alpha,
    )


FAMILIES: dict[str, Callable[[float], Gate]] = {"pow": pow_to, "leaky_relu": leaky_relu, "elu": elu}

GATES: dict[str, Gate] = {
    gate.name: gate
    for gate in (
        *(ADD, SUB, MUL, DIV, NEG, RECIPROCAL, POW, EXP, LOG, SQRT, SIN, COS, TAN, ARCTAN, SINH, COSH, TANH),
        *(SIGMOID, SOFTPLUS, ABS, MAX, MIN, RELU, STEP, COPY, SUM, DOT, LOGSUMEXP),
        *(pow_to(n) for n in (2.0, 3.0, 0.0, -1.0, 0.5, -1.5)),
        *(leaky_relu(0.1), elu(1.0)),
    )
}


USERS: dict[str, Gate] = {}  # what users registered; nothing is known of these cards but what they say


def named(name: str) -> Gate:
    """Return the gate of that name, of the table or registered; KeyError where there is none."""
    return GATES.get(name) or USERS[name]


def register(gate: Gate) -> Gate:
    """Make a card of your own known by name, so that its Values can be pickled; ValueError where the name is taken."""
    if gate.name in GATES or USERS.setdefault(gate.name, gate) is not gate:
        raise ValueError(f"there is a gate named {gate.name!r} already: choose another name")
    return gate
