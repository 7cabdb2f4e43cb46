"""What the fuzzer starts from, and every input it has found: no promise is broken by any of them."""

from pathlib import Path

import pytest

from tests.fuzz.targets import SEEDS, TARGETS

FOUND = [path for target in TARGETS for path in sorted((Path(__file__).parent / "found" / target).glob("*"))]


@pytest.mark.parametrize("path", FOUND, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_an_input_that_was_found_once_breaks_nothing_now(path: Path) -> None:
    TARGETS[path.parent.name](path.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
def test_what_the_fuzzer_starts_from_breaks_nothing(target: str) -> None:
    for seed in SEEDS[target]():
        TARGETS[target](seed)
