"""Messages that a dead line held back are late; a clock that was put back is forgiven."""

from pages.web.sockets._delays import BURST_MS, DELAY_MS_MAX, Delays

OFFSET = 1_000_000.0  # the clocks differ by this


def test_what_comes_at_once_is_not_late_however_the_clocks_differ():
    delays = Delays()

    assert [delays.is_late(at, at + OFFSET + way) for at, way in ((0, 80), (5_000, 20), (9_000, 900))] == [False] * 3


def test_all_that_a_dead_line_held_back_is_late_and_what_follows_is_not():
    delays = Delays()
    delays.is_late(0, OFFSET)

    held_back = [delays.is_late(sent, OFFSET + 20_000) for sent in (1_000, 2_000, 20_000 - DELAY_MS_MAX)]

    assert held_back == [True, True, True]
    assert not delays.is_late(20_100, OFFSET + 20_100)


def test_a_clock_that_was_put_back_is_believed_after_a_moment():
    delays = Delays()
    delays.is_late(100_000, OFFSET + 100_000)

    assert delays.is_late(40_000, OFFSET + 101_000)
    assert delays.is_late(40_500, OFFSET + 101_500)
    assert not delays.is_late(40_000 + BURST_MS, OFFSET + 101_000 + BURST_MS)
    assert not delays.is_late(43_000, OFFSET + 104_000)
