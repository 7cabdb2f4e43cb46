"""A fuzzer that watches which lines it reaches: python tests/fuzz/run.py TARGET [SECONDS]

It needs atheris (pip install atheris; Linux, macOS). An input that breaks a promise is written to `found/TARGET/`,
where the suite tries it again ever after; what broke is printed. Targets: parse, read_csv, sheet, load_model, command.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

MEGABYTES = 2_048  # of memory: more than that is a bomb that went off
PATIENCE = 20  # seconds for one input


def main(words: list[str]) -> None:
    try:
        import atheris
    except ImportError:
        sys.exit("fuzzing needs atheris: pip install atheris")
    with atheris.instrument_imports(include=["autograd", "nn", "viz"]):
        from tests.fuzz.targets import SEEDS, TARGETS
    name, seconds = (*words, "60")[:2] if words else ("", "0")
    if name not in TARGETS or not seconds.isdigit():
        sys.exit(f"python {sys.argv[0]} {'|'.join(TARGETS)} [SECONDS]")
    found = HERE / "found" / name
    found.mkdir(parents=True, exist_ok=True)
    corpus = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
    for i, seed in enumerate(SEEDS[name]()):
        (corpus / f"seed{i}").write_bytes(seed)
    options = [
        f"-max_total_time={seconds}",
        f"-artifact_prefix={found}/",
        f"-rss_limit_mb={MEGABYTES}",
        f"-timeout={PATIENCE}",
        "-max_len=4096",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus), str(found)], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
