"""How fast and how small the eager engine is: ratios, measured side by side in one run, as a Markdown table.

    python tests/benchmarks/eager.py

The yardstick is micrograd, which is optional: `python -m pip install micrograd==0.1.0`. Without it the rows that need
it are left out. Before anything is timed, all sides must agree on loss and gradient. Exit status: 1 where a requirement
is missed.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # measure this tree, not an installed one

from moons import SAMPLES, Network, moons  # noqa: E402

from autograd import Value, graph  # noqa: E402
from autograd.functions import dot  # noqa: E402

ROUNDS, STEPS = 5, 5  # a ratio is the median over rounds; within a round each side is a median over steps
STARTS = 15  # fresh processes per side
GATES = 10**6  # kept alive while their memory is measured
SIZES = (10**4, 10**5, 10**6)  # graphs that a gate should cost the same in
DATA = moons(SAMPLES)

# processor time, so that a busy machine counts less; on Windows that clock ticks too coarsely
cpu = perf_counter if sys.platform == "win32" else process_time
INSTALL = "python -m pip install micrograd==0.1.0"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what was measured, and what was asked for."""

    what: str
    measured: float
    required: float | None = None
    aimed: float | None = None
    pattern: str = "{:.1f}×"
    more_is_better: bool = True

    @property
    def met(self) -> bool:
        """Tell whether the requirement, if there is one, is met."""
        if self.required is None:
            return True
        return self.measured >= self.required if self.more_is_better else self.measured <= self.required

    def __str__(self) -> str:
        bound = "≥ " if self.more_is_better else "≤ "
        required, aimed = (
            "" if goal is None else bound + self.pattern.format(goal) for goal in (self.required, self.aimed)
        )
        verdict = "" if self.required is None else "yes" if self.met else "**no**"
        return f"| {self.what} | {self.pattern.format(self.measured)} | {required} | {aimed} | {verdict} |"


# ---------------------------------------------------------------------------------- work A, side by side with micrograd


def sides() -> dict[str, Network]:
    """Return the network of work A three times, with the same weights: micrograd's, ours, ours with dot gates."""
    from micrograd.engine import Value as Micrograd

    return {"micrograd": Network(Micrograd), "operators": Network(Value), "dot": Network(Value, dot)}


def check_agreement(networks: Mapping[str, Network]) -> None:
    """Stop unless all sides have the same loss and gradient, to 1e-9 of the largest number."""
    results = {}
    for name, network in networks.items():
        loss = network.loss(DATA)
        loss.backward()
        results[name] = [loss.data, *(p.grad for p in network.parameters)]
    reference = results["micrograd"]
    scale = max(map(abs, reference))
    for name, numbers in results.items():
        worst = max(abs(x - r) for x, r in zip(numbers, reference, strict=True))
        if not worst <= 1e-9 * scale:
            raise SystemExit(f"{name} and micrograd disagree by {worst}: nothing was timed")


@contextmanager
def collector(on: bool) -> Iterator[None]:
    """Switch Python's cyclic garbage collector on or off for a block."""
    (gc.enable if on else gc.disable)()
    try:
        yield
    finally:
        gc.enable()


def speedups(collecting: bool = True) -> dict[str, float]:
    """Return how many times faster than micrograd each side does a training step: the median of some fresh processes.

    How long the collector needs for micrograd's closures depends on where in memory they come to lie: in one process
    half as long as in another, on a machine that does nothing else.
    """
    rounds = [json.loads(fresh(__file__, "--step-times", *(["--collecting"] * collecting))) for _ in range(ROUNDS)]
    return {name: median(times["micrograd"] / times[name] for times in rounds) for name in rounds[0]}


def step_times(networks: Mapping[str, Network], collecting: bool) -> dict[str, float]:
    """Return the median time of a training step of each side, the sides taking turns."""
    times: dict[str, list[float]] = {name: [] for name in networks}
    for _ in range(STEPS):
        for name, network in networks.items():
            gc.collect()  # each step starts from a clean heap: nobody pays for another's garbage
            with collector(collecting):
                times[name].append(timed(network.train_step, DATA))
    return {name: median(seconds) for name, seconds in times.items()}


def timed(action: Callable[..., Any], *arguments: Any, clock: Callable[[], float] = cpu) -> float:
    """Return how many seconds an action takes."""
    start = clock()
    action(*arguments)
    return clock() - start


def against_micrograd() -> list[Row]:
    """Return the rows that compare with micrograd; where it is missing none, and a line says how to install it."""
    if find_spec("micrograd") is None:
        print(f"micrograd is not installed, so its rows are left out: {INSTALL}\n", file=sys.stderr)
        return []
    check_agreement(sides())
    usual, off = speedups(), speedups(collecting=False)
    return [
        Row("work A in plain operators, against micrograd", usual["operators"], 7, 9),
        Row("work A with dot gates, against micrograd", usual["dot"], 25, 30),
        Row("… in plain operators, garbage collector off on both sides", off["operators"]),
        Row("… with dot gates, garbage collector off on both sides", off["dot"]),
    ]


