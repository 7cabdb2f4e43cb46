"""Terms: what several of them share."""

from autograd.lifting.terms import SLOT, Terms, needed_by_several


def test_what_several_terms_need_is_found_operands_first() -> None:
    language = Terms()
    x, y = language.write(SLOT, 0), language.write(SLOT, 1)
    e = language.write("exp", x)
    inside = e + 1.0  # twice in the same term, and in no other
    found = needed_by_several([inside * inside + y, e * 2.0, y * 3.0])
    assert all(a is b for a, b in zip(found, (x, e, y), strict=True))


def test_a_term_that_is_asked_for_twice_is_needed_by_several() -> None:
    language = Terms()
    e = language.write("exp", language.write(SLOT, 0))
    assert needed_by_several([e, e])[-1] is e
    assert needed_by_several([e, 2.0]) == []
