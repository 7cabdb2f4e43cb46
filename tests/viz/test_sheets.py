import codecs
import csv
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from autograd import Value
from tests.viz.helpers import DRAWN, sigmoid_neuron, xyz
from viz import exercise
from viz.exercises import Exercise

RIGHT = {1: "-4", 2: "3", 3: "-4", 4: "4"}  # three of four


def filled_in(asked: Exercise, path: Path, answers: Mapping[int, object]) -> Path:
    """Write a sheet and fill it in as a student would."""
    asked.save(path)
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix == ".json":
        sheet = json.loads(text)
        for row in sheet["questions"]:
            row["answer"] = answers.get(row["number"])
        path.write_text(json.dumps(sheet), encoding="utf-8")
    else:
        rows = list(csv.DictReader(io.StringIO(text)))
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows([row | {"answer": answers.get(int(row["number"]), "")} for row in rows])
    return path


@pytest.mark.parametrize("suffix", [".csv", ".json"])
@pytest.mark.parametrize("kind", [str, Path])
def test_a_sheet_that_was_filled_in_is_graded(tmp_path: Path, suffix: str, kind: Callable[[Path], str | Path]) -> None:
    asked = exercise(xyz())
    path = filled_in(asked, tmp_path / f"Zoë{suffix}", RIGHT)
    result = asked.grade(kind(path))
    assert [verdict.kind for verdict in result.verdicts] == ["right", "right", "right", "sign"]
    assert repr(asked.grade(path.read_text(encoding="utf-8"))) == repr(result)


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_saving_again_loses_no_answer(tmp_path: Path, suffix: str) -> None:
    asked, path = exercise(xyz()), tmp_path / f"sheet{suffix}"
    empty = asked.save(path).read_bytes()
    assert asked.save(path).read_bytes() == empty
    content = filled_in(asked, path, {4: 0}).read_bytes()
    for another in (asked, exercise(sigmoid_neuron())):
        with pytest.raises(FileExistsError, match=r"^sheet\.\w+ is there, and is no empty sheet: .* another name, or"):
            another.save(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("content", ["1,2\n", "number,answer\n1,é\n"])
def test_saving_replaces_nothing_that_is_no_sheet_of_ours(tmp_path: Path, content: str) -> None:
    path = tmp_path / "sheet.csv"
    path.write_bytes(content.encode("cp1252"))
    with pytest.raises(FileExistsError):
        exercise(xyz()).save(path)
    path.write_bytes(b"")
    assert exercise(xyz()).save(path).read_bytes()


def test_a_csv_sheet_says_that_it_is_utf_8_and_is_graded_with_and_without_that(tmp_path: Path) -> None:
    asked = exercise(xyz())
    path = filled_in(asked, tmp_path / "sheet.csv", RIGHT)
    text = path.read_text(encoding="utf-8")
    assert asked.save(tmp_path / "other.csv").read_bytes().startswith(codecs.BOM_UTF8)
    for content in (text.encode("utf-8"), text.encode("utf-8-sig")):
        path.write_bytes(content)
        assert asked.grade(path).right == 3
    assert asked.grade(f"\ufeff{text}").right == 3


@pytest.mark.parametrize("suffix", [".csv", ".json"])
@pytest.mark.parametrize("name", ["hostile_labels", "random_50", "diamonds"])
def test_an_empty_sheet_of_any_graph_reads_as_no_answers(tmp_path: Path, name: str, suffix: str) -> None:
    asked = exercise(DRAWN[name]())
    result = asked.grade(asked.save(tmp_path / f"sheet{suffix}"))
    assert {verdict.kind for verdict in result.verdicts} == {"no answer"}


def test_sheets_as_spreadsheets_of_other_countries_write_them_are_read() -> None:
    asked = exercise(sigmoid_neuron())
    told = ["\ufeffNumber;Answer", "", "12;0,39", "9;−0,39", "1; -0.53 "]
    result = asked.grade("\r\n".join(told))
    assert [verdict.question.number for verdict in result.verdicts if verdict.kind == "right"] == [1, 9, 12]
    assert asked.grade("number\tanswer\n12\t0.39\n").right == 1


def test_no_cell_is_a_formula_for_a_spreadsheet(tmp_path: Path) -> None:
    x = Value(2.0, "=HYPERLINK(1)")
    asked = exercise(x * Value(3.0, "@y"))
    path = asked.save(tmp_path / "sheet.csv")
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    assert [row[1] for row in rows[1:]] == ["'=HYPERLINK(1)", "'@y"]
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "@"))]
    assert asked.grade(path).right == 0  # and it is still the sheet of this exercise


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("number,answer\n1,-4\n9,2\n", "the sheet, line 3: there is no question '9'; there are 1 to 4"),
        ("number,answer\none,-4\n", "the sheet, line 2: there is no question 'one'; there are 1 to 4"),
        ("number,answer\n1,-4\n\n1,3\n", "the sheet, line 4: question 1 has been answered before"),
        ("wire,answer\nq,-4\n", "the sheet, line 1: a sheet has one column 'number'; here are wire, answer"),
        ("number,answer,answer\n1,2,3\n", "the sheet, line 1: a sheet has one column 'answer'"),
        ("\n", "the sheet, line 1: a sheet has one column 'number'"),
        (
            "number,gradient of,answer\n2,w7,-4\n",
            "the sheet, line 2: question 2 is about 'z', not 'w7': is this the sheet of another exercise?",
        ),
        ('{"questions": [\n{"number": 1,\n}]}', "the sheet, line 3: this is no JSON: "),
        ('{"answers": []}', "the sheet, line 1: a sheet has a list of 'questions'"),
        ('{"questions": [3]}', "the sheet, entry 1: a question is an object"),
        ('{"questions": [{"number": 7}]}', "the sheet, entry 1: there is no question '7'; there are 1 to 4"),
        ('{"questions": ' + "[" * 100_000, "the sheet: this is nested too deeply"),
        ("number,answer\n1,²\n²,3\n", "the sheet, line 3: there is no question '²'"),
        ("number,answer\n" + "9" * 5000 + ",1\n", "the sheet, line 2: there is no question '999"),
        ("number,answer\n1," + "9" * 200_000 + "\n", "the sheet, field larger than field limit"),
    ],
)
def test_what_is_no_sheet_is_refused_in_one_line_that_names_the_place(text: str, words: str) -> None:
    with pytest.raises(ValueError, match="the sheet") as caught:
        exercise(xyz()).grade(text)
    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 160


def test_a_file_is_bounded_and_its_name_told(tmp_path: Path) -> None:
    large, latin = tmp_path / "large.csv", tmp_path / "latin.csv"
    large.write_bytes(b"number,answer\n" + b"1,2\n" * 300_000)
    latin.write_bytes("number,answer\n1,2\n2,é\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"large\.csv is larger than a sheet may be"):
        exercise(xyz()).grade(large)
    with pytest.raises(ValueError, match=r"latin\.csv, line 3: this is no UTF-8 text"):
        exercise(xyz()).grade(latin)
    with pytest.raises(FileNotFoundError):
        exercise(xyz()).grade(tmp_path / "nowhere.csv")


def test_what_a_json_sheet_holds_instead_of_a_number_is_no_number() -> None:
    rows = [{"number": i, "answer": answer} for i, answer in enumerate(([1], {"a": 1}, True, "x"), 1)]
    result = exercise(xyz()).grade(json.dumps({"questions": rows}))
    assert {verdict.kind for verdict in result.verdicts} == {"not a number"}
    assert "{'a': 1}" in repr(result)
