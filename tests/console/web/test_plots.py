"""Curves: the line lies within its box, from its first moment to its last."""

from console.web.plots import HEIGHT, LEFT, WIDTH, plot


def test_a_curve_lies_in_its_box():
    found = plot([(0.0, 0.0), (50.0, 120.0), (100.0, 480.0)], (50.0, 120.0))
    xs, ys = zip(*(map(float, point.split(",")) for point in found.line.split()), strict=True)
    assert (xs[0], xs[-1]) == (LEFT, WIDTH)
    assert max(ys) <= HEIGHT
    assert ys[0] > ys[1] > ys[2] >= 0
    assert [text for _, text in found.grid] == ["0", "250", "500"]
    assert found.mark.x == xs[1]


def test_a_curve_of_nothing_is_flat():
    assert plot([(5.0, 0.0), (5.0, 0.0)]).last == 6.0
