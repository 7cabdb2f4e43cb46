"""The scalar GPT of notebooks/microgpt.py: the same losses by either engine, and names at the end."""

import doctest
import importlib.util
import math
import random
import subprocess
import sys
from itertools import islice
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import autograd

ROOT = Path(__file__).resolve().parent.parent
LESSON = ROOT / "notebooks" / "microgpt.py"


@pytest.fixture(scope="module")
def gpt() -> ModuleType:
    """The lesson as a module."""
    spec = importlib.util.spec_from_file_location("microgpt_lesson", LESSON)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def trained(gpt):
    """A model after 120 steps, and its losses."""
    model = gpt.MicroGPT()
    return model, list(gpt.train(model, gpt.read_names(), 120))


def test_the_names_are_800_different_ones_of_small_letters_that_fit_the_context(gpt):
    names = gpt.read_names()
    assert len(set(names)) == len(names) == 800
    assert all(name.isascii() and name.isalpha() and name.islower() for name in names)
    assert {len(gpt.tokens_of(name)) for name in names} == set(range(5, 13))


def test_the_examples_in_the_lesson_s_docstrings_are_true(gpt):
    found = doctest.testmod(gpt)
    assert (found.failed, found.attempted) == (0, 1)


@pytest.mark.parametrize("name", ["", "Anna", "o'neil", "zoë", "a" * 16])
def test_a_name_that_the_model_cannot_read_is_refused_with_what_it_may_be(gpt, name):
    with pytest.raises(ValueError, match=r"1 to 15 letters, each from a to z, got "):
        gpt.tokens_of(name)


def test_the_longest_name_that_is_accepted_fills_the_context(gpt):
    model, name = gpt.MicroGPT(), gpt.tokens_of("a" * 15)
    assert len(name) == 17  # 16 are read, 16 are asked for
    assert model.loss(name).data > 0


def test_each_step_has_names_of_one_length_and_the_lengths_vary(gpt):
    found = list(gpt.batches(gpt.read_names(), 30))
    assert all(batch.shape == (gpt.BATCH, batch.shape[1]) for batch in found)
    assert len({batch.shape[1] for batch in found}) > 3


def test_an_untrained_model_knows_nothing(gpt):
    loss = gpt.MicroGPT().loss(gpt.tokens_of("anna")).data
    assert loss == pytest.approx(math.log(27), abs=0.2)


def test_the_logits_of_a_position_do_not_depend_on_what_follows(gpt):
    model = gpt.MicroGPT()
    with autograd.no_grad():
        past: list[tuple[list, list]] = []
        together = [[z.data for z in model(token, past)] for token in gpt.tokens_of("anna")]
        past = []
        changed = [[z.data for z in model(token, past)] for token in gpt.tokens_of("anno")]
    assert together[:4] == changed[:4]
    assert together[4] != changed[4]


@pytest.mark.parametrize("letters", [1, 4, 15])
def test_the_program_of_each_length_has_the_engine_s_loss_and_gradient(gpt, letters):
    model = gpt.MicroGPT()
    rng = random.Random(letters)
    rows = np.array([gpt.tokens_of("".join(rng.choices(gpt.TOKENS[1:], k=letters))) for _ in range(3)])
    program = autograd.compile(model.loss, model.parameters)
    for batch in (rows, rows[:1]):
        agreement = program.check(batch)
        assert agreement, str(agreement)


def test_the_gradient_is_what_central_differences_find(gpt):
    model = gpt.MicroGPT()
    program = autograd.compile(model.loss, model.parameters)
    batch = np.array([gpt.tokens_of("marie"), gpt.tokens_of("oskar")])
    program(batch)
    slopes, h = program.gradient.copy(), 1e-5
    for seed in range(5):
        direction = np.random.default_rng(seed).normal(size=len(slopes))
        start = program.parameters.copy()
        sides = []
        for sign in (1, -1):
            program.parameters[:] = start + sign * h * direction
            sides.append(program.forward(batch))
        program.parameters[:] = start
        assert (sides[0] - sides[1]) / (2 * h) == pytest.approx(slopes @ direction, rel=1e-5, abs=1e-7)


def test_compiled_and_eager_training_have_the_same_losses_and_leave_the_same_model(gpt):
    names, models, losses = gpt.read_names(), [], []
    for compiled in (True, False):
        models.append(gpt.MicroGPT())
        losses.append(list(islice(gpt.train(models[-1], names, 1000, compiled), 4)))
    np.testing.assert_allclose(losses[0], losses[1], rtol=0, atol=1e-9)
    numbers = [[p.data for p in model.parameters] for model in models]
    np.testing.assert_allclose(numbers[0], numbers[1], rtol=0, atol=1e-9)
    assert numbers[0] != [p.data for p in gpt.MicroGPT().parameters]


def test_the_loss_goes_down(trained):
    losses = trained[1]
    assert np.mean(losses[-20:]) < 2.6 < 3.1 < losses[0]


def test_training_again_gives_the_same_losses_and_the_same_names(gpt, trained):
    model = gpt.MicroGPT()
    assert list(gpt.train(model, gpt.read_names(), 120)) == trained[1]
    assert [gpt.sample(m, random.Random(3)) for m in (model, trained[0])] == [gpt.sample(model, random.Random(3))] * 2


def test_the_model_makes_up_names_of_letters(gpt, trained):
    rng = random.Random(0)
    names = [gpt.sample(trained[0], rng) for _ in range(10)]
    assert all(set(name) <= set(gpt.TOKENS[1:]) for name in names)
    assert len(set(names)) > 5
    assert 2 < np.mean([len(name) for name in names]) < 12


def test_a_trained_model_finds_its_names_likelier_than_their_letters_shuffled(gpt, trained):
    rng = random.Random(0)
    names = gpt.read_names()[::40]
    shuffled = ["".join(rng.sample(name, len(name))) for name in names]
    with autograd.no_grad():
        real, mixed = (
            np.mean([trained[0].loss(gpt.tokens_of(name)).data for name in some]) for some in (names, shuffled)
        )
    assert real < mixed - 0.1


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the lesson as a program of its own, on our packages."""
    code = f"import sys, runpy; sys.path.insert(0, {str(ROOT)!r}); sys.argv = ['microgpt.py', *{arguments!r}]"
    code += f"; runpy.run_path({str(LESSON)!r}, run_name='__main__')"
    command = [sys.executable, "-X", "utf8", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120)


def test_the_lesson_runs_tells_its_loss_and_ends_with_ten_names():
    done = run("--steps", "20")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "800 names, 4,192 parameters; knowing nothing is a loss of 3.30"
    assert [line.split()[:2] for line in lines[1:-1]] == [["step", str(n)] for n in range(2, 21, 2)]
    assert len(lines[-1].removeprefix("names it makes up: ").split(", ")) == 10


def test_the_lesson_refuses_a_number_of_steps_below_one():
    done = run("--steps", "0")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--steps needs a whole number from 1, got 0" in done.stderr
