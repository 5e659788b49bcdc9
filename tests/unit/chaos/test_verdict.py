# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run is judged as a whole, and can be judged again from its folder."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

from tests.chaos import record
from tests.chaos.ledger import judge_folder
from tests.chaos.operations import APPEND, INCREMENT, Log, Operation
from tests.chaos.plan import COUNTER, keys
from tests.chaos.record import Found, Mark, log_path
from tests.chaos.verdict import judge
from tests.unit.chaos.fabricated import OWNERS, PLAN, a_run, was_read

EVERY_KEY = [key for group in keys(PLAN, "glide").values() for key in group]

OPERATIONS = [
    Operation(INCREMENT if key.kind == COUNTER else APPEND, key.name, number, 100.0 + number, 100.5 + number, number)
    for key in EVERY_KEY
    for number in (1, 2)
]
FOUND = Found(
    counters={key.name: 2 for key in EVERY_KEY if key.kind == COUNTER},
    lists={key.name: ["1", "2"] for key in EVERY_KEY if key.kind != COUNTER},
    owners=OWNERS,
)
RUN = a_run(Mark(104.0, "scale"))


def test_clean() -> None:
    verdict = judge(RUN, [*OPERATIONS, was_read(EVERY_KEY[0].name, 103.0)], FOUND)
    assert verdict.clean
    assert (verdict.account.acknowledged, verdict.reads) == (16, 1)
    assert verdict.marks == (Mark(4.0, "scale"),)
    assert verdict.longest_gap().seconds == 7.5


def test_a_loss_in_one_key_is_a_loss() -> None:
    (name, *_others) = FOUND.lists
    verdict = judge(RUN, OPERATIONS, replace(FOUND, lists={**FOUND.lists, name: ["1"]}))
    assert not verdict.clean
    assert verdict.lost == 1
    assert f"{name}: write 2 was acknowledged and is not there" in str(verdict)


def test_a_plain_loss_is_told_from_one_of_what_wait_promised() -> None:
    (name, *_others) = FOUND.lists
    promised = [replace(one, replicated=one.number == 1) for one in OPERATIONS]
    plain = judge(RUN, promised, replace(FOUND, lists={**FOUND.lists, name: ["1"]}))
    assert (plain.lost, plain.lost_replicated) == (1, 0)
    assert not plain.clean
    assert plain.clean_but_plain_losses
    broken = judge(RUN, promised, replace(FOUND, lists={**FOUND.lists, name: ["2"]}))
    assert (broken.lost, broken.lost_replicated) == (1, 1)
    assert not broken.clean_but_plain_losses
    assert f"{name}: write 1 was acknowledged and is not there, and WAIT said that all replicas have it" in str(broken)


def test_a_run_without_one_promise_proves_nothing_about_them() -> None:
    assert not judge(RUN, OPERATIONS, FOUND).clean_but_plain_losses


def test_a_key_that_nobody_wrote_must_be_empty() -> None:
    verdict = judge(RUN, [], FOUND)
    assert (verdict.duplicated, verdict.account.foreign) == (8, 8)


def test_without_its_clients_a_run_proves_nothing() -> None:
    verdict = judge(replace(RUN, gone=("glide-write",)), OPERATIONS, FOUND)
    assert verdict.lost == 0
    assert not verdict.clean


def test_errors_are_counted_by_text() -> None:
    key = EVERY_KEY[0].name
    failed = [Operation(INCREMENT, key, number, 105, 106, error=f"no {number % 2}") for number in range(3, 8)]
    many = [Operation(INCREMENT, key, number, 105, 106, error=f"odd {number}") for number in range(100, 200)]
    assert judge(RUN, [*OPERATIONS, *failed], FOUND).errors == {"glide": {"no 1": 3, "no 0": 2}}
    errors = judge(RUN, [*failed, *many], FOUND).errors["glide"]
    assert len(errors) == 41
    assert errors["others"] == 62
    assert sum(errors.values()) == 105


def test_a_folder_is_judged_again(tmp_path: Path) -> None:
    record.write_run(tmp_path, RUN)
    assert record.read_run(tmp_path) == RUN
    log_path(tmp_path, "glide", "read").touch()
    log = Log(log_path(tmp_path, "glide", "write"))
    for operation in OPERATIONS:
        log.add(operation)
    (tmp_path / "found.json").write_text(json.dumps(asdict(FOUND)), encoding="utf-8")
    verdict = judge_folder(tmp_path)
    assert verdict == judge(RUN, sorted(OPERATIONS, key=lambda one: one.sent), FOUND)
    written = json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8"))
    assert written["clean"] is True
    assert written["account"]["acknowledged"] == 16
    assert (tmp_path / "timeline.svg").read_text(encoding="utf-8").startswith("<svg ")
