"""Sheets: the questions of an exercise as a file that people fill in, and reading it back.

    line    one question: its number, the name of its wire, what is asked
    place   where in the file something stands, as messages say it: line 4, question 2

What is in a file is hostile: it is bounded, never run, and every complaint is one line that names the place.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viz.notation import clipped

__all__ = ["SHEETS", "Line", "filled", "holds_answers"]

LARGEST = 1_000_000  # bytes of a sheet
COLUMNS = ("number", "gradient of", "question", "answer")
DELIMITERS = ",;\t"  # what programs part cells with, depending on the country
MARK = "\ufeff"  # of UTF-8: without it spreadsheets take a file for the letters of their country


@dataclass(frozen=True, slots=True)
class Line:
    """One question as it stands on a sheet."""

    number: int
    name: str
    prompt: str


# ----------------------------------------------------------------------------------------------------------- writing


def _csv(lines: Sequence[Line]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([(line.number, _cell(line.name), _cell(line.prompt), "") for line in lines])
    return MARK + text.getvalue()


def _cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _json(lines: Sequence[Line]) -> str:
    keys = (*COLUMNS[:3], "answer")
    rows = [dict(zip(keys, (line.number, line.name, line.prompt, None), strict=True)) for line in lines]
    return json.dumps({"questions": rows}, ensure_ascii=False, indent=2) + "\n"


SHEETS: dict[str, Callable[[Sequence[Line]], str]] = {".csv": _csv, ".json": _json}


# ----------------------------------------------------------------------------------------------------------- reading

Entry = tuple[str, Any, Any, Any]  # place, number, name and answer as they stand there


def filled(sheet: str | os.PathLike[str], lines: Sequence[Line]) -> dict[int, object]:
    """Return the answers on a sheet by their numbers; `sheet` is a path or, if it has several lines, the text."""
    is_text = isinstance(sheet, str) and ("\n" in sheet or sheet.lstrip()[:1] == "{")
    name, text = ("the sheet", str(sheet)) if is_text else (clipped(Path(sheet).name), _text(Path(sheet)))
    try:
        return _answers(_entries(text), {line.number: line for line in lines})
    except RecursionError:
        raise ValueError(f"{name}: this is nested too deeply for a sheet") from None
    except (csv.Error, ValueError) as error:
        raise ValueError(f"{name}, {error}") from None


def holds_answers(path: Path) -> bool:
    """Tell whether a file may hold somebody's answers: whether it is anything but nothing, or a sheet without any."""
    try:
        text = _text(path)
        return bool(text.strip()) and any(str(answer).strip() for *_, answer in _entries(text) if answer is not None)
    except FileNotFoundError:
        return False
    except (csv.Error, ValueError, RecursionError):
        return True  # a program may have stored it in a way that we cannot read


def _entries(text: str) -> Iterator[Entry]:
    return _json_entries(text) if text.lstrip()[:1] == "{" else _csv_entries(text)


def _text(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"{clipped(path.name)} is larger than a sheet may be ({LARGEST:,} bytes)")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{clipped(path.name)}, line {line}: this is no UTF-8 text: save it as such") from None


def _csv_entries(text: str) -> Iterator[Entry]:
    head = text.lstrip(MARK).partition("\n")[0]
    rows = csv.reader(io.StringIO(text.lstrip(MARK), newline=""), delimiter=max(DELIMITERS, key=head.count))
    header = [cell.strip().lower() for cell in next(rows, [])]
    missing = [name for name in ("number", "answer") if header.count(name) != 1]
    if missing:
        raise ValueError(f"line 1: a sheet has one column {missing[0]!r}; here are {clipped(', '.join(header))}")
    for row in rows:
        if any(cell.strip() for cell in row):
            cells = dict(zip(header, row, strict=False))
            number, name, _, answer = (cells.get(column) for column in COLUMNS)
            yield f"line {rows.line_num}", number, name, answer


def _json_entries(text: str) -> Iterator[Entry]:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno}: this is no JSON: {error.msg}") from None
    rows = data.get("questions")
    if not isinstance(rows, list):
        raise ValueError("line 1: a sheet has a list of 'questions'")
    for i, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise ValueError(f"entry {i}: a question is an object with 'number' and 'answer'")
        yield f"entry {i}", row.get("number"), row.get("gradient of"), row.get("answer")


def _answers(entries: Iterator[Entry], lines: dict[int, Line]) -> dict[int, object]:
    answers: dict[int, object] = {}
    for place, number, name, answer in entries:
        given = str(number).strip()
        line = lines.get(int(given)) if given.isascii() and given.isdigit() and len(given) < 9 else None
        if line is None:
            raise ValueError(f"{place}: there is no question {clipped(given)!r}; there are 1 to {len(lines)}")
        if line.number in answers:
            raise ValueError(f"{place}: question {line.number} has been answered before")
        if name is not None and name not in (line.name, _cell(line.name)):
            asked = f"question {line.number} is about {line.name!r}, not {clipped(str(name))!r}"
            raise ValueError(f"{place}: {asked}: is this the sheet of another exercise?")
        answers[line.number] = answer
    return answers
