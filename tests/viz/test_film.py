"""Films: every number is the history's, the model is left as it was, and the page needs nothing but itself."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from functools import cache
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import nn
import viz
from autograd import Value
from tests.viz.test_notebook import HOSTILE, natural_widths, show, shown, static, wait_for_frames
from viz.film import Film
from viz.notation import full
from viz.plots import flat_units
from viz.reel import decades, percent, rounded, ticks

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[2]


@cache
def history(shape: str = "moons", epochs: int = 30, validated: bool = True) -> Any:
    """Return a short training on a shape."""
    X, y = getattr(nn, shape)(60, 0.2, 1)
    (X, y), held_out = nn.split(X, y, 0.2)
    k = len(set(y.tolist()))
    model = nn.MLP(2, [6, 1 if k == 2 else k], rng=3)
    return nn.fit(
        model,
        X,
        y,
        loss="binary_cross_entropy" if k == 2 else "cross_entropy",
        optimizer=nn.Adam(model.parameters(), lr=0.02),
        epochs=epochs,
        batch_size=16,
        validation=held_out if validated else None,
        progress=False,
    )


def regression(columns: int = 1) -> Any:
    """Return a training on numbers, which are no classes."""
    X, y = nn.linear(20, 0.1, 0, weights=[1.0] * columns)
    return nn.fit(nn.MLP(columns, [3, 1]), X, y, loss="mse", optimizer="adam", epochs=5, progress=False)


@cache
def film() -> Film:
    return viz.animate_training(history())


# ------------------------------------------------------------------------------------------------------ what it records


def test_frames_are_even_and_the_first_and_the_last_epoch_are_among_them() -> None:
    epochs = [frame.epoch for frame in viz.animate_training(history(), frames=7).reel.frames]
    assert (epochs[0], epochs[-1], len(epochs)) == (1, 30, 7)
    assert max(np.diff(epochs)) - min(np.diff(epochs)) <= 1
    assert [frame.epoch for frame in film().reel.frames] == list(range(1, 31))
    assert [frame.epoch for frame in viz.animate_training(history(), frames=1).reel.frames] == [30]


@pytest.mark.parametrize("shape", ["moons", "blobs"])
def test_what_a_frame_shows_is_what_the_model_was_after_that_epoch(shape: str) -> None:
    past = history(shape)
    reel = viz.animate_training(past, frames=6, resolution=20).reel
    assert reel.plane is not None
    n = len(past.y)
    for frame in reel.frames:
        assert (n - len(frame.wrong)) / n == past.accuracy[frame.epoch - 1]
        assert reel.at("loss", frame) == past.loss[frame.epoch - 1]
        twin = nn.MLP(2, [6, len(frame.gaps) if len(frame.gaps) > 2 else 1])
        for parameter, weight in zip(twin.parameters(), past.weights[frame.epoch - 1].tolist(), strict=True):
            parameter.data = weight
        j, i = 5, 13
        outputs = np.atleast_1d(nn.predict(twin, [[reel.plane.across[i], reel.plane.up[j]]])[0])
        winner = int(outputs.argmax()) if len(outputs) > 1 else int(outputs[0] > 0)
        assert int(frame.gaps[:, j, i].argmax()) == winner


def test_the_model_has_its_own_weights_modes_and_gradients_afterwards_even_if_it_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    past = history()
    for p in past.model.parameters():
        p.grad = 7.0
    past.model.train()
    before = [p.data for p in past.model.parameters()]
    viz.animate_training(past, frames=3)
    assert [p.data for p in past.model.parameters()] == before
    assert {p.grad for p in past.model.parameters()} == {7.0}
    assert past.model.training

    def fail(*_: Any) -> None:
        raise RuntimeError("in the middle")

    monkeypatch.setattr("viz.film.flat_units", fail)
    with pytest.raises(RuntimeError, match="in the middle"):
        viz.animate_training(past, frames=3)
    assert [p.data for p in past.model.parameters()] == before
    assert past.model.training


def test_a_relu_that_no_sample_switches_on_is_dead_and_hands_on_no_gradient() -> None:
    X, y = nn.moons(20)
    model = nn.MLP(2, [4, 3, 1], rng=0)
    hidden: Any = model.layers[0]
    hidden.neurons[2].b.data = -100.0
    flat = flat_units(model, X)
    assert flat is not None
    assert flat["layer1/neuron2"]
    for row, label in zip(X.tolist(), y.tolist(), strict=True):
        nn.binary_cross_entropy(model(row), label).backward()
    unmoved = {unit for unit in flat if all(p.grad == 0 for p in model.parameters() if p.label.startswith(f"{unit}/"))}
    assert unmoved >= {unit for unit, is_flat in flat.items() if is_flat}
    assert not flat["layer3/neuron0"]
    assert len(flat) == 8


def test_of_a_model_that_takes_no_values_dead_units_are_not_told() -> None:
    class Columns(nn.Module):
        def __init__(self) -> None:
            self.slope = Value(1.0, "slope")

        def __call__(self, x: Any) -> Any:
            return np.sign(x[0]) * self.slope.data

    assert flat_units(Columns(), [[1.0, 2.0]]) is None


@pytest.mark.parametrize(
    ("past", "words"),
    [
        (regression(1), "A decision boundary is drawn for 2 inputs, and this model has 1."),
        (regression(2), "A decision boundary is drawn between classes, and these targets are other numbers."),
    ],
    ids=["one column", "numbers"],
)
def test_what_has_no_boundary_says_so(past: Any, words: str) -> None:
    made = viz.animate_training(past)
    assert words in made.html
    assert "data-wrong" not in made.html.split("<script")[0]
    assert made.reel.plane is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frames": 0}, "frames is a whole number from 1, got 0"),
        ({"resolution": 1}, "resolution is a whole number from 8"),
        ({"classes": ["only one"]}, "classes names 1, but there are 2"),
    ],
)
def test_what_makes_no_sense_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        viz.animate_training(history(), **change)


def test_no_epochs_and_another_model_are_refused() -> None:
    X, y = nn.moons(10)
    empty = nn.fit(nn.MLP(2, [1]), X, y, loss="hinge", optimizer="adam", epochs=0, progress=False)
    with pytest.raises(ValueError, match="no epoch was run"):
        viz.animate_training(empty)
    past = nn.fit(nn.MLP(2, [1]), X, y, loss="hinge", optimizer="adam", epochs=1, progress=False)
    past.model = nn.MLP(2, [2, 1])
    with pytest.raises(ValueError, match="the history has 3 weights, but its model 9 parameters now"):
        viz.animate_training(past)


def test_ticks_are_round_and_within_and_powers_of_ten_hold_all_that_is_shown() -> None:
    assert ticks(0.0, 1.0) == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert ticks(-1.3, 2.4) == [-1.0, 0.0, 1.0, 2.0]
    assert ticks(0.0213, 0.0219) == [0.0214, 0.0216, 0.0218]
    assert decades({"a": [0.0, 0.03], "b": [2.0]}) == (-2, 1)
    assert decades({"a": [0.0]}) == (-1, 0)
    assert decades({}) == (-1, 0)


# ------------------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("name", ["film.mp4", "film", "film.svg"])
def test_another_suffix_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a film is saved as \.html or \.gif, not as"):
        film().save(tmp_path / name)


def test_a_page_of_a_hundred_epochs_is_small_and_has_sixty_frames() -> None:
    made = viz.animate_training(history(epochs=100))
    assert len(made.reel.frames) == 60
    assert len(made.html) < 600_000
    assert "60 of 100 epochs shown" in made.html


def test_a_gif_shows_every_frame_once_and_then_again_from_the_start(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason='pip install "gatewise[plots]"')
    from PIL import Image

    made = viz.animate_training(history(), frames=5)
    path = made.save(tmp_path / "film.gif")
    assert path.read_bytes() == made.gif
    with Image.open(path) as image:
        assert image.n_frames == 5
        assert image.info["loop"] == 0
        pictures = []
        for i in range(5):
            image.seek(i)
            pictures.append(np.asarray(image.convert("RGB"), dtype=int))
    assert all(np.abs(one - other).max() > 100 for one, other in pairwise(pictures))


@pytest.mark.parametrize("past", [regression(3), history("blobs")], ids=["no boundary", "three classes"])
def test_a_gif_of_any_training_is_small(past: Any) -> None:
    pytest.importorskip("matplotlib", reason='pip install "gatewise[plots]"')
    from PIL import Image

    gif = viz.animate_training(past, classes=["$a_b$", "_c", "d" * 90], frames=3).gif
    assert len(gif) < 100_000
    with Image.open(BytesIO(gif)) as image:
        assert image.format == "GIF"


def digest() -> str:
    """Return what a film is as text."""
    from hashlib import sha256

    made = viz.animate_training(history("blobs", 5), frames=3)
    return sha256(made.html.encode() + made.gif).hexdigest()


def test_the_same_training_gives_the_same_bytes_whatever_the_hash_seed() -> None:
    pytest.importorskip("matplotlib", reason='pip install "gatewise[plots]"')
    code = "from tests.viz.test_film import digest; print(digest())"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert found == {digest() + "\n"}


# ------------------------------------------------------------------------------------------------------- in a browser


def opened(page: Page, made: Film, folder: Path) -> None:
    page.goto(made.save(folder / "film.html").as_uri())


def told(page: Page) -> dict[str, str]:
    """Return every number that the page shows, without its title."""
    script = "(found) => found.map((e) => [e.dataset.told, e.firstChild ? e.firstChild.data : ''])"
    return dict(page.locator("[data-told]").evaluate_all(script))


def expected(past: Any, epoch: int) -> dict[str, str]:
    i = epoch - 1
    curves = {name: getattr(past, name)[i] for name in ("loss", "validation_loss")}
    shares = {name: getattr(past, name)[i] for name in ("accuracy", "validation_accuracy")}
    flow = {f"flow{j}": rounded(numbers[i]) for j, numbers in enumerate(past.gradient_flow.values())}
    right = f"{round(past.accuracy[i] * len(past.y))} of {len(past.y)} samples right"
    told = {name: rounded(x) for name, x in curves.items()} | {name: percent(x) for name, x in shares.items()}
    return told | flow | {"right": right}


def test_every_frame_shows_the_history_s_numbers(page: Page, complaints: list[str], tmp_path: Path) -> None:
    past = history()
    opened(page, film(), tmp_path)
    for epoch in range(1, 31):
        assert page.locator(".count").inner_text() == f"epoch {epoch} of 30"
        found = told(page)
        assert {name: text for name, text in found.items() if not name.startswith("dead")} == expected(past, epoch)
        assert page.locator("[data-told=loss] title").text_content() == full(past.loss[epoch - 1])
        page.keyboard.press("ArrowRight")
    assert complaints == []


def test_slider_buttons_and_keys_move_through_the_film(page: Page, complaints: list[str], tmp_path: Path) -> None:
    from playwright.sync_api import expect

    opened(page, film(), tmp_path)
    count, slider = page.locator(".count"), page.locator("#slider")
    assert page.locator("[data-go=back]").is_disabled()
    for move, epoch in [
        (lambda: page.keyboard.press("End"), 30),
        (lambda: page.keyboard.press("ArrowRight"), 30),
        (lambda: page.keyboard.press("ArrowLeft"), 29),
        (lambda: page.keyboard.press("Home"), 1),
        (lambda: page.locator("[data-go=next]").click(), 2),
        (lambda: slider.fill("11"), 12),
        (lambda: slider.press("ArrowRight"), 13),
        (lambda: slider.press("End"), 30),
        (lambda: page.locator("[data-go=back]").click(), 29),
    ]:
        move()
        assert count.inner_text() == f"epoch {epoch} of 30"
        assert slider.input_value() == str(epoch - 1)
        assert slider.get_attribute("aria-valuetext") == f"epoch {epoch} of 30"
    expect(page.locator("[aria-live]")).to_have_text(re.compile("^Epoch 29 of 30: loss "))
    assert complaints == []


def test_play_runs_to_the_end_in_silence_and_can_be_stopped(page: Page, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    opened(page, film(), tmp_path)
    play, live = page.locator("[data-go=play]"), page.locator("[aria-live]")
    page.keyboard.press("Space")
    assert play.inner_text().strip() == "Pause"
    expect(page.locator("#slider")).to_have_attribute("aria-valuetext", re.compile("^epoch (?!1 )"))
    assert live.text_content() == ""
    page.keyboard.press("Space")
    assert play.inner_text().strip() == "Play"
    expect(live).to_have_text(re.compile("^Epoch "))
    play.click()
    expect(page.locator(".count")).to_have_text("epoch 30 of 30", timeout=20_000)
    expect(play).to_have_text("Play")


def test_who_wants_less_motion_gets_a_slow_film(page: Page, tmp_path: Path) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.add_init_script(
        "globalThis.paces = []; const set = setInterval; globalThis.setInterval = (f, t) => (paces.push(t), set(f, t))"
    )
    opened(page, film(), tmp_path)
    page.keyboard.press("Space")
    assert page.evaluate("paces") == [1000]


MISPLACED = """() => [...document.querySelectorAll('svg.film')].flatMap((svg) => {
    const edge = svg.getBoundingClientRect();
    const boxes = [...svg.querySelectorAll('text')].map((text) => [text.textContent, text.getBoundingClientRect()]);
    const is_out = (b) => b.left < edge.left - 1 || b.right > edge.right + 1 || b.bottom > edge.bottom + 1;
    const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 4 && b.top < a.bottom - 4;
    return boxes.flatMap(([s, a], i) => [
        ...(is_out(a) ? [`outside: ${s}`] : []),
        ...boxes.slice(i + 1).filter(([, b]) => meet(a, b)).map(([t]) => `${s} | ${t}`),
    ]);
})"""


@pytest.mark.parametrize("width", [1280, 760, 390, 320])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_its_page_and_no_words_overlap(
    page: Page, width: int, scheme: Any, tmp_path: Path
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    opened(page, viz.animate_training(history("blobs"), frames=4, features=["W" * 80, HOSTILE]), tmp_path)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(MISPLACED) == []


def test_hostile_labels_are_words_and_nothing_else(page: Page, complaints: list[str], tmp_path: Path) -> None:
    past = history("blobs")
    made = viz.animate_training(past, frames=3, features=[HOSTILE, HOSTILE[::-1]], classes=[HOSTILE, "b", "\x00c"])
    past.gradient_flow[HOSTILE] = past.gradient_flow["layer1"]
    try:
        worse = viz.animate_training(past, frames=2)
    finally:
        del past.gradient_flow[HOSTILE]
    for each in (made, worse):
        opened(page, each, tmp_path)
        page.keyboard.press("ArrowRight")
        assert page.locator("img, iframe").count() == 0
        assert page.locator("script").count() == 2
    assert "alert(1)" in (page.locator("[data-panel='Gradient flow']").text_content() or "")
    assert complaints == []


def test_a_notebook_shows_the_page_or_else_the_last_frame(page: Page, complaints: list[str], tmp_path: Path) -> None:
    output = film()._repr_html_()
    show(page, [output], tmp_path)
    wait_for_frames(page)
    assert shown(page.locator("img")) == [False]
    assert page.frame_locator("iframe").locator(".count").inner_text() == "epoch 1 of 30"
    show(page, [static(output)], tmp_path)
    assert natural_widths(page)[0] > 400
    found = re.search(r"base64,([\w+/=]+)", output)
    assert found
    svg = base64.b64decode(found[1]).decode()
    assert rounded(history().loss[-1]) in svg
    assert complaints == []


def test_without_a_script_the_last_frame_stands_there(page: Page, tmp_path: Path) -> None:
    html = film().html
    (tmp_path / "still.html").write_text(html[: html.index('<script type="application/json"')], encoding="utf-8")
    page.goto((tmp_path / "still.html").as_uri())
    assert told(page)["loss"] == rounded(history().loss[-1])
    assert page.locator("[data-region='1']").get_attribute("d")
