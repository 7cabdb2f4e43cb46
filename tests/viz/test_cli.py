import os
import re
import shlex
import signal
import subprocess
import sys
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.check import Edge, Report
from autograd.value import Value
from viz import beginning, cli, shell
from viz.cli import COMMANDS, SUGGESTIONS, UsageError, command_line, main

ROOT = Path(__file__).resolve().parents[2]
XYZ = ["(x+y)*z", "x=-2", "y=5", "z=-4"]
Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start each test in an empty folder, with no wish about colours and no browser to open."""
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)


def run(words: Sequence[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the real command in a process of its own."""
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-m", "viz", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths, "PYTHONIOENCODING": "utf-8", **environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


# -------------------------------------------------------------------------------------------------------- the commands


def test_step_tells_the_story(capsys: Output) -> None:
    assert main(["step", *XYZ]) == 0
    out, err = capsys.readouterr()
    assert "to a:  upstream 1 × local z = −4 → downstream −4   a little more a lowers f" in out
    assert "∂f/∂wire" not in out
    assert err == ""


@pytest.mark.parametrize(("option", "number"), [("--table", "−4"), ("--full", "−4")])
def test_step_adds_the_table(option: str, number: str, capsys: Output) -> None:
    assert main(["step", option, *XYZ]) == 0
    assert re.search(rf"^x +input .*{number}$", capsys.readouterr().out, re.MULTILINE)


def test_the_full_table_has_fifteen_digits(capsys: Output) -> None:
    assert main(["step", "sigmoid(x)", "x=1", "--full"]) == 0
    assert "0.731058578630005" in capsys.readouterr().out


def test_step_writes_the_page_after_the_story(capsys: Output) -> None:
    assert main(["step", *XYZ, "--html", "f.html"]) == 0
    assert capsys.readouterr().out.endswith("\nwrote f.html\n")
    assert "gradient distributor" in Path("f.html").read_text(encoding="utf-8")


def test_open_writes_the_page_and_opens_it(capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or True)
    assert main(["open", *XYZ]) == 0
    assert opened == [Path("gatewise.html").resolve().as_uri()]
    assert capsys.readouterr().out == "wrote gatewise.html\n"


def test_open_says_so_where_there_is_no_browser(capsys: Output) -> None:
    assert main(["open", *XYZ, "-o", "page.html"]) == 0
    assert capsys.readouterr().out == "wrote page.html\nno browser was found here: open that file in one\n"


@pytest.mark.parametrize("suffix", ["svg", "dot", "html", "SVG"])
def test_draw_writes_what_the_suffix_says_and_names_it(suffix: str, capsys: Output) -> None:
    assert main(["draw", *XYZ, "-o", f"f.{suffix}"]) == 0
    assert capsys.readouterr().out == f"wrote f.{suffix}\n"
    assert "−12" in Path(f"f.{suffix}").read_text(encoding="utf-8")


def test_draw_writes_gatewise_svg_unless_told_otherwise() -> None:
    assert main(["draw", *XYZ]) == 0
    assert Path("gatewise.svg").exists()


def test_check_prints_the_report(capsys: Output) -> None:
    assert main(["check", "log(x)*y", "x=2", "y=3"]) == 0
    assert "3 edges and 2 inputs agree" in capsys.readouterr().out


def test_a_check_that_disagrees_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def disagreeing(f: Value) -> Report:
        return Report(f, (), (Edge(f, None, None, f, 1.0, 2.0, 0.0, agrees=False),), 1e-6)

    monkeypatch.setattr(cli, "check_gradients", disagreeing)
    assert main(["check", "x", "x=1"]) == 1
    assert main(["demo"]) == 1


# ----------------------------------------------------------------------------------------------------------- the demo


