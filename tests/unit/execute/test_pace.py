# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast slots move, and when to stop; time passes only while somebody sleeps."""

from __future__ import annotations

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._execute import pace
from ansible_collections.k8sredis.core.plugins.module_utils._execute.pace import Latency, Stop, Throttle
from hypothesis import given
from hypothesis import strategies as some

from tests.unit.stand_ins.clock import FakeClock

THROTTLES = [
    ("no limit", (0, 0), [(1_000_000, 1_000_000)] * 3, 0.0),
    ("the first passes at once", (100, 0), [(50, 0)], 0.0),
    ("keys", (100, 0), [(50, 0)] * 5, 2.0),
    ("bytes", (0, 1000), [(1, 500)] * 5, 2.0),
    ("the slower of both", (100, 1000), [(50, 2000)] * 3, 4.0),
    ("nothing costs nothing", (100, 0), [(50, 0), (0, 9), (0, 9)], 0.0),
]


@pytest.mark.parametrize(
    ("rates", "passed", "slept"), [row[1:] for row in THROTTLES], ids=[row[0] for row in THROTTLES]
)
def test_throttle(rates: tuple[int, int], passed: list[tuple[int, int]], slept: float) -> None:
    time = FakeClock()
    throttle = Throttle(*rates, time.clock)
    for keys, size in passed:
        throttle.pass_through(keys, size)
    assert time.passed == slept


def test_time_that_was_not_used_is_not_saved_up() -> None:
    time = FakeClock()
    throttle = Throttle(100, 0, time.clock)
    throttle.pass_through(100, 0)
    time.time += 60
    for _batch in range(3):
        throttle.pass_through(100, 0)
    assert time.passed == 2.0


@given(some.lists(some.integers(0, 500), min_size=1, max_size=30), some.integers(1, 1000))
def test_a_throttle_is_held(groups: list[int], rate: int) -> None:
    """All but the last group have had their time."""
    time = FakeClock()
    throttle = Throttle(rate, 0, time.clock)
    for keys in groups:
        throttle.pass_through(keys, 0)
    last = next((keys for keys in reversed(groups) if keys), 0)
    assert sum(time.slept) == pytest.approx((sum(groups) - last) / rate)


@pytest.mark.parametrize(("rate", "keys"), [(0, pace.MOST_KEYS), (100, pace.FEWEST_KEYS), (5000, 500)])
def test_a_throttle_makes_groups_small(rate: int, keys: int) -> None:
    assert Throttle(rate, 0, FakeClock().clock).keys == keys


def worked(felt: Latency, seconds: float, times: int = pace.WINDOW) -> None:
    """As much at once as it may, each time."""
    for _time in range(times):
        felt.note_work(seconds, felt.keys)


def latency() -> Latency:
    felt = Latency()
    assert felt.wants_ping
    felt.note_ping(0.0002)
    return felt


def test_a_source_that_is_slow_gets_less_and_one_that_is_quick_more() -> None:
    felt = latency()
    began = felt.keys
    worked(felt, 0.0005)
    assert felt.keys > began
    more = felt.keys
    worked(felt, 0.02)
    assert felt.keys < more


def test_never_fewer_than_the_fewest_nor_more_than_the_most() -> None:
    felt = latency()
    for seconds, last in ((0.5, pace.FEWEST_KEYS), (0.0, pace.MOST_KEYS)):
        worked(felt, seconds, pace.WINDOW * 40)
        assert felt.keys == last


def test_a_single_hiccup_changes_nothing() -> None:
    felt = latency()
    began = felt.keys
    worked(felt, 0.002, pace.WINDOW - 1)
    worked(felt, 0.5, 1)
    assert felt.keys == began


def test_little_work_done_quickly_says_nothing_of_more() -> None:
    felt = latency()
    began = felt.keys
    for _time in range(pace.WINDOW):
        felt.note_work(0.0003, 1)
    assert felt.keys == began


def test_what_a_ping_takes_is_not_the_source_s_work() -> None:
    far, began = Latency(), Latency().keys
    far.note_ping(0.05)
    worked(far, 0.0505)
    assert far.keys > began


@pytest.mark.parametrize("word", [pace.PAUSE, pace.CANCEL])
def test_a_person_stops_it_and_is_asked_once_a_second(word: str) -> None:
    time = FakeClock()
    asked: list[float] = []
    words = ["", word]

    def wanted() -> str:
        asked.append(time.time)
        return words[min(len(asked), len(words)) - 1]

    stop = Stop(0, time.clock, wanted)
    assert not stop
    assert not stop
    time.time += pace.ASK_EVERY
    assert stop
    assert not stop.is_over
    assert len(asked) == 2


def test_stop() -> None:
    time = FakeClock()
    endless, short = Stop(0, time.clock), Stop(10, time.clock)
    assert not endless
    assert not short
    time.time += 10
    assert not endless
    assert short
    endless.asked.set()
    assert endless
