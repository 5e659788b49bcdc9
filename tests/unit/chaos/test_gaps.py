# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gaps and latencies are those of the shard, the client and the phase that they are told of."""

from __future__ import annotations

import pytest

from tests.chaos import gaps
from tests.chaos.gaps import Gap, Latency, longest, percentile
from tests.chaos.operations import INCREMENT, Operation
from tests.chaos.record import Mark
from tests.unit.chaos.fabricated import a_run, acknowledged, key_in, uncounted, was_read


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([], (0.0, 10.0)),
        ([4.0], (4.0, 6.0)),
        ([6.0], (0.0, 6.0)),
        ([1.0, 2.0, 7.0, 9.0], (2.0, 5.0)),
        ([9.0, 1.0, 7.0, 2.0], (2.0, 5.0)),
        ([-3.0, 4.0, 13.0], (4.0, 6.0)),
    ],
    ids=["never", "only the beginning", "only the end", "in between", "unsorted", "outside the run"],
)
def test_longest(times: list[float], expected: tuple[float, float]) -> None:
    assert longest(times, 0.0, 10.0) == expected


def test_a_gap_is_of_its_shard_and_of_the_phase_in_which_it_begins() -> None:
    run = a_run(Mark(102.0, "scale"), Mark(106.0, "rest"))
    steady = [acknowledged(key_in(3), 100.0 + number / 2, number=number) for number in range(21)]
    standing = [acknowledged(key_in(0), time) for time in (101.0, 103.0, 109.0)]
    found = {(gap.what, gap.place, gap.client): gap for gap in gaps.find(run, [*steady, *standing])}
    for client in ("glide", gaps.EVERYONE):
        expected = Gap("write", "shard 0-8191", client, 3.0, 6.0, "scale")
        assert found["write", "shard 0-8191", client] == expected
        assert found["write", "shard 8192-16383", client].seconds == 0.5
        assert found["read", "shard 0-8191", client] == Gap("read", "shard 0-8191", client, 0.0, 10.0, gaps.START)


def test_a_group_that_stands_still_shows_though_its_shard_goes_on() -> None:
    steady = [acknowledged(key_in(0), 100.0 + number / 2, number=number) for number in range(21)]
    found = {gap.place: gap for gap in gaps.find(a_run(), steady) if gap.what == "write"}
    assert found["shard 0-8191"].seconds == 0.5
    assert found["group 0-4095"].seconds == 0.5
    assert found["group 4096-8191"].seconds == 10.0


def test_only_what_was_acknowledged_ends_a_gap() -> None:
    failed = Operation(INCREMENT, key_in(0), 1, 104.9, 105.0, error="Timeout: no")
    found = {(gap.what, gap.place): gap.seconds for gap in gaps.find(a_run(), [was_read(key_in(0), 104.0), failed])}
    assert found["write", "shard 0-8191"] == 10.0
    assert found["read", "shard 0-8191"] == 6.0


def test_latencies_are_of_the_phase_in_which_a_write_was_sent() -> None:
    run = a_run(Mark(102.0, "scale"), Mark(104.0, "nothing"), Mark(108.0, "rest"))
    operations = [
        acknowledged(key_in(0), 101.0, took=0.25),
        acknowledged(key_in(0), 107.0, took=4.5),
        acknowledged(key_in(0), 109.0, took=0.5),
        was_read(key_in(0), 109.5),
        uncounted(109),
    ]
    assert gaps.latencies(run, operations) == [
        Latency("all", 3, 500.0, 4500.0, 4500.0),
        Latency(gaps.START, 1, 250.0, 250.0, 250.0),
        Latency("scale", 1, 4500.0, 4500.0, 4500.0),
        Latency("rest", 1, 500.0, 500.0, 500.0),
    ]


def test_percentile() -> None:
    hundred = [float(number) for number in range(1, 101)]
    assert [percentile(hundred, percent) for percent in (0, 50, 99, 100)] == [1.0, 50.0, 99.0, 100.0]
    assert percentile([7.0], 99) == 7.0