def test_the_demo_tells_draws_and_checks_both_examples(tmp_path: Path) -> None:
    done = run(["demo"], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    for words in (
        "step 2  mul  f = a · z = 3 · (−4) = −12",
        "∂f/∂z =  3",
        "step 8  reciprocal  f = 1 / m = 1 / 1.3679 = 0.7311",
        "∂f/∂x1 = −0.5898",
        "step 5  sigmoid  f = sigmoid(g) = sigmoid(1.00) = 0.7311",
        "value of f   0.731058578630005   0.731058578630005",
        "∂f/∂w0      −0.196611933241482  −0.196611933241482",
        "CHECK: each gate's local gradients and each input's gradient against central differences\n"
        "  (f(x+h) − f(x−h)) / 2h: 4 edges and 3 inputs agree to 1e-06\n",
    ):
        assert words in done.stdout
    assert len(done.stdout.splitlines()) < 170
    assert max(map(len, done.stdout.splitlines())) <= 110
    named = re.findall(r"^wrote (.+)$", done.stdout, re.MULTILINE)
    assert sorted(named) == sorted(str(p.relative_to(tmp_path)) for p in (tmp_path / "gatewise-demo").iterdir())
    svgs = [tmp_path / name for name in named if name.endswith(".svg")]
    assert len(svgs) == 4
    assert all(path.read_text(encoding="utf-8").startswith("<svg") for path in svgs)


def test_the_demo_writes_where_it_is_told(capsys: Output) -> None:
    assert main(["demo", "-o", "some/where else"]) == 0
    assert Path("some/where else/xyz.svg").exists()
    assert not Path("gatewise-demo").exists()
    assert main(["demo", "-o", "some/where else"]) == 0


def test_what_the_demo_suggests_works(capsys: Output) -> None:
    assert main(["demo"]) == 0
    out = capsys.readouterr().out
    assert len(SUGGESTIONS) <= 5
    for words in SUGGESTIONS:
        assert command_line(words) in out.splitlines()


@pytest.mark.parametrize("words", [*SUGGESTIONS, *[command.example for command in COMMANDS.values()]], ids=" ".join)
def test_a_command_that_is_shown_works(words: tuple[str, ...]) -> None:
    assert main(words) == 0


@pytest.mark.skipif(os.name == "nt", reason="how another shell reads it")
@pytest.mark.parametrize("words", SUGGESTIONS, ids=" ".join)
def test_a_command_survives_the_shell(words: tuple[str, ...]) -> None:
    assert shlex.split(command_line(words)) == ["gatewise", *words]


def test_a_command_is_quoted_for_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell.os, "name", "nt")
    assert command_line(["step", *XYZ]) == 'gatewise step "(x+y)*z" x=-2 y=5 z=-4'


