"""Optimizers: rules that move parameters against their gradient; line search, and descent on functions of scalars.

    x        the parameters, one number or a vector       lr       the learning rate
    g        the gradient of the loss at x                t        how many steps have been taken, with this one
    m, v     running averages of g and of g²              state    what a rule remembers from step to step: a dictionary
                                                                   of numbers and vectors, by torch.optim's names

A rule is written once, in operators and elementary functions, so that it moves one float in a lesson, the Values of a
model in `step` and the vector of a compiled program in `update`, to the same bits. Names, arguments, defaults and
numbers are torch.optim's.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import DomainError, Value, jvp, no_grad, value_and_grad
from autograd.elementary import maximum, sqrt
from nn import storage
from nn.checks import check_saved, checked, whole

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Descent",
    "Optimizer",
    "RMSprop",
    "StopAtGradientNorm",
    "descend",
    "line_search",
    "optimizer_named",
]

inf = math.inf
Number = Any  # a float or a vector: what a rule computes with
Vector = NDArray[np.float64]
State = dict[str, Number]

FLOAT64 = np.dtype(np.float64)
BLUR = 1e-10  # values of f that differ by less, relative to their size, do not tell which point is lower


# ------------------------------------------------------------------------------------------------- what may be given


def leaves(owner: str, parameters: Iterable[Value]) -> list[Value]:
    """Return parameters as a list of different leaves; an error names the first that is none."""
    if isinstance(parameters, (Value, Mapping, str)) or not isinstance(parameters, Iterable):
        hint = "give model.parameters()" if hasattr(parameters, "parameters") else "give [x], or model.parameters()"
        raise TypeError(f"{owner} needs a list of Values, got {type(parameters).__name__}: {hint}")
    found: dict[Value, int] = {}
    for i, p in enumerate(parameters):
        if isinstance(p, Mapping):
            kind = type(p).__name__
            raise TypeError(f"{owner} has no groups of parameters: give one list of Values (number {i} is a {kind})")
        if not isinstance(p, Value):
            raise TypeError(f"{owner} needs Values as parameters, but parameter {i} is {type(p).__name__} {p!r:.40}")
        if p.gate is not None:
            raise ValueError(
                f"{owner} moves leaves, but parameter {i}{_label(p)} is computed by the gate {p.gate.name}: "
                "give the Values it is computed from"
            )
        if p in found:
            raise ValueError(f"{owner} was given the same Value{_label(p)} twice, as parameters {found[p]} and {i}")
        found[p] = i
    if not found:
        raise ValueError(f"{owner} was given no parameters: an empty list")
    return list(found)


def _label(p: Value) -> str:
    return f" ({p.label!r})" if p.label else ""


def quotient(x: Number, y: Number) -> Number:
    """Return x / y for y >= 0; by zero it is ±inf or nan, as in a vector, where Python's floats would raise."""
    return x * inf if isinstance(y, float) and y == 0 else x / y


# ---------------------------------------------------------------------------------------------------------- optimizers


class Bounded:
    """A number among an optimizer's options, which must lie in its range whenever it is written."""

    def __init__(self, low: float = 0.0, high: float = inf) -> None:
        self.low, self.high, self.name = low, high, ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, optimizer: Any, kind: type | None = None) -> float:
        if optimizer is None:
            return self  # type: ignore[return-value]  # asked of the class, as by help()
        try:
            return vars(optimizer)[self.name]  # type: ignore[no-any-return]
        except KeyError:
            raise AttributeError(
                f"{type(optimizer).__name__} has no {self.name} yet: call super().__init__(parameters, lr) first"
            ) from None

    def __set__(self, optimizer: Any, x: float) -> None:
        vars(optimizer)[self.name] = checked(type(optimizer).__name__, self.name, x, self.low, self.high)


