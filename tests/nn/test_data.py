"""Data sets: their shapes as geometry says, batches that lose no row, and CSV files that are refused with the place."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.data import blobs, circles, linear, minibatches, moons, read_csv, spirals, split, xor

SHAPES: dict[str, tuple[Callable[..., Any], int]] = {
    "moons": (moons, 2),
    "circles": (circles, 2),
    "spirals": (spirals, 2),
    "xor": (xor, 2),
    "blobs": (blobs, 3),
}


@pytest.mark.parametrize(("shape", "k"), SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("n", [1, 2, 7, 60, 101])
def test_a_shape_has_exactly_n_rows_and_classes_as_even_as_can_be(shape: Callable[..., Any], k: int, n: int) -> None:
    X, y = shape(n, noise=0.1, rng=3)
    assert X.shape == (n, 2)
    assert X.dtype == np.float64
    assert y.shape == (n,)
    assert y.dtype == np.int64
    counts = np.bincount(y, minlength=k)
    assert len(counts) == k
    assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("shape", [*(shape for shape, _ in SHAPES.values()), linear])
def test_a_seed_gives_the_same_rows_and_another_seed_others(shape: Callable[..., Any]) -> None:
    X, y = shape(30, noise=0.1, rng=5)
    same_X, same_y = shape(30, noise=0.1, rng=np.random.default_rng(5))
    other_X, _ = shape(30, noise=0.1, rng=6)
    assert np.array_equal(X, same_X)
    assert np.array_equal(y, same_y)
    assert not np.array_equal(X, other_X)


@pytest.mark.parametrize("shape", [shape for shape, _ in SHAPES.values()])
def test_noise_is_the_standard_deviation_of_each_coordinate(shape: Callable[..., Any]) -> None:
    clean, _ = shape(4000, noise=0.0)
    noisy, _ = shape(4000, noise=0.25)
    assert np.std(noisy - clean, axis=0) == pytest.approx([0.25, 0.25], rel=0.05)


def test_moons_lie_on_two_half_circles_that_interleave() -> None:
    X, y = moons(101, noise=0.0)
    upper, lower = X[y == 0], X[y == 1] - [1.0, 0.5]
    assert np.hypot(*upper.T) == pytest.approx(np.ones(51))
    assert np.hypot(*lower.T) == pytest.approx(np.ones(50))
    assert upper[:, 1].min() > -1e-12
    assert lower[:, 1].max() < 1e-12
    for moon in (upper, lower):  # from end to end
        assert sorted([moon[0, 0], moon[-1, 0]]) == pytest.approx([-1.0, 1.0])


def test_circles_lie_on_radius_one_and_the_factor_and_close_evenly() -> None:
    X, y = circles(40, noise=0.0, factor=0.3)
    assert np.hypot(*X[y == 0].T) == pytest.approx(np.ones(20))
    assert np.hypot(*X[y == 1].T) == pytest.approx(np.full(20, 0.3))
    assert X[y == 0].sum(axis=0) == pytest.approx([0.0, 0.0])
    assert len(np.unique(X.round(9), axis=0)) == 40


@pytest.mark.parametrize(("arms", "turns"), [(2, 1.0), (3, 0.5), (5, 2.0)])
def test_spiral_arms_wind_by_their_turns_and_are_the_first_one_rotated(arms: int, turns: float) -> None:
    X, y = spirals(20 * arms, noise=0.0, arms=arms, turns=turns)
    points = X[:, 0] + 1j * X[:, 1]
    first = points[y == 0]
    assert abs(first[-1]) == pytest.approx(1.0)
    wound = np.unwrap(np.angle(first))
    assert wound[-1] - wound[0] == pytest.approx(2 * math.pi * turns * 19 / 20)
    for arm in range(arms):
        rotation = np.exp(2j * math.pi * arm / arms)
        assert points[y == arm] == pytest.approx(first * rotation)
    assert len(np.unique(X.round(9), axis=0)) == 20 * arms


def test_xor_as_it_stands_is_the_truth_table() -> None:
    X, y = xor()
    assert X.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert y.tolist() == [0, 1, 1, 0]


def test_blobs_lie_around_the_centers_they_are_given() -> None:
    centers = [[0.0, 0.0, 5.0], [9.0, 0.0, 0.0]]
    X, y = blobs(2000, noise=0.2, centers=centers)
    assert X.shape == (2000, 3)
    for k, center in enumerate(centers):
        assert X[y == k].mean(axis=0) == pytest.approx(center, abs=0.05)


def test_a_number_of_centers_is_spread_over_a_circle_of_radius_two() -> None:
    X, y = blobs(5, noise=0.0, centers=5)
    assert np.hypot(*X.T) == pytest.approx(np.full(5, 2.0))
    assert y.tolist() == [0, 1, 2, 3, 4]
    assert np.linalg.norm(X - np.roll(X, 1, axis=0), axis=1) == pytest.approx(np.full(5, 4 * math.sin(math.pi / 5)))


def test_linear_targets_are_floats_that_least_squares_recovers() -> None:
    X, y = linear(3000, noise=0.1, weights=(2.0, -3.0), bias=0.5)
    assert y.dtype == np.float64
    solution, *_ = np.linalg.lstsq(np.column_stack([X, np.ones(3000)]), y, rcond=None)
    assert solution == pytest.approx([2.0, -3.0, 0.5], abs=0.02)
    assert np.std(y - X @ [2.0, -3.0] - 0.5) == pytest.approx(0.1, rel=0.05)
    assert np.abs(X).max() <= 1.0


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: moons(0), ValueError, "n >= 1, got n = 0"),
        (lambda: moons(2.5), TypeError, "whole number for n, got float 2.5"),
        (lambda: moons(True), TypeError, "whole number for n, got bool True"),
        (lambda: moons(4, noise=-1), ValueError, "noise >= 0, got noise = -1"),
        (lambda: moons(4, noise=math.nan), ValueError, "got noise = nan"),
        (lambda: moons(4, noise=math.inf), ValueError, "got noise = inf"),
        (lambda: moons(4, noise="a"), TypeError, "number for noise, got str 'a'"),
        (lambda: moons(4, rng=1.5), TypeError, "rng is an int seed"),
        (lambda: moons(4, rng=-1), ValueError, "a seed is 0 or more"),
        (lambda: circles(4, factor=1.0), ValueError, "factor < 1, got factor = 1.0"),
        (lambda: circles(4, factor=0), ValueError, "got factor = 0.0"),
        (lambda: spirals(4, arms=0), ValueError, "arms >= 1, got arms = 0"),
        (lambda: spirals(4, turns=math.inf), ValueError, "got turns = inf"),
        (lambda: blobs(4, centers=0), ValueError, "centers >= 1"),
        (lambda: blobs(4, centers=[1.0, 2.0]), ValueError, r"centers .* shape \(2,\)"),
        (lambda: blobs(4, centers=[[math.nan]]), ValueError, "finite"),
        (lambda: linear(4, weights=()), ValueError, "weights"),
        (lambda: linear(4, weights=[1.0, math.nan]), ValueError, r"a finite weights\[1\], got weights\[1\] = nan"),
        (lambda: linear(4, weights="a"), ValueError, "weights is no array of numbers"),
        (lambda: linear(4, bias=math.nan), ValueError, "linear needs a finite bias, got bias = nan"),
        (lambda: linear(4, bias="a"), TypeError, "linear needs a number for bias, got str 'a'"),
        (lambda: minibatches(np.zeros((3, 2)), np.zeros(3), 4), ValueError, "batch of 4 rows .* has 3"),
        (lambda: minibatches(np.zeros((3, 2)), np.zeros(3), 0), ValueError, "batch_size >= 1, got batch_size = 0"),
        (lambda: minibatches(np.zeros((3, 2)), np.zeros(2), 1), ValueError, r"shapes \(3, 2\) and \(2,\)"),
        (lambda: minibatches(np.ma.masked_equal([[1.0], [-9.0]], -9), [0, 1], 1), ValueError, "X is a masked array"),
        (lambda: split([[1.0], [2.0]], np.ma.masked_equal([1, -9], -9)), ValueError, "y is a masked array"),
        (lambda: split(np.zeros((3, 2)), np.zeros(3), 1.0), ValueError, "fraction < 1, got fraction = 1.0"),
        (lambda: split(np.zeros((1, 2)), np.zeros(1)), ValueError, "1 rows cannot be split"),
    ],
)
def test_what_makes_no_sense_is_refused(call: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


@given(n=st.integers(1, 40), data=st.data(), seed=st.integers(0, 9))
def test_batches_are_disjoint_and_together_all_rows_in_pairs(n: int, data: st.DataObject, seed: int) -> None:
    size = data.draw(st.integers(1, n))
    X, y = np.arange(2.0 * n).reshape(n, 2), np.arange(n)
    batches = list(minibatches(X, y, size, seed))
    assert [len(rows) for rows, _ in batches[:-1]] == [size] * (len(batches) - 1)
    assert 1 <= len(batches[-1][0]) <= size
    assert sorted(np.concatenate([targets for _, targets in batches])) == list(range(n))
    for rows, targets in batches:
        assert np.array_equal(rows, X[targets])


def test_a_generator_shuffles_anew_in_each_epoch_and_repeats_from_its_seed() -> None:
    X, y = np.zeros((50, 1)), np.arange(50)

    def epochs() -> list[list[int]]:
        random = np.random.default_rng(1)
        return [[int(i) for _, batch in minibatches(X, y, 20, random) for i in batch] for _ in range(3)]

    first, second, third = epochs()
    assert len({tuple(first), tuple(second), tuple(third), tuple(range(50))}) == 4
    assert epochs() == [first, second, third]


@given(n=st.integers(2, 50), fraction=st.floats(0.001, 0.999))
def test_a_split_puts_each_row_into_one_part_and_leaves_neither_empty(n: int, fraction: float) -> None:
    X, y = np.arange(3.0 * n).reshape(n, 3), np.arange(n)
    (kept_X, kept_y), (held_X, held_y) = split(X, y, fraction)
    assert sorted([*kept_y, *held_y]) == list(range(n))
    assert len(kept_y)
    assert len(held_y)
    assert abs(len(held_y) - fraction * n) <= 1
    assert np.array_equal(kept_X, X[kept_y])
    assert np.array_equal(held_X, X[held_y])


# ----------------------------------------------------------------------------------------------------------- CSV files


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_table_is_read_with_its_names(tmp_path: Path) -> None:
    path = written(tmp_path, "width,height,kind\n1,2.5,oak\n-3e2,4,ash\n5,6,oak\n")
    table = read_csv(path)
    assert table.X.tolist() == [[1.0, 2.5], [-300.0, 4.0], [5.0, 6.0]]
    assert table.X.dtype == np.float64
    assert table.y.tolist() == [1, 0, 1]
    assert table.classes == ("ash", "oak")
    assert table.columns == ("width", "height")
    assert table.label == "kind"


def test_the_label_may_be_any_column(tmp_path: Path) -> None:
    path = written(tmp_path, "kind,x,y\na,1,2\nb,3,4\n")
    assert read_csv(path, label="kind").X.tolist() == [[1, 2], [3, 4]]
    table = read_csv(written(tmp_path, "x,kind,y\n1,b,2\n3,a,4\n"), "kind")
    assert table.columns == ("x", "y")
    assert table.y.tolist() == [1, 0]


def test_number_classes_are_sorted_by_size_and_keep_their_spelling(tmp_path: Path) -> None:
    table = read_csv(written(tmp_path, "x,c\n0,10\n0,9\n0,-1\n0,9.0\n"))
    assert table.y.tolist() == [2, 1, 0, 1]
    assert table.classes == ("-1", "9", "10")


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbfx,kind\n1,a\n2,b\n",
        b"x,kind\r\n1,a\r\n2,b\r\n",
        b"x,kind\n1,a\n2,b",
        b'"x","kind"\n"1","a"\n"2",b\n',
        b" x , kind \n 1 , a \n 2 , b \n",
        b"x,kind\n\n1,a\n   \n2,b\n\n\n",
        b'"x", "kind"\n1, "a"\n"2",   "b"\n',
    ],
    ids=["byte order mark", "CRLF", "no newline at the end", "quoted", "spaces", "empty lines", "quotes after blanks"],
)
def test_the_same_table_in_other_spellings(tmp_path: Path, text: bytes) -> None:
    table = read_csv(written(tmp_path, text))
    assert table.X.tolist() == [[1.0], [2.0]]
    assert (table.classes, table.columns, table.label) == (("a", "b"), ("x",), "kind")


def test_columns_named_by_numbers_are_read_where_the_word_among_them_is_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path, "0,1,label\n1,2,a\n3,4,b\n")
    table = read_csv(path, label="label")
    assert (table.X.tolist(), table.classes, table.columns) == ([[1.0, 2.0], [3.0, 4.0]], ("a", "b"), ("0", "1"))
    for label in (None, "1", "lable"):
        with pytest.raises(ValueError, match="one word, 'label'"):
            read_csv(path, label)
    with pytest.raises(ValueError, match="begins with numbers: "):  # no name can say that numbers alone are no row
        read_csv(written(tmp_path, "0,1,2\n1,2,0\n3,4,1\n"), label="2")


def test_a_quoted_cell_may_hold_commas_quotes_and_line_breaks(tmp_path: Path) -> None:
    table = read_csv(written(tmp_path, 'x,kind\n1,"a, ""b""\nc"\n2,d\n'))
    assert table.classes == ('a, "b"\nc', "d")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("x,kind\n", "no rows"),
        ("x\n1\n", "one column, 'x'"),
        ("x;kind\n1;a\n", "with commas between"),
        ("x,x,kind\n1,2,a\n", "two columns are named 'x'"),
        ("x,,kind\n1,2,a\n", "line 1: column 2 has no name"),
        ("x,kind,\n1,a,\n", "line 1: a comma at its end: column 3 has no name"),
        ("x,kind\n1,a,\n2,b\n", "line 2: a comma at its end: 3 cells, but there are 2 columns"),
        ("x,kind\n1,a,b\n2,b\n", "line 2: 3 cells, but there are 2 columns"),
        ("x;kind\n1,5;a\n", "'x;kind': it looks separated by semicolons: save it with commas between the columns"),
        ("x\tkind\n1\ta\n", r"'x\\tkind': it looks separated by tabs: save it with commas"),
        ("kind,x\na,1\nb,2\n", "holds words alone: where they are the classes, ask for it by label='kind' .*--label"),
        (
            "kind,x\n1,0.5\n2,1.5\n",
            "no class: .*\n  the last column is taken for the classes: ask for another by label=… .*--label",
        ),
        ("1,2,0\n3,4,1\n", "begins with numbers: its first line should name the columns"),
        ("1,2,a\n3,4,b\n", "begins with numbers and one word, 'a': where that .* ask for it as label; where this line"),
        ("0,1,label\n1,2,0\n3,4,1\n", "begins with numbers and one word, 'label'"),
        ("x,kind\n1,a\n2\n", "1 bad row:\n  line 3: 1 cells, but there are 2 columns"),
        ("x,kind\n1,a\n2,b,c\n", "line 3: 3 cells"),
        ("x,kind\n1,a\ntwo,b\n", "line 3, column 'x': 'two' is not a number"),
        ("x,kind\n1,a\n1_0,b\n", "'1_0' is not a number"),
        ("x,kind\n1,a\n,b\n", "line 3, column 'x': the cell is empty"),
        ("x,kind\nnan,a\n2,b\n", "line 2, column 'x': 'nan' is not a finite number"),
        ("x,kind\n1,a\n1e999,b\n", "line 3, column 'x': '1e999' is not a finite number"),
        ("x,kind\n1,a\n2,\n", "line 3, column 'kind': the row has no class"),
        ("x,price\n1,2.5\n2,3\n", "line 2, column 'price': '2.5' is no class"),
        ("x,kind\n1,nan\n2,3\n", "line 2, column 'kind': 'nan' is no class"),
        ("x,kind\n1,a\n2,a\n", "one class only: every row has 'a' in column 'kind'"),
        ("x,kind\n1,a\n\n\nw,b\n", "line 5, column 'x'"),
        ('x,kind\n1,"a\na"\nw,b\n', "line 4, column 'x'"),
        ('x,kind\n1,"a\n2,b\n', "line 2: .*quotation mark"),
        (b"x,kind\n1,\xff\n", "not UTF-8 text"),
        ("x,kind\n" + "9" * 90 + "z,a\n", "…' is not a number"),
    ],
)
def test_what_is_no_table_is_refused_with_its_place(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        read_csv(written(tmp_path, text))
    assert "table.csv" in str(caught.value)


def test_who_names_the_label_is_not_told_of_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'b' is not a number$"):
        read_csv(written(tmp_path, "kind,x,y\nw,b,1\nv,b,2\n"), label="kind")


def test_all_bad_rows_are_counted_and_the_first_five_told(tmp_path: Path) -> None:
    text = "x,kind\n" + "".join(f"bad{i},a\n" for i in range(8)) + "1,b\n"
    with pytest.raises(ValueError, match="8 bad rows") as caught:
        read_csv(written(tmp_path, text))
    told = str(caught.value)
    assert all(f"line {i}, column 'x': 'bad{i - 2}'" in told for i in range(2, 7))
    assert "bad5" not in told
    assert told.endswith("… and 3 more")


def test_an_unknown_label_column_names_the_close_ones(tmp_path: Path) -> None:
    path = written(tmp_path, "width,kind\n1,a\n2,b\n")
    with pytest.raises(ValueError, match="no column 'knd': did you mean 'kind'"):
        read_csv(path, label="knd")
    with pytest.raises(ValueError, match="no column 'zzz': it has 'width', 'kind'"):
        read_csv(path, label="zzz")
    with pytest.raises(TypeError, match="label is the name of a column, got int 3"):
        read_csv(path, label=3)  # type: ignore[arg-type]


def test_a_file_that_is_missing_is_the_systems_own_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.csv"):
        read_csv(tmp_path / "nowhere.csv")