@pytest.mark.parametrize(
    ("started", "found", "shown"),
    [
        (".venv/bin/gatewise", None, ".venv/bin/gatewise demo"),
        ("/some where/gatewise", None, "'/some where/gatewise' demo"),
        (".venv/bin/gatewise", "/usr/bin/gatewise", "gatewise demo"),
        ("/somewhere/viz/__main__.py", "/usr/bin/gatewise", "python -m viz demo"),
        ("pytest", None, "gatewise demo"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="paths and quotes of another shell")
def test_a_command_is_shown_as_it_can_be_pasted(
    started: str, found: str | None, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [started])
    monkeypatch.setattr(shell.shutil, "which", lambda name: found)
    assert command_line(["demo"]) == shown


# ---------------------------------------------------------------------------------------------------- what is typed


@pytest.mark.parametrize(
    "words",
    [
        ["step", "x*y", "x=-2", "y=1e-3"],
        ["step", "x*y", "x=+2.", "y=.5E2"],
        ["step", "-x*y", "x=1", "y=2"],
        ["step", "-(x*y)", "x=1", "y=2", "--table"],
        ["step", "--table", "-x", "x=1"],
        ["step", "--", "-x", "x=1"],
        ["step", "--", "--x", "x=1"],
        ["step", "-2"],
        ["step", " x ", " x = 3 "],
        ["draw", "x*y", "-o", "f.svg", "x=1", "y=2"],
        ["draw", "-o", "f.svg", "x*y", "x=1", "y=2"],
        ["draw", "x*y", "x=1", "-of.svg", "y=2"],
        ["draw", "-x", "--output=f.svg", "x=1"],
    ],
    ids=" ".join,
)
def test_words_may_stand_in_any_order_and_begin_with_a_minus(words: list[str]) -> None:
    assert main(words) == 0


def test_a_minus_is_part_of_the_expression(capsys: Output) -> None:
    assert main(["step", "-x*y", "x=2", "y=3"]) == 0
    assert "= −6" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--help"], ["-h"], *[[name, "--help"] for name in COMMANDS]], ids=" ".join)
def test_help_is_ascii_and_has_an_example(words: list[str], capsys: Output) -> None:
    assert main(words) == 0
    out = capsys.readouterr().out
    assert out.isascii()
    assert "example:\n  gatewise " in out or words[0] in ("--help", "-h")


def test_the_version(capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import metadata

    assert main(["--version"]) == 0
    assert re.fullmatch(r"gatewise (\d+\.\d+.*|\(not installed\))\n", capsys.readouterr().out)

    def nothing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", nothing)
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == "gatewise (not installed)\n"


# ------------------------------------------------------------------------------------------------------ what goes wrong

REFUSED = {
    # usage
    (): (2, "which command? demo, step, open, draw, check"),
    ("jump",): (2, "'jump' is no command: choose from demo, step, open, draw, check"),
    ("",): (2, "'' is no command: choose from"),
    ("-v",): (2, "'-v' is no command: choose from demo"),
    ("--halp",): (2, "what is '--halp'? did you mean '--help'? (see: gatewise --help)"),
    ("stpe", "x"): (2, "'stpe' is no command: did you mean 'step'? choose from"),
    ("step", "x=2"): (2, "the expression is missing: gatewise step '(x+y)*z' x=-2 y=5 z=-4"),
    ("draw", " x = 2", "y=3"): (2, "the expression is missing: gatewise draw "),
    ("step", "x", "x=1", "--tabel"): (2, "what is '--tabel'? did you mean '--table'? (see: gatewise step --help)"),
    ("draw", "x", "x=1", "--ouput=f.svg"): (2, "did you mean '--output'?"),
    ("step",): (2, "EXPRESSION"),
    ("step", "x", "x=1", "--html", "f.svg"): (2, "ends in .html"),
    ("open", "x", "x=1", "-o", "f.txt"): (2, "ends in .html"),
    ("open", "x", "x=1", "-o", "missing/f.html"): (1, "cannot write"),
    ("demo", "more"): (2, "what is 'more'?"),
    ("demo", "-q"): (2, "what is '-q'?"),
    ("demo", "-o"): (2, "expected one argument"),
    ("step", "x", "x=1", "--tab"): (2, "'--tab'"),
    # values
    ("step", "x", "x"): (2, "'x' gives no number a name: write name=value"),
    ("step", "x", "=3"): (2, "'=3' gives no number a name"),
    ("step", "x", "2=3"): (2, "'2=3' gives no number a name"),
    ("step", "x", "x=two"): (2, "'x=two': 'two' is no number"),
    ("step", "x", "x="): (2, "'x=': '' is no number; write it as in x=2"),
    ("step", "x", "x=−4"): (2, "'−4' is no number; its minus is not the one of the keyboard but MINUS SIGN: write -"),
    ("step", "x", "x=–4"): (2, "but EN DASH: write -"),
    ("step", "x", "x=1,5"): (2, "'1,5' is no number; decimals stand behind a point: write 1.5"),
    ("step", "x", "x=1,500,000"): (2, "'1,500,000' is no number; write it as in x=2"),
    ("step", "x", "x=1_000"): (2, "'1_000' is no number"),
    ("step", "x", "x=nan"): (2, "'nan' is no number"),
    ("step", "x", "x=inf"): (2, "'inf' is no number"),
    ("step", "x", "x=٣"): (2, "is no number"),
    ("step", "x", "x=1e999"): (2, "too large for a float"),
    ("step", "x", "x=1", "x=2"): (2, "'x' is given twice"),
    ("step", "x", "x=\x1b[31mred"): (2, "'[31mred' is no number"),
    ("step", "x", "x=1", "y=2"): (2, "leave that value out"),
    # expressions
    ("step", ""): (2, "the expression is empty"),
    ("step", "x+w", "x=1"): (2, "unknown name 'w'"),
    ("step", "x^2", "x=1"): (2, "'^' is no power here: write **\n  x^2\n   ^\n"),
    ("check", "__import__('os')"): (2, "gatewise: "),
    ("step", "x" * 5000, "x=1"): (2, "5,000 characters"),
    ("step", "(" * 500): (2, "gatewise: "),
    ("draw", "σ(x)", "x=1"): (2, "is not ASCII"),
    ("step", "x\x1b[31m", "x=1"): (2, "control character"),
    # work that fails
    ("step", "log(x)", "x=-1"): (1, "log needs x > 0, got x = -1.0"),
    ("step", "sqrt(x)", "x=0"): (1, "the slope of sqrt needs x > 0"),
    ("check", "1/x", "x=0"): (1, "reciprocal needs x != 0"),
    ("draw", "x", "x=1", "-o", "f.bmp"): (2, "the suffix says what to write: .svg"),
    ("draw", "x", "x=1", "-o", ""): (2, "the suffix says what to write"),
    ("draw", "x", "x=1", "-o", "svg"): (2, "the suffix says what to write"),
    ("draw", "x", "x=1", "-o", "no/such/folder/f.svg"): (1, "cannot write 'no/such/folder/f.svg': No such file"),
    ("draw", "x", "x=1", "-o", "folder.svg"): (1, "cannot write 'folder.svg'"),
    ("draw", "x", "x=1", "-o", "a\0b.svg"): (1, "gatewise: "),
    ("demo", "-o", "file"): (1, "cannot write 'file': a file stands there, and this should be a folder"),
    ("demo", "-o", "file/below"): (1, "cannot write"),
    ("step", "+".join(["x*x"] * 200), "x=1"): (1, "gates are too many"),
}


@pytest.mark.parametrize(("words", "outcome"), REFUSED.items(), ids=lambda x: repr(x)[:60])
def test_what_goes_wrong_is_told_in_words(words: tuple[str, ...], outcome: tuple[int, str], capsys: Output) -> None:
    Path("folder.svg").mkdir()
    Path("file").touch()
    status, message = outcome
    assert main(words) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("gatewise: ")
    assert message in err
    assert "Traceback" not in err
    assert all(c.isprintable() or c == "\n" for c in err)
    assert len(err.splitlines()) in (1, 2, 3)


def test_a_picture_that_fails_leaves_the_old_file(capsys: Output) -> None:
    Path("f.svg").write_text("old", encoding="utf-8")
    assert main(["draw", "log(x)", "x=-1", "-o", "f.svg"]) == 1
    assert Path("f.svg").read_text(encoding="utf-8") == "old"
    assert [path.name for path in Path().iterdir()] == ["f.svg"]


def test_a_missing_library_is_told_in_one_line(capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*fs: object) -> None:
        raise ImportError("a .png needs matplotlib: pip install 'gatewise[plots]'")

    monkeypatch.setattr(cli, "draw", nothing)
    assert main(["draw", "x", "x=1", "-o", "f.png"]) == 1
    assert capsys.readouterr().err == "gatewise: a .png needs matplotlib: pip install 'gatewise[plots]'\n"


def test_ctrl_c_is_130(capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: object, **options: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "story", interrupted)
    assert main(["step", *XYZ]) == 130
    assert capsys.readouterr().err == "gatewise: stopped\n"


PRESSED_EARLY = """
import sys
sys.argv[0] = sys.argv[1]

class Press:
    def find_spec(self, name, path=None, target=None):
        if name == "viz.stepper":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Press())
import viz.cli
"""


@pytest.mark.skipif(os.name == "nt", reason="how another system tells that a key ended a program")
@pytest.mark.parametrize(("program", "is_quiet"), [("gatewise", True), ("of their own", False)])
def test_ctrl_c_before_the_command_has_begun_is_told_in_a_line_and_programs_of_others_tell_it_as_they_like(
    program: str, is_quiet: bool, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PRESSED_EARLY, program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == -signal.SIGINT  # a shell makes 130 of it
    assert (done.stderr == "gatewise: stopped\n") is is_quiet
    assert ("Traceback" in done.stderr) is not is_quiet


def test_any_other_error_of_the_command_is_told_as_python_does(capsys: Output) -> None:
    beginning.end(ZeroDivisionError, ZeroDivisionError("a fault of ours"), None)
    assert capsys.readouterr().err == "ZeroDivisionError: a fault of ours\n"


# ---------------------------------------------------------------------------------------------------------- the screen


class Terminal:
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None: ...

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "colour"),
    [
        ({"TERM": "xterm", "WT_SESSION": "1"}, True),
        ({"TERM": "xterm", "WT_SESSION": "1", "NO_COLOR": ""}, True),
        ({"TERM": "xterm", "WT_SESSION": "1", "NO_COLOR": "1"}, False),
        ({"TERM": "xterm", "FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"TERM": "dumb", "WT_SESSION": "1"}, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True),
    ],
)
def test_colour_is_for_terminals_that_want_it(
    environment: dict[str, str], colour: bool, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    assert main(["step", *XYZ]) == 0
    assert ("\x1b[31m−4\x1b[0m" in terminal.text) is colour
    assert ("\x1b" in terminal.text) is colour


def test_colour_changes_no_word(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    assert main(["demo"]) == 0
    plain = capsys.readouterr().out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert main(["demo"]) == 0
    coloured = capsys.readouterr().out
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain
    for colour in ("1mFORWARD:", "32m−12", "35mz = −4", "31m−0.5898"):
        assert f"\x1b[{colour}\x1b[0m" in coloured


def test_no_colour_in_a_pipe(capsys: Output) -> None:
    assert main(["step", *XYZ]) == 0
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_plain_ascii_where_the_encoding_demands_it(encoding: str, tmp_path: Path) -> None:
    for words in (["demo"], ["check", *XYZ], ["step", *XYZ, "--table"], ["step", "x", "x=٣"], ["step", "×"]):
        done = run(words, tmp_path, PYTHONIOENCODING=encoding)
        assert done.returncode == (2 if words[-1] in ("x=٣", "×") else 0)
        assert (done.stdout + done.stderr).isascii()
    assert "df/dx = -4" in run(["step", *XYZ], tmp_path, PYTHONIOENCODING=encoding).stdout


def test_the_caret_keeps_its_place_in_ascii(tmp_path: Path) -> None:
    done = run(["step", "x+" * 100 + "w", "x=1"], tmp_path, PYTHONIOENCODING="ascii")
    _, shown, caret = done.stderr.splitlines()
    assert shown.startswith("  ~")
    assert shown[caret.index("^")] == "w"


@pytest.mark.skipif(os.name == "nt", reason="a pipe breaks otherwise there")
def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    command = shlex.join([sys.executable, "-m", "viz", "demo"])
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        ["/bin/sh", "-c", f"{{ {command}; echo status $? >&2; }} | head -n 1"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert re.fullmatch(r"status [01]\n", done.stderr)  # 0 where everything was in the pipe before head left


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told_in_one_line(tmp_path: Path) -> None:
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "viz", "step", *XYZ],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": paths},
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "gatewise: cannot write the output: No space left on device\n")


@pytest.mark.parametrize("missing", ["stdout", "stderr"])
def test_a_missing_stream_is_no_error(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, missing, None)
    assert main(["step", *XYZ]) == 0
    assert main(["step", "("]) == 2


# --------------------------------------------------------------------------------------------------------- any words

TYPED = """
    demo step draw check -o --output --table --full -- - -h --help --version -o=f.svg f.svg f.dot f %s @f {}
    x x*y (x+y)*z -x log(x) 1/x x**y exp(x) max(x,y) [x] x= = x=1 y=-2 z=0 x=1e300 y=-0 x=inf
"""
WORDS = st.one_of(
    st.sampled_from([*TYPED.split(), "", " ", "\0", "\x1b[2J", "\ud800", "é"]),
    st.text(st.characters(exclude_characters="/\\:."), max_size=12),  # no path out of the test's own folder
    st.builds("{}={}".format, st.sampled_from("xyz"), st.floats()),
)


@given(words=st.lists(WORDS, max_size=7))
def test_no_words_raise(words: list[str]) -> None:
    assert main(words) in (0, 1, 2)


@given(words=st.lists(WORDS, max_size=7).map(lambda words: ["step", "x*y", *words]))
def test_no_words_after_an_expression_raise(words: list[str]) -> None:
    assert main(words) in (0, 1, 2)


def test_a_usage_error_is_a_value_error() -> None:
    assert issubclass(UsageError, ValueError)


def test_the_fuzzer_would_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str, **values: float) -> Callable[[], None]:
        raise RuntimeError("a bug")

    monkeypatch.setattr(cli, "parse", broken)
    with pytest.raises(RuntimeError):
        main(["step", "x", "x=1"])


@pytest.mark.parametrize(
    ("expression", "words"), [("log(x - 1) * y", "log needs"), ("sqrt(x) * y", "the slope of sqrt")]
)
def test_where_a_pass_cannot_go_on_the_picture_shows_how_far_it_came(
    expression: str, words: str, tmp_path: Path, capsys: Output
) -> None:
    target = tmp_path / "cut.svg"
    assert main(["draw", expression, "x=0", "y=3", "-o", str(target)]) == 1
    told = capsys.readouterr()
    assert str(target) in told.out
    assert words in told.err
    assert "✗" in target.read_text(encoding="utf-8")