class Optimizer:
    """What moves parameters along their gradients: the base of all optimizers, which adds a `rule`.

    `parameters` is a list of leaf Values, each once; `lr` the learning rate. `weight_decay` adds its multiple of x to
    the gradient (the slope of an L2 penalty of half that weight); `maximize=True` climbs. Options are attributes of the
    same name, which may be written at any time. Raises ValueError for an option out of its range and for parameters
    that are computed, given twice or none at all, TypeError for what is no number or no Value.

        >>> class SignDescent(Optimizer):  # an optimizer of your own is one rule
        ...     def rule(self, x, g, state):
        ...         return x - self.lr * np.sign(self.slope(x, g))
        >>> x = Value(3.0)
        >>> (x * x).backward()
        >>> SignDescent([x], lr=0.5).step()
        >>> x.data
        2.5
    """

    lr = Bounded()
    weight_decay = Bounded()
    initial_lr: float | None = None  # what lr was when the first schedule took over

    def __init__(
        self, parameters: Iterable[Value], lr: float, *, weight_decay: float = 0.0, maximize: bool = False
    ) -> None:
        self.parameters = leaves(type(self).__name__, parameters)
        self.lr, self.weight_decay = lr, weight_decay
        self.maximize = bool(maximize)
        self.state: State = {}

    def rule(self, x: Number, g: Number, state: State) -> Number:
        """Return where x moves to by its gradient g; x and g are floats or vectors and stay as they are.

        `state` starts as an empty dictionary; the rule keeps in it what it wants to know at the next step.
        """
        raise NotImplementedError(f"{type(self).__name__} has no rule(x, g, state)")

    def slope(self, x: Number, g: Number) -> Number:
        """Return the gradient that is descended: g, negated to maximize, with the weight decay's share."""
        g = -g if self.maximize else g
        return g + self.weight_decay * x if self.weight_decay else g

    def update(self, x: Vector, g: Vector) -> None:
        """Move the vector x, in place, by its gradient g: float64, one entry per parameter, in their order.

        This is what `step` does, for a program that keeps its parameters in a vector. Nothing is moved on an error:
        ValueError for another length, TypeError for what is no such vector.
        """
        self._check_together()
        self._check_vector("x", x)
        self._check_vector("g", g)
        with np.errstate(all="ignore"):  # an overflow gives inf, as with floats; training looks at what comes out
            x[:] = self.rule(x, g, self.state)

    def _check_together(self) -> None:
        """Raise ValueError where options do not go together."""

    def _check_vector(self, name: str, x: Any) -> None:
        if not isinstance(x, np.ndarray) or x.dtype != FLOAT64:
            kind = f"an array of {x.dtype}" if isinstance(x, np.ndarray) else type(x).__name__
            raise TypeError(f"{type(self).__name__}.update needs a float64 vector {name}, got {kind}")
        if x.shape != (len(self.parameters),):
            raise ValueError(
                f"{type(self).__name__} has {len(self.parameters)} parameters, so {name} needs the shape "
                f"({len(self.parameters)},), got {x.shape}"
            )

    def step(self, closure: None = None) -> None:
        """Move every parameter's data by its grad; TypeError for a closure, which torch's would call before."""
        if closure is not None:
            raise TypeError(f"{type(self).__name__}.step takes no closure: call loss.backward(), then step()")
        x = np.array([p.data for p in self.parameters])
        self.update(x, np.array([p.grad for p in self.parameters]))
        for p, number in zip(self.parameters, x.tolist()):
            p.data = number

    def zero_grad(self) -> None:
        """Set every parameter's grad to 0: leaves accumulate from one backward() to the next."""
        for p in self.parameters:
            p.grad = 0.0

    def options(self) -> dict[str, Any]:
        """Return the options by name, as they are now; without those that a class of one's own keeps elsewhere."""
        return {name: getattr(self, name) for name in option_names(type(self)) if hasattr(self, name)}

    def __repr__(self) -> str:
        count = len(self.parameters)
        options = "".join([f", {name}={x!r}" for name, x in self.options().items()])
        return f"{type(self).__name__}({count} parameter{'s' * (count > 1)}{options})"

    def state_dict(self) -> dict[str, Any]:
        """Return options and state as plain data (numbers, strings, lists), to be written as JSON, say.

        Raises TypeError for an optimizer of one's own that does not keep an option under its name.
        """
        own, options = type(self).__name__, self.options()
        elsewhere = [name for name in option_names(type(self)) if name not in options]
        if elsewhere:
            raise TypeError(f"{own} cannot be saved: keep its option {elsewhere[0]} as self.{elsewhere[0]}")
        return {
            "optimizer": own,
            "initial_lr": self.initial_lr,
            "options": {name: list(x) if isinstance(x, tuple) else x for name, x in options.items()},
            "state": {slot: x.tolist() if isinstance(x, np.ndarray) else x for slot, x in self.state.items()},
        }

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Take over what state_dict() gave; an error changes nothing.

        ValueError for that of an optimizer of another kind or with another number of parameters, or where something is
        missing or out of its range; TypeError for what is no such dictionary.
        """
        own, ours = type(self).__name__, self.state_dict()
        check_saved("state_dict of an optimizer", saved, ours)
        if saved["optimizer"] != own:
            raise ValueError(f"this is an optimizer {own}, the saved one is {saved['optimizer']}")
        check_saved(f"dictionary of the options of {own}", saved["options"], ours["options"])
        _check_options(own, list(ours["options"]), saved["options"])
        check_saved(f"dictionary of the state of {own}", saved["state"], ())
        state = {slot: self._restored(slot, x) for slot, x in saved["state"].items()}
        initial_lr = saved["initial_lr"]
        if initial_lr is not None:
            initial_lr = checked(own, "initial_lr", initial_lr)
        twin = type(self)(self.parameters, **saved["options"])  # checks every option before one is taken over
        for name, x in twin.options().items():
            setattr(self, name, x)
        self.state, self.initial_lr = state, initial_lr

    def _restored(self, slot: str, x: Any) -> Number:
        """Return what a slot held, from plain data."""
        if not isinstance(x, list):
            return checked(type(self).__name__, slot, x, -inf)
        vector, count = storage.floats(f"the saved {slot!r}", x), len(self.parameters)
        if vector.shape != (count,):
            raise ValueError(
                f"this {type(self).__name__} has {count} parameters, the saved {slot!r} has the shape {vector.shape}"
            )
        return vector


class SGD(Optimizer):
    """Gradient descent, on all examples or a random few (stochastic), if wanted with momentum: x ← x - lr·v.

    Without momentum v is the gradient (H. Robbins, S. Monro, "A stochastic approximation method", 1951). Momentum
    (B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", 1964) remembers the way:
    v ← momentum·v + (1 - dampening)·g, and v = g at first. `nesterov=True` looks ahead, along g + momentum·v
    (I. Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013); it needs momentum
    and no dampening, else ValueError.

        >>> sgd = SGD([Value(3.0)], lr=0.25)
        >>> x, state = 3.0, {}
        >>> for _ in range(3):  # descend x², whose slope is 2x
        ...     x = sgd.rule(x, 2 * x, state)
        ...     print(x)
        1.5
        0.75
        0.375
    """

    momentum = Bounded()
    dampening = Bounded(-inf)

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, lr, weight_decay=weight_decay, maximize=maximize)
        self.momentum, self.dampening, self.nesterov = momentum, dampening, bool(nesterov)
        self._check_together()

    def _check_together(self) -> None:
        if self.nesterov and (self.momentum <= 0 or self.dampening != 0):
            raise ValueError(
                "SGD with nesterov=True needs momentum > 0 and dampening = 0, "
                f"got momentum = {self.momentum!r}, dampening = {self.dampening!r}"
            )

    def rule(self, x: Number, g: Number, state: State) -> Number:
        """Return x - lr·v."""
        v = g = self.slope(x, g)
        if self.momentum:
            if "momentum_buffer" in state:
                v = self.momentum * state["momentum_buffer"] + (1 - self.dampening) * g
            state["momentum_buffer"] = +v  # a vector of its own: g will be overwritten
            v = g + self.momentum * v if self.nesterov else v
        return x - self.lr * v


class Adagrad(Optimizer):
    """Descent with a learning rate per parameter, smaller the more gradient it has seen: s ← s + g², x ← x - lr·g/√s.

    s starts at `initial_accumulator_value`; lr is divided by 1 + (t - 1)·lr_decay, and `eps` is added to √s
    (J. Duchi, E. Hazan, Y. Singer, "Adaptive subgradient methods for online learning and stochastic optimization",
    JMLR 12, 2011).

        >>> x = Value(3.0)
        >>> (x * x).backward()
        >>> Adagrad([x], lr=0.5).step()  # the first step is as long as lr, whatever the gradient
        >>> round(x.data, 6)
        2.5
    """

    lr_decay = Bounded()
    initial_accumulator_value = Bounded()
    eps = Bounded()

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, lr, weight_decay=weight_decay, maximize=maximize)
        self.lr_decay, self.initial_accumulator_value, self.eps = lr_decay, initial_accumulator_value, eps

    def rule(self, x: Number, g: Number, state: State) -> Number:
        """Return x - lr·g / (√s + eps)."""
        g = self.slope(x, g)
        t = state["step"] = state.get("step", 0) + 1
        s = state["sum"] = state.get("sum", self.initial_accumulator_value) + g * g
        lr = self.lr / (1 + (t - 1) * self.lr_decay)
        return x - lr * quotient(g, sqrt(s) + self.eps)


class Adadelta(Optimizer):
    """Descent whose steps have the units of x: Δ = √(u + eps) / √(v + eps)·g, x ← x - lr·Δ.

    v ← rho·v + (1 - rho)·g² and, after the step, u ← rho·u + (1 - rho)·Δ²
    (M. D. Zeiler, "ADADELTA: an adaptive learning rate method", arXiv:1212.5701, 2012).

        >>> x = Value(3.0)
        >>> (x * x).backward()
        >>> Adadelta([x]).step()  # it finds its own step length, and starts with tiny ones
        >>> round(x.data, 4)
        2.9968
    """

    rho = Bounded(0.0, 1.0)
    eps = Bounded()

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, lr, weight_decay=weight_decay, maximize=maximize)
        self.rho, self.eps = rho, eps

    def rule(self, x: Number, g: Number, state: State) -> Number:
        """Return x - lr·Δ."""
        g, rho = self.slope(x, g), self.rho
        u = state.get("acc_delta", 0.0)
        v = state["square_avg"] = rho * state.get("square_avg", 0.0) + (1 - rho) * g * g
        delta = quotient(sqrt(u + self.eps), sqrt(v + self.eps)) * g
        state["acc_delta"] = rho * u + (1 - rho) * delta * delta
        return x - self.lr * delta


class RMSprop(Optimizer):
    """Descent divided by the size of recent gradients: v ← alpha·v + (1 - alpha)·g², x ← x - lr·g / (√v + eps).

    (T. Tieleman, G. Hinton, lecture 6.5 of "Neural networks for machine learning", 2012.) `centered=True` divides by
    their spread, √(v - m²) with m the running average of g (A. Graves, "Generating sequences with recurrent neural
    networks", arXiv:1308.0850, 2013). With momentum the quotient is gathered: b ← momentum·b + g / (√v + eps),
    x ← x - lr·b.

        >>> x = Value(3.0)
        >>> (x * x).backward()
        >>> RMSprop([x], lr=0.1, alpha=0.75).step()
        >>> round(x.data, 6)
        2.8
    """

    alpha = Bounded(0.0, 1.0)
    eps = Bounded()
    momentum = Bounded()

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, lr, weight_decay=weight_decay, maximize=maximize)
        self.alpha, self.eps, self.momentum, self.centered = alpha, eps, momentum, bool(centered)

    def rule(self, x: Number, g: Number, state: State) -> Number:
        """Return x - lr·g / (√v + eps), or with momentum x - lr·b."""
        g, alpha = self.slope(x, g), self.alpha
        v = state["square_avg"] = alpha * state.get("square_avg", 0.0) + (1 - alpha) * g * g
        if self.centered:
            m = state["grad_avg"] = alpha * state.get("grad_avg", 0.0) + (1 - alpha) * g
            v = maximum(v - m * m, 0.0)  # rounding may leave less than nothing where the gradient is constant
        b = quotient(g, sqrt(v) + self.eps)
        if self.momentum:
            b = state["momentum_buffer"] = self.momentum * state.get("momentum_buffer", 0.0) + b
        return x - self.lr * b


class Adam(Optimizer):
    """Adaptive moments: m ← β₁·m + (1 - β₁)·g, v ← β₂·v + (1 - β₂)·g², x ← x - lr·m̂ / (√v̂ + eps).

    m̂ = m / (1 - β₁ᵗ) and v̂ = v / (1 - β₂ᵗ) undo the bias of averages that start at 0 (D. P. Kingma, J. Ba, "Adam: a
    method for stochastic optimization", arXiv:1412.6980, 2015). `amsgrad=True` takes the largest v so far (S. J. Reddi,
    S. Kale, S. Kumar, "On the convergence of Adam and beyond", 2018); `decoupled_weight_decay=True` is AdamW.

        >>> x = Value(3.0)
        >>> (x * x).backward()
        >>> Adam([x], lr=0.1).step()  # the first step is as long as lr, whatever the gradient
        >>> round(x.data, 6)
        2.9
    """

    eps = Bounded()

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
    ) -> None:
        super().__init__(parameters, lr, weight_decay=weight_decay, maximize=maximize)
        self.betas, self.eps = betas, eps
        self.amsgrad, self.decoupled_weight_decay = bool(amsgrad), bool(decoupled_weight_decay)

    @property
    def betas(self) -> tuple[float, float]:
        """The shares of the old averages in the new ones, of m and of v; each at least 0 and less than 1."""
        return self._betas

    @betas.setter
    def betas(self, betas: Sequence[float]) -> None:
        own = type(self).__name__
        if not isinstance(betas, Sequence) or len(betas) != 2:
            raise TypeError(f"{own} needs two numbers for betas, such as (0.9, 0.999), got {betas!r}")
        first, second = [checked(own, f"betas[{i}]", beta, below=1.0) for i, beta in enumerate(betas)]
        self._betas = first, second

    def slope(self, x: Number, g: Number) -> Number:
        """Return the gradient that is descended; decoupled weight decay has no share in it."""
        if self.decoupled_weight_decay:
            return -g if self.maximize else g
        return super().slope(x, g)

    def rule(self, x: Number, g: Number, state: State) -> Number:
        """Return x - lr·m̂ / (√v̂ + eps)."""
        g = self.slope(x, g)
        if self.decoupled_weight_decay:
            x = x - self.lr * self.weight_decay * x
        beta1, beta2 = self.betas
        t = state["step"] = state.get("step", 0) + 1
        m = state["exp_avg"] = beta1 * state.get("exp_avg", 0.0) + (1 - beta1) * g
        v = state["exp_avg_sq"] = beta2 * state.get("exp_avg_sq", 0.0) + (1 - beta2) * g * g
        if self.amsgrad:
            v = state["max_exp_avg_sq"] = maximum(state.get("max_exp_avg_sq", 0.0), v)
        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
        return x - self.lr * quotient(m_hat, sqrt(v_hat) + self.eps)


class AdamW(Adam):
    """Adam with weight decay beside the gradient, not in it: first x ← x - lr·weight_decay·x, then Adam's step.

    (I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", arXiv:1711.05101, 2019.)

        >>> x = Value(3.0)
        >>> (x * x).backward()
        >>> AdamW([x], lr=0.1, weight_decay=0.5).step()  # 5 % of x decays, then Adam steps
        >>> round(x.data, 6)
        2.75
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters, lr, betas, eps, weight_decay, amsgrad, maximize=maximize, decoupled_weight_decay=True
        )


OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": SGD,
    "adagrad": Adagrad,
    "adadelta": Adadelta,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
}


def optimizer_named(name: str, parameters: Iterable[Value], **options: Any) -> Optimizer:
    """Return the optimizer of a name ("sgd", "adam", …, in any case) with its options.

    Raises ValueError for an unknown name, TypeError for what is no name and for an option it does not have.

        >>> optimizer_named("sgd", [Value(3.0)], lr=0.25).lr
        0.25
    """
    if not isinstance(name, str):
        raise TypeError(f"an optimizer goes by its name here, such as 'sgd', with options as lr=0.1; got {name!r:.60}")
    kind = OPTIMIZERS.get(name.lower())
    if kind is None:
        near = get_close_matches(name.lower(), OPTIMIZERS, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"no optimizer is called {name!r}: {hint}there are {', '.join(OPTIMIZERS)}")
    _check_options(kind.__name__, option_names(kind), options)
    return kind(parameters, **options)


def option_names(kind: type[Optimizer]) -> list[str]:
    """Return the names of an optimizer's options, in the order of its arguments."""
    return [name for name in inspect.signature(kind).parameters if name != "parameters"]


def _check_options(owner: str, known: Sequence[str], options: Iterable[str]) -> None:
    """Raise TypeError for an option that is not known."""
    unknown = [name for name in options if name not in known]
    if unknown:
        raise TypeError(f"{owner} has no option {', '.join(unknown)}; it has {', '.join(known)}")


# -------------------------------------------------------------------------------------------- line search and descent
#
#   x, d   where we stand, and the direction to go        t, slope   how far to go, and the derivative of f along d


def line_search(
    f: Callable[..., Any],
    x: Any,
    direction: Any,
    *,
    slope: float | None = None,
    length: float = 1.0,
    shrink: float = 0.5,
    decrease: float = 0.3,
    trials: int = 100,
) -> float:
    """Return a step length t along a direction of descent that lowers f enough: f(x + t·d) <= f(x) + decrease·t·slope.

    That is the Armijo condition (L. Armijo, "Minimization of functions having Lipschitz continuous first partial
    derivatives", Pacific Journal of Mathematics 16, 1966), reached by backtracking: t is `length`, then shrinks by the
    factor `shrink` until the condition holds; with a small `decrease` t may be nearly twice as long as is best. Where f
    has no finite value t is too long. Where two values differ by little more than rounding, as near a minimum, slopes
    tell what values cannot: t will do if the slope there is at most (2·decrease - 1)·slope, which for a parabola is the
    same condition (W. W. Hager, H. Zhang, "A new conjugate gradient method with guaranteed descent and an efficient
    line search", SIAM Journal on Optimization 16, 2005). Returns 0.0 where none of `trials` lengths will do.

    x and direction are numbers for a function of one scalar, sequences for one of several (f(x, y), as `grad` takes
    it), or NumPy vectors for a function of a vector, whose `slope` must be given, the gradient times the direction, and
    whose values alone are asked. Raises ValueError where the slope is not negative, or f is not finite at x.

        >>> line_search(lambda x: x * x, 3.0, -6.0)
        0.5
    """
    shrink = checked("line_search", "shrink", shrink, below=1.0)
    decrease = checked("line_search", "decrease", decrease, below=1.0)
    t, trials = checked("line_search", "length", length), whole("line_search", "trials", trials, 1)
    along = _line(f, x, direction)
    value, slope = _downhill(along, slope, x, direction)
    for _ in range(trials):
        if along.lowers(t, value, slope, decrease):
            return t
        t *= shrink
    return 0.0


SEARCH_OPTIONS = ("length", "shrink", "decrease", "trials")  # of line_search, for those who call it for somebody else


@dataclass(frozen=True, slots=True)
class _Line:
    """A function along a line: its value and its slope as functions of t; slope is None where it is not known."""

    value: Callable[[float], float]
    slope: Callable[[float], float] | None

    def lowers(self, t: float, value: float, slope: float, decrease: float) -> bool:
        """Tell whether t fulfils Armijo's condition: by the value at t or, where that is blurred, by the slope."""
        try:
            there = self.value(t)
            if self.slope is not None and abs(there - value) <= BLUR * abs(value):
                return self.slope(t) <= (2 * decrease - 1) * slope
            return -inf < there <= value + decrease * t * slope
        except DomainError:
            return False


def _line(f: Callable[..., Any], x: Any, direction: Any) -> _Line:
    """Return f along x + t·direction."""
    if isinstance(x, np.ndarray):
        return _Line(lambda t: float(f(x + t * direction)), None)
    xs, ds = _numbers(x), _numbers(direction)
    if len(xs) != len(ds):
        raise ValueError(f"line_search needs a direction as long as x, got {len(ds)} numbers for {len(xs)}")

    def at(t: float) -> list[float]:
        return [number + t * d for number, d in zip(xs, ds)]

    def value(t: float) -> float:
        with no_grad():
            return float(f(*map(Value, at(t))))

    return _Line(value, lambda t: float(jvp(f, at(t), ds)[1]))


def _downhill(along: _Line, slope: float | None, x: Any, direction: Any) -> tuple[float, float]:
    """Return value and slope at the start; an error where there is no way down from there."""
    value = along.value(0.0)
    if not math.isfinite(value):
        raise ValueError(f"line_search starts where f is finite, got f = {value!r} at {x!r}")
    if slope is None:
        if along.slope is None:
            raise TypeError("line_search needs the slope of a function of a vector: slope=gradient @ direction")
        slope = along.slope(0.0)
    if not slope < 0:
        raise ValueError(f"line_search needs a direction of descent, but f has the slope {slope!r} along {direction!r}")
    return value, slope


def _numbers(x: Any) -> tuple[float, ...]:
    """Return a number as a tuple of one, a sequence of numbers as a tuple."""
    return (float(x),) if isinstance(x, Real) else tuple([float(number) for number in x])


@dataclass(slots=True)
class Descent:
    """The path of a descent: its points from the start on, with f and the length of its gradient at each.

    `converged` tells whether the gradient has become as short as was asked for, `reason` why the path ends.
    """

    points: list[tuple[float, ...]] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    gradient_norms: list[float] = field(default_factory=list)
    converged: bool = False
    reason: str = ""

    @property
    def point(self) -> tuple[float, ...]:
        """Where the path ends."""
        return self.points[-1]

    @property
    def value(self) -> float:
        """The value of f where the path ends."""
        return self.values[-1]

    def reach(self, point: tuple[float, ...], value: float, norm: float, tolerance: float, steps: int) -> None:
        """Add a point, with f and the length of its gradient there, and tell in `reason` whether it is the last."""
        self.points.append(point)
        self.values.append(value)
        self.gradient_norms.append(norm)
        self.converged = norm <= tolerance
        if self.converged:
            self.reason = f"the gradient's length {norm:.3g} is at most {tolerance:g}"
        elif len(self.points) > steps:
            self.reason = f"all {steps} steps are taken"

    def __repr__(self) -> str:
        return f"Descent({len(self.points) - 1} steps to f = {self.value:.6g} at {_spelled(self.point)}: {self.reason})"


def descend(
    f: Callable[..., Any],
    start: float | Sequence[float],
    optimizer: str | None = None,
    *,
    steps: int = 100,
    tolerance: float = 1e-8,
    **options: Any,
) -> Descent:
    """Return the path down from a start, to where the gradient is no longer than the tolerance.

    f takes as many scalars as `start` has, as for `grad`. Without an optimizer each step goes against the gradient
    as far as `line_search` says (steepest descent); with one ("sgd", "adam", …) as its rule says. The options are
    those of either. The path ends at the latest after `steps` steps, and before the first point where f or its gradient
    is not finite or does not exist; a start of that kind is a ValueError.

        >>> descend(lambda x, y: x * x + 10 * y * y, (3.0, 1.0), "sgd", lr=0.05, steps=2).points
        [(3.0, 1.0), (2.7, 0.0), (2.43, 0.0)]
        >>> descend(lambda x: (x - 1) ** 2, 3.0)
        Descent(1 steps to f = 0 at (1): the gradient's length 0 is at most 1e-08)
    """
    tolerance, steps = checked("descend", "tolerance", tolerance), whole("descend", "steps", steps, 0)
    point = _numbers(start)
    move = _steepest(f, options) if optimizer is None else _mover(optimizer, point, options)
    value, gradient, trouble = _measured(f, point)
    if trouble:
        raise ValueError(f"descend cannot start there: {trouble}")
    path = Descent()
    while not path.reason:
        path.reach(point, value, math.hypot(*gradient), tolerance, steps)
        if not path.reason and (moved := move(point, gradient)) == point:
            path.reason = "the next step does not move the point"
        if not path.reason:
            point = moved
            value, gradient, path.reason = _measured(f, point)
    return path


Move = Callable[[tuple[float, ...], tuple[float, ...]], tuple[float, ...]]  # of a point and the gradient there


def _steepest(f: Callable[..., Any], options: dict[str, Any]) -> Move:
    """Return the move against the gradient, as far as a line search says."""
    _check_options("descend without an optimizer", list(SEARCH_OPTIONS), options)

    def move(point: tuple[float, ...], gradient: tuple[float, ...]) -> tuple[float, ...]:
        direction, slope = [-g for g in gradient], -sum([g * g for g in gradient])
        if not -inf < slope < 0:  # the square of a gradient may leave the floats that the gradient is in
            return point
        t = line_search(f, point, direction, slope=slope, **options)
        return tuple([x + t * d for x, d in zip(point, direction)])

    return move


def _mover(name: str, start: tuple[float, ...], options: dict[str, Any]) -> Move:
    """Return the move that an optimizer makes."""
    optimizer = optimizer_named(name, [Value(x) for x in start], **options)

    def move(point: tuple[float, ...], gradient: tuple[float, ...]) -> tuple[float, ...]:
        x = np.array(point)
        optimizer.update(x, np.array(gradient))
        return tuple(x.tolist())

    return move


def _measured(f: Callable[..., Any], point: tuple[float, ...]) -> tuple[float, tuple[float, ...], str]:
    """Return f and its gradient at a point, and in words what is wrong with them."""
    try:
        value, gradient = value_and_grad(f)(*point)
    except DomainError as error:
        return math.nan, (), str(error)
    gradient = gradient if isinstance(gradient, tuple) else (gradient,)
    if not math.isfinite(value):
        return value, gradient, f"f = {value} at {_spelled(point)}"
    if not all(map(math.isfinite, gradient)):
        return value, gradient, f"the gradient is {_spelled(gradient)} at {_spelled(point)}"
    return value, gradient, ""


def _spelled(numbers: Sequence[float]) -> str:
    return f"({', '.join([f'{x:.6g}' for x in numbers])})"


class StopAtGradientNorm:
    """A callback for `fit` that stops training once the gradient is no longer than the tolerance.

    It looks at the last entry of `history.gradient_norm`; a norm that is no number does not stop.

        >>> from nn import MLP, fit, xor
        >>> stop, (X, y) = StopAtGradientNorm(0.3), xor()
        >>> history = fit(
        ...     MLP(2, [8, 1], rng=1), X, y, loss="mse", optimizer="sgd", epochs=1000, callbacks=[stop], progress=False
        ... )
        >>> len(history) < 1000, history.gradient_norm[-1] <= 0.3 < history.gradient_norm[-2]
        (True, True)
    """

    def __init__(self, tolerance: float = 1e-8) -> None:
        self.tolerance = checked("StopAtGradientNorm", "tolerance", tolerance)

    def __call__(self, epoch: int, model: Any, history: Any) -> bool:
        """Return False, which stops, where the gradient is short enough, else True."""
        return not history.gradient_norm[-1] <= self.tolerance