# ------------------------------------------------------------------------------------------- memory, in a fresh process


def resident() -> int:
    """Return the memory this process occupies now, in bytes; where only a peak is known, that."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    import resource  # not on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def bytes_per_gate(inputs: int) -> float:
    """Return by how much the process grows for each gate of a long chain, with one or with two inputs each."""
    x = z = Value(0.5)
    gc.collect()
    before = resident()
    for _ in range(GATES):
        z = z + x if inputs == 2 else -z
    return (resident() - before) / GATES


def memory() -> list[Row]:
    """Return the memory of a gate before any backward pass, the larger of the two kinds."""
    if find_spec("resource") is None:
        return []
    kinds = [float(fresh(__file__, "--bytes-per-gate", str(inputs))) for inputs in (1, 2)]
    what = "resident memory per one- or two-input gate"
    return [Row(what, max(kinds), 115, 100, "{:.0f} bytes", more_is_better=False)]


def fresh(*arguments: str, **environment: str) -> str:
    """Return what a fresh interpreter prints, started at the top of this tree."""
    command = [sys.executable, *arguments]
    env = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | environment
    return subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True, text=True).stdout


# --------------------------------------------------------------------------------------- time, by the size of the graph


def seconds_per_gate(gates: int) -> tuple[float, float]:
    """Return the time that building and differentiating a graph take per gate; half multiply, half add."""
    x, y = Value(0.5), Value(1.0)
    root = [x]

    def build() -> None:
        z = x
        for _ in range(gates // 2):
            z = z * x + y
        root[0] = z

    gc.collect()
    seconds = timed(build), timed(lambda: graph.backward(root[0]))
    return seconds[0] / gates, seconds[1] / gates


def growth(collecting: bool) -> dict[tuple[str, int], tuple[float, float]]:
    """Return {(phase, gates): (time per gate over that in the smallest graph, the same in µs)}, medians of rounds."""
    with collector(collecting):
        rounds = [{n: seconds_per_gate(n) for n in SIZES} for _ in range(ROUNDS)]
    return {
        (phase, n): (median(r[n][i] / r[SIZES[0]][i] for r in rounds), median(1e6 * r[n][i] for r in rounds))
        for i, phase in enumerate(("build", "backward"))
        for n in SIZES[1:]
    }


def flatness() -> list[Row]:
    """Return how much dearer a gate becomes as the graph grows.

    The engine is held to its own cost, with the garbage collector off. What the collector adds, when it looks through a
    graph that is still growing, is shown beside it.
    """
    rows = [
        Row(f"{phase}, time per gate, {n:,} against {SIZES[0]:,} ({now:.2f} µs)", ratio, 1.5, 1.2, more_is_better=False)
        for (phase, n), (ratio, now) in growth(collecting=False).items()
    ]
    ratio, now = growth(collecting=True)["build", SIZES[-1]]
    return [*rows, Row(f"… build, {SIZES[-1]:,}, garbage collector on ({now:.2f} µs)", ratio)]


# ------------------------------------------------------------------------------------------------------------- start-up


def import_time() -> list[Row]:
    """Return how much longer an interpreter takes that imports autograd than one that does nothing."""
    statements = ("pass", "import autograd")
    with TemporaryDirectory() as bytecode:  # compiled once, as an installed package is

        def start(statement: str) -> float:
            return timed(lambda: fresh("-c", statement, PYTHONPYCACHEPREFIX=bytecode), clock=perf_counter)

        _unmeasured, *times = [[start(statement) for statement in statements] for _ in range(STARTS + 1)]
    extra = median(imported - nothing for nothing, imported in times)
    what = "`import autograd`, over `python -c pass`"
    return [Row(what, 1000 * extra, 30, 15, "{:.0f} ms", more_is_better=False)]


def main() -> int:
    """Print the table; return 0 where every requirement is met."""
    sys.stdout.reconfigure(encoding="utf-8")  # a Windows console may not know ≥
    rows = [*against_micrograd(), *memory(), *flatness(), *import_time()]
    print("| eager engine | measured | required | aimed at | met |\n|---|---|---|---|---|")
    print(*rows, sep="\n")
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    if "--bytes-per-gate" in sys.argv:
        print(bytes_per_gate(int(sys.argv[-1])))
    elif "--step-times" in sys.argv:
        print(json.dumps(step_times(sides(), "--collecting" in sys.argv)))
    else:
        sys.exit(main())
