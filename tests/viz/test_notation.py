import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viz.notation import LONGEST_LABEL, Notation, clipped, constant, full

WHOLE, DECIMALS = Notation([3.0, -12.0]), Notation([3.0, 0.5])

numbers = st.floats(-1e307, 1e307)  # what is shown of a larger one may round to inf
nonzero = numbers.filter(lambda x: x != 0)


def read(text: str) -> float:
    """Return the number that a reader takes a text for."""
    return float(text.replace("−", "-").replace("∞", "inf"))


@pytest.mark.parametrize(
    ("x", "whole", "decimals"),
    [
        (0.0, "0", "0.00"),
        (-0.0, "0", "0.00"),
        (1.0, "1", "1.00"),
        (-12.0, "−12", "−12.00"),
        (99_999.0, "99999", "99999.00"),
        (100_000.0, "1e5", "1e5"),
        (99_999.999, "1e5", "1e5"),
        (-99_999.99, "−1e5", "−99999.99"),
        (-123_456.0, "−1.23e5", "−1.23e5"),
        (1e300, "1e300", "1e300"),
        (math.inf, "∞", "∞"),
        (-math.inf, "−∞", "−∞"),
        (math.nan, "nan", "nan"),
    ],
)
def test_whole_numbers(x: float, whole: str, decimals: str) -> None:
    assert (WHOLE.short(x), DECIMALS.short(x)) == (whole, decimals)


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.196611933241481853, "0.20"),
        (-0.589835799724445559, "−0.59"),
        (1.005, "1.00"),
        (12345.678, "12345.68"),
        (0.00499, "0.00499"),
        (-0.004, "−0.004"),
        (0.0000454, "4.54e−5"),
        (-1e-300, "−1e−300"),
        (5e-324, "4.94e−324"),
    ],
)
def test_other_numbers(x: float, text: str) -> None:
    assert DECIMALS.short(x) == text


@pytest.mark.parametrize(
    ("all_numbers", "whole"),
    [
        ([], True),
        ([1.0, math.inf, math.nan], True),
        ([1e300], True),
        ([1.0, 0.5, 2.0], False),
        ([math.nan, 0.1], False),
    ],
)
def test_one_number_that_is_not_whole_gives_all_their_decimals(all_numbers: list[float], whole: bool) -> None:
    assert Notation(all_numbers).short(7.0) == ("7" if whole else "7.00")


@given(nonzero)
def test_a_number_that_is_not_zero_never_looks_like_zero(x: float) -> None:
    assert read(DECIMALS.short(x)) != 0
    assert read(DECIMALS.longer(x)) != 0
    assert read(full(x)) != 0


@given(numbers)
def test_a_number_is_shown_within_half_of_its_last_digit(x: float) -> None:
    in_decimals = 0.005 <= abs(x) < 1e5
    assert abs(read(DECIMALS.short(x)) - x) <= (0.00501 if in_decimals else 0.00501 * abs(x))


@given(numbers)
def test_the_longer_form_is_never_the_less_exact_one(x: float) -> None:
    assert abs(read(DECIMALS.longer(x)) - x) <= abs(read(DECIMALS.short(x)) - x)


@given(numbers)
def test_no_hyphen_stands_for_a_minus_and_no_plus_in_an_exponent(x: float) -> None:
    for text in (DECIMALS.short(x), DECIMALS.longer(x), full(x), constant(x), DECIMALS.factor(x)):
        assert "-" not in text
        assert "+" not in text
        assert x != 0 or "−" not in text


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.25, "0.25"),
        (0.196611933241481853, "0.1966"),
        (-1.367879441171442322, "−1.3679"),
        (0.01234567, "0.01235"),
        (0.0, "0.00"),
        (1 / 3 * 1e6, "3.33e5"),
        (math.inf, "∞"),
        (math.nan, "nan"),
    ],
)
def test_the_longer_form_has_four_digits_where_two_decimals_are_not_exact(x: float, text: str) -> None:
    assert DECIMALS.longer(x) == text


def test_the_longer_form_of_whole_numbers_is_no_longer() -> None:
    assert WHOLE.longer(-12.0) == "−12"


def test_a_negative_factor_stands_in_brackets() -> None:
    assert [DECIMALS.factor(x) for x in (-4.0, 3.0, -0.0, -math.inf)] == ["(−4.00)", "3.00", "0.00", "(−∞)"]
    assert DECIMALS.factor(-0.19661, longer=True) == "(−0.1966)"


@given(numbers)
def test_the_full_form_has_fifteen_digits(x: float) -> None:
    assert read(full(x)) == pytest.approx(x, rel=5.1e-15, abs=0)


@pytest.mark.parametrize(
    ("x", "text"), [(-1 / 3, "−0.333333333333333"), (0.1 + 0.2, "0.3"), (1e-7, "1e−7"), (-2.0, "−2")]
)
def test_the_full_form(x: float, text: str) -> None:
    assert full(x) == text


@pytest.mark.parametrize(
    ("x", "text"), [(3.0, "3"), (-1.0, "−1"), (0.5, "0.5"), (1 / 3, "0.333"), (1e20, "1e20"), (-123456789.0, "−1.23e8")]
)
def test_constants_look_as_people_type_them(x: float, text: str) -> None:
    assert constant(x) == text


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("w0", "w0"),
        ("x" * 40, "x" * 40),
        ("x" * 41, "x" * 39 + "…"),
        ("two\nlines\r\n and\ta tab", "two lines and a tab"),
        ("  room  around  ", "room around"),
        ("\x1b[31mred\x00\x9f", "[31mred"),
        ("turned \u202eround\u202c", "turned round"),
        ("<b>&amp;", "<b>&amp;"),
        ("", "?"),
        ("\n\x00\u200b", "?"),
    ],
)
def test_a_label_is_shown_on_one_line(label: str, shown: str) -> None:
    assert clipped(label) == shown


@given(st.text(max_size=60))
def test_a_label_shows_something_printable_of_at_most_forty_characters(label: str) -> None:
    shown = clipped(label)
    assert 1 <= len(shown) <= LONGEST_LABEL
    assert shown.isprintable()
    assert shown == "?" or set(shown) <= set(label) | {" ", "…"}


def test_no_number_is_rounded_to_more_digits_than_there_is_room_for() -> None:
    assert (DECIMALS.longer(99_999.99999), DECIMALS.longer(99_999.9951)) == ("1e5", "99999.9951")
