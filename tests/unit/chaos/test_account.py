# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account of a key tells what was lost and what came twice from what nobody can know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.account import Account, of_counter, of_list
from tests.chaos.operations import Operation
from tests.unit.chaos.fabricated import KEY, appended, counted, unappended, uncounted

COUNTERS: dict[str, tuple[Sequence[Operation], int, Account]] = {
    "nothing was sent": ([], 0, Account()),
    "all is there": ([counted(1, 1), counted(2, 2)], 2, Account(2)),
    "the last is not there": ([counted(1, 1), counted(2, 2)], 1, Account(2, lost=1)),
    "none is there": ([counted(1, 1), counted(2, 2)], 0, Account(2, lost=2)),
    "lost on the way, and hidden by later ones": ([counted(1, 1), counted(2, 2), counted(3, 2)], 2, Account(3, lost=1)),
    "unknown and there": ([counted(1, 1), uncounted(2), counted(3, 3)], 3, Account(2, unknown=1, unknown_applied=1)),
    "unknown and not there": ([counted(1, 1), uncounted(2), counted(3, 2)], 2, Account(2, unknown=1)),
    "unknown, there in the end": ([counted(1, 1), uncounted(2)], 2, Account(1, unknown=1, unknown_applied=1)),
    "unknown, applied late": (
        [counted(1, 1), uncounted(2), counted(3, 2), counted(4, 4)],
        4,
        Account(3, unknown=1, unknown_applied=1),
    ),
    "unknown, there twice": ([uncounted(1), counted(2, 3)], 3, Account(1, unknown=1, unknown_applied=1, duplicated=1)),
    "unknown explains once": (
        [uncounted(1), counted(2, 2), counted(3, 4)],
        4,
        Account(2, unknown=1, unknown_applied=1, duplicated=1),
    ),
    "refused by an answer": ([counted(1, 1), uncounted(2, unanswered=0)], 1, Account(1)),
    "refused, and there": ([counted(1, 1), uncounted(2, unanswered=0)], 2, Account(1, duplicated=1)),
    "twice": ([counted(1, 1), counted(2, 3)], 3, Account(2, duplicated=1)),
    "twice, at the end": ([counted(1, 1)], 2, Account(1, duplicated=1)),
    "twice after a retry": ([counted(1, 2, unanswered=1)], 2, Account(1, retried=1)),
    "once after a retry": ([counted(1, 1, unanswered=1), counted(2, 2)], 2, Account(2)),
    "a retry explains one": ([counted(1, 3, unanswered=1)], 3, Account(1, retried=1, duplicated=1)),
    "a retry explains nothing before it": ([counted(1, 2), counted(2, 3, unanswered=1)], 3, Account(2, duplicated=1)),
    "a retry explains once": (
        [counted(1, 2, unanswered=1), counted(2, 4)],
        4,
        Account(2, retried=1, duplicated=1),
    ),
}


def promised(number: int, reply: int, unanswered: int = 0) -> Operation:
    return counted(number, reply, unanswered, replicated=True)


REPLICATED_COUNTERS: dict[str, tuple[Sequence[Operation], int, Account]] = {
    "all is there": ([promised(1, 1), promised(2, 2)], 2, Account(2, replicated=2)),
    "the last is not there": ([promised(1, 1), promised(2, 2)], 1, Account(2, lost=1, replicated=2, lost_replicated=1)),
    "none is there": ([promised(1, 1), promised(2, 2)], 0, Account(2, lost=2, replicated=2, lost_replicated=2)),
    "the plain one is not there": ([promised(1, 1), counted(2, 2)], 1, Account(2, lost=1, replicated=1)),
    "both are not there": ([promised(1, 1), counted(2, 2)], 0, Account(2, lost=2, replicated=1, lost_replicated=1)),
    "lost on the way, and hidden by later ones": (
        [counted(1, 1), promised(2, 2), promised(3, 2), promised(4, 3)],
        3,
        Account(4, lost=1, replicated=3, lost_replicated=1),
    ),
    "each is lost once": (
        [promised(1, 1), promised(2, 2), counted(3, 1), promised(4, 2)],
        1,
        Account(4, lost=3, replicated=3, lost_replicated=3),
    ),
    "lost on the way, before the plain one": (
        [promised(1, 1), counted(2, 2), counted(3, 2)],
        2,
        Account(3, 1, replicated=1),
    ),
    "unknown hides no promise": (
        [promised(1, 1), promised(2, 2), uncounted(3), counted(4, 2)],
        2,
        Account(3, lost=1, unknown=1, replicated=2, lost_replicated=1),
    ),
}

REPLICATED_LISTS: dict[str, tuple[Sequence[Operation], str, Account]] = {
    "all is there": ([appended(1, replicated=True), appended(2)], "1 2", Account(2, replicated=1)),
    "the plain one is not there": ([appended(1, replicated=True), appended(2)], "1", Account(2, lost=1, replicated=1)),
    "the other is not there": (
        [appended(1, replicated=True), appended(2)],
        "2",
        Account(2, lost=1, replicated=1, lost_replicated=1),
    ),
}

