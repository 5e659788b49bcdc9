# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client logged is read as it was, also when the client was killed."""

from __future__ import annotations

from pathlib import Path

from tests.chaos.operations import APPEND, READ, Log, Operation, line_of, operations, read_log

INTENT = Operation(APPEND, "ledger:x:glide:list:0", 7, 12.5)
DONE = Operation(APPEND, "ledger:x:glide:list:0", 7, 12.5, 12.75, reply=0, unanswered=2)
REPLICATED = Operation(APPEND, "ledger:x:glide:list:0", 9, 14.0, 14.5, reply=3, replicated=True)
FAILED = Operation(APPEND, "ledger:x:glide:list:0", 8, 13.0, 13.5, error='Error: "no" \\ \n way', unanswered=1)
WAS_READ = Operation(READ, "ledger:x:glide:list:0", 0, 11.0, 11.5, reply=1)


def test_round_trip(tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    for operation in (INTENT, DONE, FAILED, WAS_READ, REPLICATED):
        log.add(operation)
    assert read_log(tmp_path / "log") == [WAS_READ, DONE, FAILED, REPLICATED]


def test_a_write_without_an_outcome_may_have_been_applied() -> None:
    (found,) = operations([line_of(INTENT) + "\n"])
    assert not found.acknowledged
    assert found.error is None
    assert found.unanswered == 1


def test_a_line_that_was_cut_off_is_not_read() -> None:
    lines = [line_of(INTENT) + "\n", line_of(DONE)[:40]]
    assert [one.acknowledged for one in operations(lines)] == [False]


def test_reads_of_the_same_number_are_all_kept() -> None:
    assert len(operations([line_of(WAS_READ) + "\n"] * 2)) == 2
