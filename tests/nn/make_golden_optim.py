"""Trajectories of torch's optimizers and learning rates of its schedules: the cases, and the file that keeps some.

python tests/nn/make_golden_optim.py    computes golden_optim.json anew; it needs torch, which the tests then do not

An option is tried beside each of its other values: `cases` gives all combinations, `few` each option alone and all at
once. Optimizers compute per parameter, so that one vector holds several problems at once.
"""

import json
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "golden_optim.json"

Case = tuple[str, dict[str, Any]]  # the name of a class in torch.optim, its options

STEPS = 50
KEPT = (1, 2, 3, 10, 25, 50)  # steps after which the file keeps where the parameters are
EPOCHS = 30

START = [3.0, -2.0, 1.5, -0.5, 0.5, 0.1, 0.0]
CURVATURES = (0.01, 1.0, 100.0)

# each option beside its default, in the order of torch's signature
OPTIONS: dict[str, dict[str, Any]] = {
    "SGD": {"lr": 2e-3, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1, "nesterov": True},
    "Adagrad": {"lr": 0.3, "lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.5, "eps": 1e-3},
    "Adadelta": {"lr": 5.0, "rho": 0.5, "eps": 1e-3, "weight_decay": 0.1},
    "RMSprop": {"lr": 0.02, "alpha": 0.9, "eps": 1e-3, "weight_decay": 0.1, "momentum": 0.5, "centered": True},
    "Adam": {
        "lr": 0.1,
        "betas": (0.6, 0.9),
        "eps": 1e-3,
        "weight_decay": 0.1,
        "amsgrad": True,
        "decoupled_weight_decay": True,
    },
    "AdamW": {"lr": 0.1, "betas": (0.6, 0.9), "eps": 1e-3, "weight_decay": 0.3, "amsgrad": True},
}

SCHEDULES: tuple[Case, ...] = (
    ("StepLR", {"step_size": 4}),
    ("StepLR", {"step_size": 1, "gamma": 0.7}),
    ("StepLR", {"step_size": 40, "gamma": 0.5}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("ExponentialLR", {"gamma": 1.0}),
    ("CosineAnnealingLR", {"T_max": 10}),
    ("CosineAnnealingLR", {"T_max": 30, "eta_min": 0.02}),
    ("CosineAnnealingLR", {"T_max": 7, "eta_min": 0.3}),
    ("CosineAnnealingLR", {"T_max": 1}),
    ("LinearLR", {}),
    ("LinearLR", {"start_factor": 0.01, "total_iters": 12}),
    ("LinearLR", {"start_factor": 1.0, "end_factor": 0.0, "total_iters": 9}),
    ("LinearLR", {"start_factor": 0.5, "end_factor": 0.8, "total_iters": 1}),
)
# schedules one after another, and in which epochs the next takes over
SEQUENCES: tuple[tuple[tuple[Case, ...], list[int]], ...] = (
    ((SCHEDULES[10], SCHEDULES[5]), [12]),  # a warm-up, then half a wave and more
    ((SCHEDULES[9], SCHEDULES[3], SCHEDULES[0]), [5, 11]),
    ((SCHEDULES[1],), []),
    ((SCHEDULES[3], SCHEDULES[10]), [1]),
)


def gradient(x: Any, t: int) -> list[float]:
    """Return the slopes of a badly scaled parabola in three numbers, of Rosenbrock's valley in two, and of noise.

    Noise comes from a linear congruential generator, so that it is the same everywhere.
    """
    a, b = x[3], x[4]
    noise = [((1103515245 * (2 * t + i) + 12345) * 7919 % 2**31) / 2**30 - 1 for i in range(2)]
    return [
        *[c * (x[i] - 1) for i, c in enumerate(CURVATURES)],
        -2 * (1 - a) - 400 * a * (b - a * a),
        200 * (b - a * a),
        x[5] + noise[0],
        noise[1] * 10.0 ** (t % 7 - 3),
    ]


def valid(options: dict[str, Any]) -> bool:
    """Tell whether the options go together."""
    return not options.get("nesterov") or ("momentum" in options and "dampening" not in options)


def cases(name: str) -> list[Case]:
    """Return all combinations of an optimizer's options; with an odd number of them the loss is maximized."""
    own = OPTIONS[name]
    chosen = [
        {option: own[option] for option, is_in in zip(own, pattern) if is_in}
        for pattern in product((False, True), repeat=len(own))
    ]
    return [(name, options | ({"maximize": True} if len(options) % 2 else {})) for options in filter(valid, chosen)]


def few() -> list[Case]:
    """Return for every optimizer its defaults, each option alone, all at once, and climbing."""
    found: list[Case] = []
    for name, own in OPTIONS.items():
        alone = [{}, *[{option: x} for option, x in own.items()], own]
        found += [(name, options) for options in filter(valid, alone)]
        found.append((name, {"lr": own["lr"], "weight_decay": own["weight_decay"], "maximize": True}))
    nesterov = {"momentum": 0.9, "nesterov": True}
    return [*found, ("SGD", nesterov), ("SGD", {"momentum": 0.9, "dampening": 0.3})]


def trajectory(move: Callable[[list[float]], Any], options: dict[str, Any]) -> list[list[float]]:
    """Return where each move leads: it takes the gradient, turned where uphill is down, and returns the parameters."""
    x, path = START, []
    for t in range(STEPS):
        g = gradient(x, t)
        x = list(move([-slope for slope in g] if options.get("maximize") else g))
        path.append(x)
    return path


def torch_trajectory(case: Case) -> list[list[float]]:
    """Return the steps of torch's optimizer, in double precision."""
    import torch

    x = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    optimizer = getattr(torch.optim, case[0])([x], **case[1])

    def move(g: list[float]) -> list[float]:
        x.grad = torch.tensor(g, dtype=torch.float64)
        optimizer.step()
        return [float(number) for number in x.detach()]

    return trajectory(move, case[1])


def torch_rates(parts: tuple[Case, ...], milestones: list[int] | None) -> list[float]:
    """Return torch's learning rates, epoch by epoch, of one schedule or of several one after another."""
    import torch

    sgd = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.4)
    schedulers = [getattr(torch.optim.lr_scheduler, name)(sgd, **options) for name, options in parts]
    schedule = schedulers[0]
    if milestones is not None:
        schedule = torch.optim.lr_scheduler.SequentialLR(sgd, schedulers, milestones)
    rates = []
    for _ in range(EPOCHS):
        rates.append(sgd.param_groups[0]["lr"])
        sgd.step()
        schedule.step()
    return rates


def main() -> None:
    """Write the file."""
    optimizers = [
        [name, options, [torch_trajectory((name, options))[step - 1] for step in KEPT]] for name, options in few()
    ]
    schedules = [[[case], None, torch_rates((case,), None)] for case in SCHEDULES]
    schedules += [[parts, milestones, torch_rates(parts, milestones)] for parts, milestones in SEQUENCES]
    lines = [
        f'"{key}": [\n' + ",\n".join(map(json.dumps, rows)) + "\n]"
        for key, rows in (("optimizers", optimizers), ("schedules", schedules))
    ]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
