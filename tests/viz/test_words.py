from string import Formatter

import pytest

from viz.words import SENTENCES, constants_told, counted, listed


@pytest.mark.parametrize(("n", "text"), [(0, "0 gates"), (1, "1 gate"), (2, "2 gates"), (65077, "65,077 gates")])
def test_one_is_one_and_all_else_are_many(n: int, text: str) -> None:
    assert counted(n, "gate") == text


@pytest.mark.parametrize(
    ("words", "text"), [("x", "x"), ("xx", "x"), ("xy", "x and y"), ("xyxz", "x, y and z"), ("zyx", "z, y and x")]
)
def test_a_list_names_each_once_in_their_order(words: str, text: str) -> None:
    assert listed(words) == text


@pytest.mark.parametrize(
    ("constants", "text"),
    [
        ([], ""),
        (["1"], "1 is a constant: no gradient is sent there"),
        (["2", "2"], "2 is a constant: no gradient is sent there"),
        (["2", "3"], "2 and 3 are constants: no gradient is sent there"),
    ],
)
def test_what_is_said_of_constants(constants: list[str], text: str) -> None:
    assert constants_told(constants) == text


def test_the_holes_of_a_sentence_are_named_so_that_a_page_can_fill_them() -> None:
    holes = [hole for text in SENTENCES.values() for _, hole, _, _ in Formatter().parse(text) if hole is not None]
    assert holes
    assert all(hole.isidentifier() for hole in holes)
