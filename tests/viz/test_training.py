"""`gatewise train`: it learns, keeps what it learned whatever happens, and says in words what it did not understand."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd.errors import pip_install
from nn import train as fitting
from tests.viz.test_cli import ROOT, run
from viz import paper
from viz.cli import main, training
from viz.shell import UsageError

Output = pytest.CaptureFixture[str]
QUICK = ["--hidden", "4", "--epochs", "2"]


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start each test in an empty folder, with no wish about colours."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)


@pytest.fixture
def need_plots() -> None:
    pytest.importorskip("matplotlib", reason='pip install "gatewise[plots]"')


def csv(name: str, X: Any, y: Any, columns: str) -> str:
    """Write samples into a CSV file and return its name."""
    rows = [",".join([*map(repr, row), str(label)]) for row, label in zip(X.tolist(), y)]
    Path(name).write_text("\n".join([columns, *rows, ""]), encoding="utf-8")
    return name


def uneven(n: int = 60) -> tuple[Any, list[str]]:
    """Return two columns of very different scales, and which of two flowers each row is."""
    X, y = nn.blobs(n, noise=0.5, centers=[[-1.0, 0.0], [1.0, 0.5]], rng=3)
    return X * [1e5, 1e-4] + [1e6, 3.0], [("iris", "rose")[c] for c in y]


def shares(out: str) -> list[float]:
    """Return the percentages of the line that tells the accuracy."""
    return [float(x) for x in re.findall(r"([\d.]+) %", re.findall(r"^accuracy: .*$", out, re.MULTILINE)[0])]


# ------------------------------------------------------------------------------------------------------- what it does


@pytest.mark.usefixtures("need_plots")
def test_moons_are_learned_with_nothing_but_the_name_and_all_that_is_written_is_named(capsys: Output) -> None:
    assert main(["train", "moons"]) == 0
    out = capsys.readouterr().out
    assert min(shares(out)) >= 99.0
    named = re.findall(r"^wrote (\S+)", out, re.MULTILINE)
    assert sorted(map(Path, named)) == sorted(Path("gatewise-train").iterdir())
    assert {Path(name).name for name in named} == {"model.npz", "history.json", "history.png", "boundary.png"}


@pytest.mark.parametrize("words", [["moons"], ["spirals", "--activation", "tanh"]], ids=" ".join)
def test_whatever_the_seed_samples_seen_and_held_out_are_learned(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.setattr(training, "pictured", lambda *_: iter(()))
    for seed in range(10):
        assert main(["train", *words, "--seed", str(seed)]) == 0
        assert min(shares(capsys.readouterr().out)) >= (99.0 if words == ["moons"] else 97.0)


def test_who_learned_nothing_is_told_so_with_what_to_try_and_nobody_else_is(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.setattr(training, "pictured", lambda *_: iter(()))
    told = "hardly better than guessing: the largest class alone gives 50 %; try a lower --lr, or more --epochs"
    assert main(["train", "moons", "--lr", "1e9", "--optimizer", "sgd", "--epochs", "5"]) == 0
    assert capsys.readouterr().out.splitlines().count(told) == 1
    assert main(["train", "moons", "--epochs", "20"]) == 0
    assert "guessing" not in capsys.readouterr().out


def test_spirals_whose_arms_run_into_each_other_are_learned_by_heart(capsys: Output) -> None:
    words = "spirals --noise 0.1 --samples 200 --activation tanh --epochs 1000 --batch-size 32 --test 0"
    assert main(["train", *words.split()]) == 0
    assert shares(capsys.readouterr().out)[0] >= 97.0  # of other rows even the best rule gets but 94 % right


def test_progress_is_about_ten_plain_lines_where_no_terminal_shows_a_bar(capsys: Output) -> None:
    for epochs, count in ((1, 1), (10, 10), (25, 9), (1000, 10)):
        assert main(["train", "xor", "--hidden", "2", "--samples", "10", "--epochs", str(epochs)]) == 0
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == count
        assert all(re.fullmatch(r"epoch +[\d,]+ of [\d,]+: loss [\d.e-]+, accuracy [\d.]+ %", line) for line in lines)
    history = json.loads(Path("gatewise-train/history.json").read_text(encoding="utf-8"))
    loss, accuracy = f"{history['loss'][-1]:.4g}", f"{100 * history['accuracy'][-1]:.4g}"
    assert lines[-1] == f"epoch 1,000 of 1,000: loss {loss}, accuracy {accuracy} %"


@pytest.mark.usefixtures("need_plots")
def test_digits_are_read_and_the_misread_ones_are_shown(capsys: Output) -> None:
    pytest.importorskip("sklearn", reason='pip install "gatewise[digits]"')
    assert main(["train", "digits", "--epochs", "30"]) == 0
    out = capsys.readouterr().out
    assert "1,797 samples of digits" in out
    assert "MLP(64, [32, 10]" in out
    assert "\ncross_entropy, " in out
    assert min(shares(out)) >= 95.0
    assert {path.name for path in Path("gatewise-train").iterdir()} == {
        *("model.npz", "history.json", "history.png", "misread.png")
    }
    X, y = nn.digits()
    assert nn.accuracy(nn.load_model("gatewise-train/model.npz"), X, y) >= 0.95


def test_without_scikit_learn_one_line_says_how_to_get_digits(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    assert main(["train", "digits"]) == 1
    assert capsys.readouterr() == (
        "",
        f"gatewise: the images of digits come with scikit-learn: {pip_install('scikit-learn')}\n",
    )


@pytest.mark.usefixtures("need_plots")
@pytest.mark.parametrize("name", training.SHAPES)
def test_every_shape_is_learned(name: str, capsys: Output) -> None:
    assert main(["train", name, "-o", "here"]) == 0
    assert shares(capsys.readouterr().out)[0] >= 95.0
    assert Path("here/boundary.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.usefixtures("need_plots")
def test_the_same_words_write_the_same_files() -> None:
    for folder in ("one", "two"):
        assert main(["train", "xor", *QUICK, "-o", folder]) == 0
    for name in ("history.json", "history.png", "boundary.png"):
        assert Path("one", name).read_bytes() == Path("two", name).read_bytes()
    one, two = (nn.load_model(f"{folder}/model.npz").state_dict() for folder in ("one", "two"))
    assert all(np.array_equal(one[key], two[key]) for key in one)


def test_the_history_is_kept_as_plain_numbers() -> None:
    assert main(["train", "moons", *QUICK]) == 0
    facts = json.loads(Path("gatewise-train/history.json").read_text(encoding="utf-8"))
    assert facts["data"] == "moons"
    assert facts["classes"] == ["class 0", "class 1"]
    assert [len(facts[name]) for name in ("loss", "accuracy", "validation_loss", "gradient_norm")] == [2] * 4
    assert "weights" not in facts


def test_options_reach_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def fit(model: Any, X: Any, y: Any, **options: Any) -> Any:
        seen.update(options, model=model, n=len(X))
        return fitting.fit(model, X, y, **{**options, "epochs": 1})

    monkeypatch.setattr(nn, "fit", fit)
    words = "moons --hidden 3 5 --activation tanh --epochs 7 --lr 0.5 --optimizer SGD --batch-size 9 --loss hinge"
    words += " --samples 40 --noise 0.2 --seed 3 --l2 0.01 --test 0.25 --eager"
    assert main(["train", *words.split()]) == 0
    assert repr(seen["model"]) == "MLP(2, [3, 5, 1], 'tanh', 'linear')"
    assert (seen["epochs"], seen["batch_size"], seen["n"], seen["rng"]) == (7, 9, 30, 3)
    assert (seen["loss"], seen["compiled"], seen["progress"]) == ("hinge", False, False)
    assert isinstance(seen["optimizer"], nn.SGD)
    assert seen["optimizer"].lr == 0.5
    assert float(seen["regularizer"]()) == pytest.approx(0.01 * float(nn.l2(seen["model"])))
    assert len(seen["validation"][0]) == 10


@pytest.mark.parametrize(
    ("words", "loss", "outputs"),
    [
        (["moons"], "binary_cross_entropy", 1),
        (["blobs"], "cross_entropy", 3),
        (["moons", "--loss", "cross_entropy"], "cross_entropy", 2),
        (["blobs", "--loss", "multiclass_hinge"], "multiclass_hinge", 3),
    ],
)
def test_the_loss_fits_the_number_of_classes(words: list[str], loss: str, outputs: int, capsys: Output) -> None:
    assert main(["train", *words, *QUICK]) == 0
    out = capsys.readouterr().out
    assert f"\n{loss}, adam" in out
    assert f"MLP(2, [4, {outputs}]" in out


def test_no_hidden_layer_is_logistic_regression(capsys: Output) -> None:
    assert main(["train", "moons", "--epochs", "2", "--hidden"]) == 0
    assert "3 parameters" in capsys.readouterr().out


def test_a_data_set_after_the_sizes_is_no_size(capsys: Output) -> None:
    assert main(["train", "--hidden", "4", "4", "xor", "--epochs", "1"]) == 0
    assert "samples of xor" in capsys.readouterr().out


def test_nothing_held_out_is_nothing_told(capsys: Output) -> None:
    assert main(["train", "moons", *QUICK, "--test", "0"]) == 0
    out = capsys.readouterr().out
    assert len(shares(out)) == 1
    assert "of 500 samples trained on\n" in out


# ---------------------------------------------------------------------------------------------------------- CSV files


@pytest.mark.usefixtures("need_plots")
def test_a_file_with_columns_of_any_scale_is_learned_and_the_model_takes_its_own_numbers(capsys: Output) -> None:
    X, y = uneven()
    csv("flowers.csv", X, y, "income,width,kind")
    assert main(["train", "flowers.csv", "--epochs", "30"]) == 0
    out = capsys.readouterr().out
    assert "60 samples of flowers.csv: iris, rose" in out
    assert shares(out)[0] >= 95.0
    model = nn.load_model("gatewise-train/model.npz")
    assert nn.accuracy(model, X, [label == "rose" for label in y]) >= 0.95
    assert Path("gatewise-train/boundary.png").exists()


def test_folding_the_scaling_changes_no_output() -> None:
    X, _ = uneven()
    mean, spread = X.mean(axis=0), X.std(axis=0)
    for hidden in ([5, 3, 2], [1]):
        model = nn.MLP(2, hidden, rng=1)
        before = nn.predict(model, (X - mean) / spread)
        training.absorb(model, mean.tolist(), spread.tolist())
        assert np.allclose(nn.predict(model, X), before, rtol=0, atol=1e-9)


def test_only_the_rows_trained_on_decide_the_scaling(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def fit(model: Any, X: Any, y: Any, **options: Any) -> Any:
        seen.update(X=X, held_out=options["validation"][0])
        return fitting.fit(model, X, y, **options)

    monkeypatch.setattr(nn, "fit", fit)
    X, y = uneven()
    assert main(["train", csv("flowers.csv", X, y, "a,b,kind"), *QUICK]) == 0
    assert np.allclose(seen["X"].mean(axis=0), 0.0)
    assert np.allclose(seen["X"].std(axis=0), 1.0)
    assert not np.allclose(seen["held_out"].mean(axis=0), 0.0, atol=1e-3)


def test_a_constant_column_is_no_division_by_zero(capsys: Output) -> None:
    X, y = uneven()
    X = np.c_[X, np.full(len(X), 5.0)]
    assert main(["train", csv("flowers.csv", X, y, "a,b,c,kind"), *QUICK]) == 0
    out = capsys.readouterr().out
    assert "a decision boundary is drawn for 2 columns, and here are 3" in out
    assert not Path("gatewise-train/boundary.png").exists()


def test_the_column_of_classes_can_be_named(capsys: Output) -> None:
    Path("f.csv").write_text("kind,a\n" + "1,0.5\n2,0.25\n3,-1\n" * 9, encoding="utf-8")
    assert main(["train", "f.csv", "--label", "kind", *QUICK]) == 0
    assert "27 samples of f.csv: 1, 2, 3" in capsys.readouterr().out


# ------------------------------------------------------------------------------------------------------ what goes wrong

REFUSED = {
    (): (2, "train on what? moons, circles, spirals, xor, blobs, digits, or a CSV file"),
    ("--hidden", "4"): (2, "train on what?"),
    ("moon",): (2, "'moon' is no data set: did you mean 'moons'? choose from moons, circles"),
    ("moons", "circles"): (2, "what is 'circles'?"),
    ("moons", "--epochs", "-1"): (2, "--epochs needs a whole number from 1 to 1,000,000, not '-1'"),
    ("moons", "--epochs=0"): (2, "--epochs needs a whole number"),
    ("moons", "--epochs", "1e3"): (2, "--epochs needs a whole number"),
    ("moons", "--epochs", "9" * 5000): (2, "--epochs needs a whole number"),
    ("moons", "--epochs", "٣"): (2, "--epochs needs a whole number"),
    ("moons", "--epochs"): (2, "expected one argument"),
    ("moons", "--epoch", "3"): (2, "what is '--epoch'? did you mean '--epochs'?"),
    ("moons", "--batchsize", "3"): (2, "did you mean '--batch-size'?"),
    ("moons", "--batch-size", "0"): (2, "--batch-size needs a whole number from 1"),
    ("moons", "--hidden", "16", "0"): (2, "--hidden needs a whole number from 1 to 1,000, not '0'"),
    ("moons", "--hidden", "16,16"): (2, "--hidden needs a whole number from 1 to 1,000, not '16,16'"),
    ("moons", "--lr", "0"): (2, "--lr needs a number, more than 0, not '0'\n"),
    ("moons", "--lr", "0,1"): (2, "more than 0, not '0,1'; decimals stand behind a point: write 0.1"),
    ("moons", "--lr", "−1"): (2, "its minus is not the one of the keyboard but MINUS SIGN: write -"),
    ("moons", "--lr", "-0.1"): (2, "--lr needs a number, more than 0, not '-0.1'"),
    ("moons", "--lr", "nan"): (2, "--lr needs a number"),
    ("moons", "--lr", "1e999"): (2, "--lr needs a number"),
    ("moons", "--noise", "-1"): (2, "--noise needs a number, 0 or more, not '-1'"),
    ("moons", "--test", "1"): (2, "--test needs a number, 0 or more, less than 1, not '1'"),
    ("moons", "--seed", "-3"): (2, "--seed needs a whole number from 0"),
    ("moons", "--samples", "9"): (2, "--samples needs a whole number from 10 to 100,000, not '9'"),
    ("moons", "--activation", "rellu"): (2, "--activation 'rellu': did you mean 'relu'? choose from"),
    ("moons", "--activation", "log"): (1, "log needs x > 0, got x = "),
    ("moons", "--activation", "sqrt"): (1, "; choose another --activation, one that takes any number, such as relu"),
    ("moons", "--optimizer", "adm"): (2, "--optimizer 'adm': did you mean 'adam'? choose from adam, adamw"),
    ("moons", "--loss", "hing"): (2, "--loss 'hing': did you mean 'hinge'? choose from binary_cross_entropy, hinge"),
    ("blobs", "--loss", "hinge"): (2, "--loss hinge tells two classes apart, and here are 3: choose cross_entropy or"),
    ("moons", "--label", "y"): (2, "--label is for CSV files: moons has no columns"),
    ("moons", "\x1b[31m"): (2, "what is"),
    ("good.csv", "--samples", "20"): (2, "--samples is for shapes, which are made up"),
    ("good.csv", "--noise", "0"): (2, "--noise is for shapes, which are made up"),
    ("digits", "--samples", "20"): (2, "--samples is for shapes, which are made up, and 'digits' is not: leave it out"),
    ("digits", "--noise", "0"): (2, "--noise is for shapes"),
    ("digits", "--label", "y"): (2, "--label is for CSV files: digits has no columns"),
    ("good.csv", "--label", "knd"): (2, "--label: good.csv has no column 'knd': did you mean 'kind'?"),
    ("missing.csv",): (1, "cannot read 'missing.csv': No such file"),
    ("folder.csv",): (1, "cannot read 'folder.csv'"),
    ("bad.csv",): (1, "bad.csv has 1 bad row:\n  line 2, column 'a': 'x' is not a number"),
    ("huge.csv",): (1, "column 'a' of huge.csv holds 1e+300"),
    ("moons", "-o", "good.csv"): (1, "cannot write 'good.csv': a file stands there, and this should be a folder"),
    ("moons", "-o", "good.csv/below"): (1, "cannot write"),
    ("a\0b.csv",): (1, "gatewise: "),
}


@pytest.mark.parametrize(("words", "outcome"), REFUSED.items(), ids=lambda x: repr(x)[:60])
def test_what_goes_wrong_is_told_before_any_work(
    words: tuple[str, ...], outcome: tuple[int, str], capsys: Output
) -> None:
    Path("folder.csv").mkdir()
    Path("good.csv").write_text("a,kind\n1,x\n2,y\n3,x\n", encoding="utf-8")
    Path("bad.csv").write_text("a,kind\nx,1\n2,2\n", encoding="utf-8")
    Path("huge.csv").write_text("a,kind\n1e300,x\n2,y\n-1e300,x\n", encoding="utf-8")
    status, message = outcome
    assert main(["train", *words]) == status
    out, err = capsys.readouterr()
    assert message in err
    assert err.startswith("gatewise: ")
    assert "accuracy" not in out
    assert "Traceback" not in err
    assert all(c.isprintable() or c == "\n" for c in err)


def test_a_loss_for_two_classes_is_refused_for_ten_digits(capsys: Output) -> None:
    pytest.importorskip("sklearn", reason='pip install "gatewise[digits]"')
    assert main(["train", "digits", "--loss", "hinge"]) == 2
    assert "--loss hinge tells two classes apart, and here are 10" in capsys.readouterr().err


ODD = st.one_of(
    st.sampled_from(
        ["moons", "--hidden", "--lr", "--eager", "-o", "-", "--", "--loss", "hinge", "-1", "\0", "nan", ""]
    ),
    st.text(st.characters(exclude_characters="/\\:."), max_size=8),
    st.builds("--{}={}".format, st.sampled_from(["lr", "l2", "seed", "test", "noise", "label"]), st.floats()),
)


@given(words=st.lists(ODD, max_size=6))
def test_no_words_raise_and_none_make_up_for_a_wrong_number(words: list[str]) -> None:
    assert main(["train", "moons", "--epochs", "0", *words]) in ((2,) if "--help" not in words else (0, 2))


def test_a_training_that_diverges_is_a_failure_and_keeps_the_last_good_weights(capsys: Output) -> None:
    assert main(["train", "moons", "--optimizer", "sgd", "--lr", "1e200", "--epochs", "3"]) == 1
    out, err = capsys.readouterr()
    assert "Lower the learning rate" in err
    assert [path.name for path in Path("gatewise-train").iterdir()] == ["model.npz"]
    assert "wrote " in out
    assert all(
        np.isfinite(numbers).all() for numbers in nn.load_model("gatewise-train/model.npz").state_dict().values()
    )


@pytest.mark.parametrize(("done", "files"), [(1, {"model.npz", "history.json"}), (0, {"model.npz"})])
def test_ctrl_c_keeps_what_was_learned(
    done: int, files: set[str], monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    original = fitting.Trainer.epoch

    def epoch(trainer: Any, number: int) -> None:
        if number > done:
            raise KeyboardInterrupt
        original(trainer, number)

    monkeypatch.setattr(fitting.Trainer, "epoch", epoch)
    monkeypatch.setattr(training, "pictured", lambda *_: iter(()))
    assert main(["train", "moons", "--epochs", "5000"]) == 130
    out, err = capsys.readouterr()
    assert err == f"gatewise: stopped after {done} of 5,000 epochs; what was learned is kept\n"
    assert {path.name for path in Path("gatewise-train").iterdir()} == files
    assert "accuracy: " in out


@pytest.mark.skipif(os.name == "nt", reason="signals of another kind")
def test_a_real_ctrl_c_keeps_what_was_learned(tmp_path: Path) -> None:
    # what a shell starts in the background is made deaf to Ctrl-C, and so is all that it starts: pytest, and this
    code = """
