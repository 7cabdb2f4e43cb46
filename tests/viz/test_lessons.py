"""`gatewise lesson`: the list, the reader's copy, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from viz.cli import lessons, main

NOTEBOOKS = sorted(lessons.NOTEBOOKS.glob("*.ipynb"))


@pytest.fixture
def unopened(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would have opened a notebook: Jupyter is taken to be there, and none is run."""
    calls: list[list[str]] = []
    monkeypatch.setattr(lessons, "find_spec", lambda name: name == "jupyterlab")
    monkeypatch.setattr(lessons.subprocess, "call", lambda words: calls.append(words) or 0)
    return calls


def test_every_notebook_is_listed_with_its_question(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lesson"]) == 0
    out = capsys.readouterr().out
    for path in NOTEBOOKS:
        heading, question = [
            line for line in json.loads(path.read_text("utf-8"))["cells"][0]["source"] if line.strip()
        ][:2]
        assert heading.split(" · ")[1].strip() in out
        assert question.strip("*\n ") in out
    assert [lesson.number for lesson in lessons.lessons()] == list(range(1, len(NOTEBOOKS) + 1))


def test_a_lesson_is_opened_as_a_copy(tmp_path: Path, unopened: list[list[str]]) -> None:
    assert main(["lesson", "1", "-o", str(tmp_path / "mine")]) == 0
    (copy,) = (tmp_path / "mine").iterdir()
    assert copy.read_bytes() == NOTEBOOKS[0].read_bytes()
    assert unopened[0][-1] == str(copy)


def test_what_a_reader_wrote_into_the_copy_stays(tmp_path: Path, unopened: list[list[str]]) -> None:
    copy = tmp_path / NOTEBOOKS[1].name
    copy.write_text("mine", encoding="utf-8")
    assert main(["lesson", "2", "-o", str(tmp_path)]) == 0
    assert copy.read_text(encoding="utf-8") == "mine"
    assert unopened[0][-1] == str(copy)


def test_without_jupyter_a_line_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lessons, "find_spec", lambda name: None)
    assert main(["lesson", "1", "-o", str(tmp_path)]) == 0
    assert lessons.INSTALL in capsys.readouterr().out


@pytest.mark.parametrize("number", ["0", "99", "one", "1.0", ""])
def test_what_is_no_lesson_is_wrong_usage(number: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lesson", number, "-o", str(tmp_path)]) == 2
    assert "no lesson" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert main(["lesson", "1", "-o", str(tmp_path / "file")]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_without_notebooks_an_error_says_where_they_should_be(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="install gatewise again") as caught:
        lessons.lessons(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_the_readme_lists_every_lesson() -> None:
    readme = (lessons.NOTEBOOKS.parent / "README.md").read_text(encoding="utf-8")
    for lesson in lessons.lessons():
        assert f"{lesson.number}. [{lesson.title}](notebooks/{lesson.path.name}): {lesson.question}\n" in readme
