"""Examples: the same numbers every time, on every machine, at any size."""

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.inputs.examples import LARGEST, Example, by_hand, example, faults, searched, tables
from helpers.inputs.texts import words

SIZES = {name: st.integers(1, 24) for name in ("T", "C", "head_size", "B")}
SHAPES = {
    "x": "B T C",
    "Wq": "C head_size",
    "Wk": "C head_size",
    "Wv": "C head_size",
    "scores": "T T",
    "v": "T head_size",
    "Wo": "head_size C",
}
quick = settings(deadline=None, max_examples=40)


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@quick
@given(seed=st.integers(0, 2**32), **SIZES)
def test_shapes(seed, **sizes):
    made = example(**sizes, seed=seed)
    for name, axes in SHAPES.items():
        assert getattr(made, name).shape == tuple(sizes[axis] for axis in axes.split())
    assert made.tokens == words(sizes["T"])


@pytest.mark.parametrize(("C", "head_size"), [(1, 1), (2, 1), (3, 2), (8, 4), (LARGEST, LARGEST // 2)])
def test_head_size_is_half_of_C_if_left_out(C, head_size):
    assert example(C=C).Wq.shape == (C, head_size)


def test_no_batch_axis_if_B_is_left_out():
    assert example(T=2, C=3).x.shape == (2, 3)
    assert example(T=2, C=3, B=1).x.shape == (1, 2, 3)


def test_the_same_seed_gives_the_same_numbers():
    first = example(T=5, C=4, B=2, seed=3)
    tables.cache_clear()
    assert same(first, example(T=5, C=4, B=2, seed=3))
    assert not np.array_equal(first.x, example(T=5, C=4, B=2, seed=4).x)


def test_each_matrix_is_a_corner_of_the_first_tables():
    """Notebooks print these numbers: a matrix that is added later must leave them as they are."""
    made = example(T=5, C=4, head_size=3, seed=2)
    first = np.random.default_rng([2, 0]).standard_normal((6, LARGEST, LARGEST)).round(1)
    np.testing.assert_array_equal(made.x, first[0][:5, :4])
    for W, table in zip((made.Wq, made.Wk, made.Wv), first[1:]):
        np.testing.assert_array_equal(W, (table[:4, :3] * 1.5 / 2).round(1))
    np.testing.assert_array_equal(made.scores, first[4][:5, :5])
    np.testing.assert_array_equal(made.v, first[5][:5, :3])


@quick
@given(more=st.integers(1, 20), **SIZES)
def test_a_larger_T_keeps_the_rows(more, T, C, head_size, B):
    small, large = example(T=T, C=C, head_size=head_size, B=B), example(T=T + more, C=C, head_size=head_size, B=B)
    cut = Example(
        large.tokens[:T], large.x[:, :T], large.Wq, large.Wk, large.Wv, large.scores[:T, :T], large.v[:T], large.Wo
    )
    assert same(small, cut)


def test_a_larger_C_and_B_keep_the_numbers():
    np.testing.assert_array_equal(example(T=4, C=7).x[:, :3], example(T=4, C=3).x)
    np.testing.assert_array_equal(example(T=4, C=3, B=5).x[:2], example(T=4, C=3, B=2).x)
    np.testing.assert_array_equal(example(T=4, C=3, B=2).x[0], example(T=4, C=3).x)


@pytest.mark.parametrize("seed", range(5))
def test_no_two_matrices_are_alike(seed):
    made = example(T=4, C=4, head_size=4, B=2, seed=seed)
    parts = [*made.x, made.Wq, made.Wk, made.Wv, made.scores, made.v, made.Wo, made.Wo.T]
    assert len({part.tobytes() for part in parts}) == len(parts)
    queries, keys, values = (made.x @ W for W in (made.Wq, made.Wk, made.Wv))
    assert not np.allclose(queries, keys) and not np.allclose(keys, values) and not np.allclose(queries, values)


@quick
@given(seed=st.integers(0, 1000), **SIZES)
def test_numbers_have_one_decimal_and_no_negative_zero(seed, **sizes):
    for part in example(**sizes, seed=seed)[1:]:
        np.testing.assert_array_equal(part, part.round(1))
        assert not np.signbit(part[part == 0]).any()


@pytest.mark.parametrize("C", [2, 16, LARGEST])
def test_queries_are_about_as_large_whatever_C_is(C):
    made = example(T=64, C=C, head_size=C)
    assert 0.7 < np.std(made.x @ made.Wq) < 2.5


def test_an_example_is_yours_to_change():
    made = example(B=None)
    for part in made[1:]:
        part[0, 0] = 100.0
    assert not any((part == 100.0).any() for part in example(B=None)[1:])


def test_a_sheet_is_yours_to_change():
    for part in by_hand()[1:]:
        part[0, 0] = 100.0
    assert not any((part == 100.0).any() for part in by_hand()[1:])


def test_the_largest_example():
    assert example(T=LARGEST, C=LARGEST, head_size=LARGEST).x.shape == (LARGEST, LARGEST)
    assert len(example(T=LARGEST).tokens) == LARGEST


@pytest.mark.parametrize("size", ["T", "C", "head_size", "B"])
@pytest.mark.parametrize(
    "wrong", [0, -1, LARGEST + 1, 2.5, 2.0, "3", "three", float("nan"), float("inf"), [2]], ids=repr
)
def test_a_size_out_of_range_is_named(size, wrong):
    with pytest.raises(ValueError) as caught:
        example(**{size: wrong})
    assert str(caught.value) == f"{size} is {wrong!r}; wanted a whole number from 1 to {LARGEST}."


@pytest.mark.parametrize("size", ["T", "C"])
def test_T_and_C_cannot_be_left_empty(size):
    with pytest.raises(ValueError, match=f"{size} is None; wanted a whole number"):
        example(**{size: None})


def test_sizes_may_come_from_numpy():
    assert same(example(T=np.int64(3), C=np.int32(2)), example(T=3, C=2))


# -- numbers for a pencil -------------------------------------------------------------------------

PAGE = [*itertools.product((1, 2, 3, 4), repeat=3)]  # every T, C, head_size that a page holds


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize(("T", "C", "head_size"), [(2, 3, 4), (4, 4, 4), (3, 2, 2), (4, 3, 2)])
def test_numbers_by_hand_keep_their_promises(T, C, head_size, level):
    largest, parts = {1: (2, 1), 2: (2, 2), 3: (3, 2)}[level]
    for seed in range(50):
        made = by_hand(T, C, head_size, seed, level)
        _, x, Wq, Wk, Wv, _ = made
        assert [part.shape for part in made[1:]] == [(T, C), *[(C, head_size)] * 3, (head_size, C)]
        for part in made[1:]:
            assert (abs(part) <= largest).all() and (part * parts == (part * parts).round()).all()
            assert part.any(0).all() and part.any(1).all()
            assert not np.signbit(part[part == 0]).any()
        assert len(np.unique(x, axis=0)) == T and len(np.unique(x, axis=1).T) == C
        q, k, v = x @ Wq, x @ Wk, x @ Wv
        assert not (np.array_equal(q, k) or np.array_equal(k, v) or np.array_equal(q, v))
        scaled = q @ k.T / head_size**0.5
        assert abs(scaled).max() <= (3 if T == 2 else 4) and np.count_nonzero(scaled) >= T * T - (T > 2)
        for t in range(1, T):
            shares = np.exp(scaled[t, : t + 1])
            assert np.ptp(shares / shares.sum()) > 0.01  # the weights of a row differ


def test_most_sheets_keep_every_promise():
    kept = [
        not faults(*(part[None] for part in by_hand(*sizes, seed, level)[1:]))[0]
        for sizes in PAGE
        if sizes not in [(3, 1, 1), (4, 1, 1)]
        for seed in range(3)
        for level in (1, 2, 3)
    ]
    assert sum(kept) > 0.97 * len(kept)


def test_few_numbers_by_hand_are_zero_and_level_2_has_halves():
    for level in (1, 2, 3):
        numbers = np.concatenate([part.ravel() for seed in range(30) for part in by_hand(seed=seed, level=level)[1:]])
        assert 0.02 < (numbers == 0).mean() < 0.25
        assert ((numbers % 1 != 0).mean() > 0.3) == (level > 1)


@quick
@given(
    seed=st.integers(0, 2**40), level=st.integers(1, 3), **{name: st.integers(1, 8) for name in ("T", "C", "head_size")}
)
def test_there_is_a_sheet_of_every_size(T, C, head_size, seed, level):
    made = by_hand(T, C, head_size, seed, level)
    searched.cache_clear()
    assert same(made[1:], by_hand(T, C, head_size, seed, level)[1:]) and made.tokens == words(T)
    assert [part.shape for part in made[1:]] == [(T, C), *[(C, head_size)] * 3, (head_size, C)]


def test_other_seeds_and_levels_give_other_sheets():
    assert len({by_hand(seed=seed, level=level).Wq.tobytes() for seed in range(20) for level in (1, 2, 3)}) == 60


def test_a_sheet_is_found_at_once():
    by_hand()
    searched.cache_clear()
    times = []
    for seed in range(30):
        start = time.perf_counter()
        by_hand(seed=seed)
        times.append(time.perf_counter() - start)
    assert np.median(times) < 0.05  # seconds


@pytest.mark.parametrize(
    ("name", "wrong", "wanted"),
    [
        *[(name, wrong, "from 1 to 8") for name in ("T", "C", "head_size") for wrong in (0, 9, -1, 2.0, "3", None)],
        *[("level", wrong, "from 1 to 3") for wrong in (0, 4, "1", None)],
        *[("seed", wrong, "from 0 up") for wrong in (-1, 0.5, "x", None)],
    ],
)
def test_a_sheet_out_of_range_is_named(name, wrong, wanted):
    with pytest.raises(ValueError) as caught:
        by_hand(**{name: wrong})
    assert str(caught.value) == f"{name} is {wrong!r}; wanted a whole number {wanted}."