LISTS: dict[str, tuple[Sequence[Operation], str, Account]] = {
    "nothing was sent": ([], "", Account()),
    "all is there": ([appended(1), appended(2)], "1 2", Account(2)),
    "one is not there": ([appended(1), appended(2), appended(3)], "1 3", Account(3, lost=1)),
    "none is there": ([appended(1), appended(2)], "", Account(2, lost=2)),
    "twice": ([appended(1), appended(2)], "1 1 2", Account(2, duplicated=1)),
    "three times": ([appended(1), appended(2)], "1 2 1 1", Account(2, duplicated=2)),
    "twice after a retry": ([appended(1, unanswered=1), appended(2)], "1 1 2", Account(2, retried=1)),
    "a retry explains one": ([appended(1, unanswered=1)], "1 1 1", Account(1, retried=1, duplicated=1)),
    "a retry explains no other": ([appended(1, unanswered=1), appended(2)], "1 2 2", Account(2, duplicated=1)),
    "lost in spite of a retry": ([appended(1, unanswered=3)], "", Account(1, lost=1)),
    "reordered": ([appended(1), appended(2), appended(3)], "1 3 2", Account(3, reordered=1)),
    "unknown and there": ([unappended(1), appended(2)], "1 2", Account(1, unknown=1, unknown_applied=1)),
    "unknown and not there": ([unappended(1), appended(2)], "2", Account(1, unknown=1)),
    "unknown and late": ([unappended(1), appended(2)], "2 1", Account(1, unknown=1, unknown_applied=1, late=1)),
    "unknown, there twice": ([unappended(1)], "1 1", Account(unknown=1, unknown_applied=1, duplicated=1)),
    "unknown, tried twice": ([unappended(1, 2)], "1 1", Account(unknown=1, unknown_applied=1, retried=1)),
    "refused and there": ([unappended(1, 0)], "1", Account(duplicated=1)),
    "nobody sent it": ([appended(1)], "1 7 what", Account(1, foreign=2)),
    "lost beside twice": ([appended(1), appended(2)], "2 2", Account(2, lost=1, duplicated=1)),
}


@pytest.mark.parametrize(("writes", "found", "expected"), REPLICATED_COUNTERS.values(), ids=REPLICATED_COUNTERS)
def test_counter_with_wait(writes: Sequence[Operation], found: int, expected: Account) -> None:
    _assert_account(of_counter(KEY, writes, found), expected)


@pytest.mark.parametrize(("writes", "found", "expected"), REPLICATED_LISTS.values(), ids=REPLICATED_LISTS)
def test_list_with_wait(writes: Sequence[Operation], found: str, expected: Account) -> None:
    _assert_account(of_list(KEY, writes, found.split()), expected)


@pytest.mark.parametrize(("writes", "found", "expected"), COUNTERS.values(), ids=COUNTERS)
def test_counter(writes: Sequence[Operation], found: int, expected: Account) -> None:
    _assert_account(of_counter(KEY, writes, found), expected)


@pytest.mark.parametrize(("writes", "found", "expected"), LISTS.values(), ids=LISTS)
def test_list(writes: Sequence[Operation], found: str, expected: Account) -> None:
    _assert_account(of_list(KEY, writes, found.split()), expected)


def _assert_account(account: Account, expected: Account) -> None:
    assert replace(account, faults=()) == expected
    bad = expected.lost + expected.duplicated + expected.reordered + expected.foreign
    assert bool(account.faults) == bool(bad), "a sentence for each fault, and none without"


def test_a_fault_names_the_key_and_the_write() -> None:
    assert of_list(KEY, [appended(1)], []).faults == (f"{KEY}: write 1 was acknowledged and is not there",)
    assert of_counter(KEY, [counted(1, 1), counted(2, 1)], 1).faults == (
        f"{KEY}: write 2 was answered 1 after 1, 1 lost",
    )


# Each write: acknowledged or not, tries without an answer, how many of these the server applied.
ATTEMPTS = st.lists(
    st.tuples(st.booleans(), st.integers(0, 2)).flatmap(
        lambda one: st.tuples(st.just(one[0]), st.just(one[1]), st.integers(0, one[1]))
    ),
    max_size=30,
)


@given(ATTEMPTS)
def test_an_honest_server_is_clean(attempts: list[tuple[bool, int, int]]) -> None:
    counts, appends, value, elements = [], [], 0, []
    for number, (known, unanswered, applied) in enumerate(attempts, 1):
        value += applied + known
        elements += [str(number)] * (applied + known)
        counts.append(counted(number, value, unanswered) if known else uncounted(number, unanswered))
        appends.append(appended(number, unanswered) if known else unappended(number, unanswered))
    for account in (of_counter(KEY, counts, value), of_list(KEY, appends, elements)):
        assert (account.lost, account.duplicated, account.reordered, account.foreign) == (0, 0, 0, 0)
        assert account.faults == ()
        assert account.acknowledged + account.retried + account.unknown_applied == value


@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_each_lost_element_is_told(there: list[bool]) -> None:
    writes = [appended(number) for number in range(1, len(there) + 1)]
    found = [str(number) for number, is_there in enumerate(there, 1) if is_there]
    assert of_list(KEY, writes, found) == Account(
        len(there),
        lost=there.count(False),
        faults=tuple(
            f"{KEY}: write {number} was acknowledged and is not there"
            for number, is_there in enumerate(there, 1)
            if not is_there
        ),
    )


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30))
def test_each_lost_increment_is_told_though_the_counter_goes_on(losses: list[int]) -> None:
    """Also of those of which WAIT had spoken; here of every other one."""
    promises: list[bool] = []
    value, lost, lost_replicated, writes = 0, 0, 0, []
    for number, loss in enumerate(losses, 1):
        gone = min(loss, value)
        value, lost = value - gone, lost + gone
        lost_replicated += sum(promises[value:])
        promises = [*promises[:value], number % 2 == 0]
        value += 1
        writes.append(counted(number, value, replicated=promises[-1]))
    account = of_counter(KEY, writes, value)
    assert (account.lost, account.lost_replicated) == (lost, lost_replicated)