import signal
from nn import train
from viz.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
epoch = train.Trainer.epoch
train.Trainer.epoch = lambda trainer, number: (number == 2 and print("now", flush=True), epoch(trainer, number))
raise SystemExit(main(["train", "moons", "--epochs", "1000000"]))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout
    while process.stdout.readline() not in ("now\n", ""):
        pass
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert re.fullmatch(r"gatewise: stopped after [\d,]+ of 1,000,000 epochs; what was learned is kept\n", err)
    assert (tmp_path / "gatewise-train" / "model.npz").exists()


def test_without_matplotlib_it_trains_saves_and_says_how_to_get_pictures(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    paper._figure_class.cache_clear()
    assert main(["train", "moons", *QUICK]) == 0
    out, err = capsys.readouterr()
    (line,) = [line for line in out.splitlines() if "matplotlib" in line]
    how = pip_install("matplotlib", "Pillow")
    assert line == f"no pictures: PNG, PDF and plots are drawn by matplotlib: {how}"
    assert {path.name for path in Path("gatewise-train").iterdir()} == {"model.npz", "history.json"}
    assert "matplotlib" not in err


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_plain_ascii_where_the_encoding_demands_it(encoding: str, tmp_path: Path) -> None:
    Path("f.csv").write_text("größe,a,kind\n" + "1,0.5,süß\n2,0.25,sauer\n" * 9, encoding="utf-8")
    done = run(["train", "f.csv", *QUICK], tmp_path, PYTHONIOENCODING=encoding)
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert done.stderr.isascii()


def test_a_bar_is_for_terminals(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    shown: list[bool] = []

    def fit(model: Any, X: Any, y: Any, **options: Any) -> Any:
        shown.append(options["progress"])
        return fitting.fit(model, X, y, **{**options, "progress": False})

    monkeypatch.setattr(nn, "fit", fit)
    for answer in (True, False):
        with monkeypatch.context() as patch:
            patch.setattr(sys.stderr, "isatty", lambda answer=answer: answer)
            assert main(["train", "xor", *QUICK]) == 0
    assert shown == [True, False]


@pytest.mark.parametrize(
    ("read", "word"),
    [(training.whole(1, 5), "6"), (training.real(0.0, 1.0), "1"), (training.real(0.0, more=True), "0")],
)
def test_bounds_are_kept(read: Callable[[str, str], float], word: str) -> None:
    with pytest.raises(UsageError, match="--option needs a"):
        read(word, "--option")
