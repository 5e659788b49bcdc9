# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wished directives against what servers have: the steps, and what is refused."""

from __future__ import annotations

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import drift
from ansible_collections.k8sredis.core.plugins.module_utils._decide.drift import Difference
from ansible_collections.k8sredis.core.plugins.module_utils._decide.versions import Server
from ansible_collections.k8sredis.core.plugins.module_utils._model import View

from tests.unit.decide import views

WELL = views.healthy(3, 1)


def having(view: View = WELL, **settings: str) -> View:
    """Every node has these settings."""
    for one in view.answering:
        view = views.setting(view, one.name, **settings)
    return view


def using(view: View, name: str, used: int) -> View:
    return views.info(view, name, used_memory=str(used))


def test_one_step_for_each_node_that_differs() -> None:
    view = views.setting(having(hz="10", maxmemory="1073741824"), "shop-1-0", hz="50", maxmemory="0")
    plan = drift.plan(view, {"maxmemory": "1gb", "hz": "10"})
    (step,) = plan.steps
    assert (step.kind, step.subject, step.reason) == ("set", "shop-1-0", "differs from the wish")
    assert step.text == "shop-1-0: hz 50 -> 10, maxmemory 0 -> 1gb"
    assert step.commands == (("CONFIG", "SET", "hz", "10", "maxmemory", "1gb"),)


def test_values_with_spaces_or_without_a_word_are_quoted() -> None:
    plan = drift.plan(views.setting(having(save=""), "shop-0-0", save="60 1"), {"save": ""})
    assert [step.text for step in plan.steps] == ["shop-0-0: save '60 1' -> ''"]


def test_what_only_a_restart_brings_is_told_and_not_set() -> None:
    view = views.setting(having(tcp_backlog="1024"), "shop-0-1", tcp_backlog="511")
    wished = {"tcp-backlog": "1024"}
    assert drift.differences(view, wished) == (Difference("shop-0-1", "tcp-backlog", "511", "1024", restart=True),)
    assert not drift.plan(view, wished).changed
    assert drift.problems(view, wished) == []


def test_who_does_not_answer_is_passed_over() -> None:
    view = views.answers_not(having(hz="10"), "shop-0-0")
    assert [step.subject for step in drift.plan(view, {"hz": "20"}).steps] == [one.name for one in WELL.nodes[1:]]
    assert drift.problems(view, {"hz": "20"}) == []


@pytest.mark.parametrize(
    ("info", "server"),
    [
        ({"redis_version": "8.0.2"}, Server("redis", (8, 0, 2))),
        ({"redis_version": "7.2.4", "valkey_version": "9.1.2"}, Server("valkey", (9, 1, 2))),
        ({"redis_version": "255.255.255-unstable"}, None),
        ({}, None),
    ],
)
def test_which_server_runs(info: dict[str, str], server: Server | None) -> None:
    view = views.change(WELL, "shop-0-0", info=info)
    assert drift.running(views.node(view, "shop-0-0")) == server


MEMORY = (
    "Cannot set maxmemory 1mb on shop-1-0: it uses 2000000 bytes, and would evict keys or refuse writes at once; use "
    "more, or move or delete data first."
)
AT_START = (
    "Cannot lower the memory limit: shop-1-0 uses 2000000 bytes, and would start with maxmemory 1500000; use a larger "
    "limit, or move or delete data first."
)


@pytest.mark.parametrize(
    ("now", "used", "wished", "message"),
    [
        ("10mb", 2000000, "1mb", MEMORY),
        ("0", 2000000, "1mb", MEMORY),
        ("10mb", 1000000, "1mb", None),
        ("10mb", 2000000, "0", None),
        ("512kb", 2000000, "1mb", None),  # more than it has: better than before
        ("1048576", 2000000, "1mb", None),
    ],
)
def test_less_memory_than_is_used(now: str, used: int, wished: str, message: str | None) -> None:
    view = using(having(maxmemory=now), "shop-1-0", used)
    assert drift.problems(view, {"maxmemory": wished}) == ([message] if message else [])


@pytest.mark.parametrize(
    ("now", "at_start", "wished", "messages"),
    [
        ("9000000", 1500000, {}, [AT_START]),
        ("0", 1500000, {}, [AT_START]),
        ("9000000", 2500000, {}, []),
        ("1000000", 1500000, {}, []),
        ("9000000", 0, {}, []),
        ("9000000", 1500000, {"maxmemory": "9000000"}, []),
    ],
)
def test_less_memory_at_the_next_start(now: str, at_start: int, wished: dict[str, str], messages: list[str]) -> None:
    view = views.info(using(having(maxmemory="9000000"), "shop-1-0", 2000000), "shop-1-0", maxmemory=now)
    assert drift.problems(view, wished, at_start) == messages


@pytest.mark.parametrize(
    ("name", "number", "refused"),
    [
        ("min-replicas-to-write", "2", True),
        ("min-slaves-to-write", "2", True),
        ("min-replicas-to-write", "1", False),
        ("min-replicas-to-write", "0", False),
    ],
)
def test_more_replicas_to_write_than_there_are(name: str, number: str, refused: bool) -> None:
    view = having(min_replicas_to_write="0", min_slaves_to_write="0")
    for shard in range(3):
        view = views.info(view, f"shop-{shard}-0", connected_slaves="1" if shard else "2")
    messages = [
        (
            f"Cannot set {name} 2 on shop-{shard}-0: it has 1 replicas, and would refuse every write; use a smaller "
            "number, or add replicas first."
        )
        for shard in (1, 2)
    ]
    assert drift.problems(view, {name: number}) == (messages if refused else [])


def test_a_directive_that_a_server_does_not_know() -> None:
    view = views.setting(WELL, "shop-0-0", lookahead="16")
    (message,) = drift.problems(view, {"lookahead": "8"})
    assert message == (
        "Cannot set lookahead on shop-0-1, shop-1-0, shop-1-1, shop-2-0 and 1 more: redis-8.0.2 has no such directive; "
        "leave it out, or upgrade first."
    )


def test_directives_that_may_not_be_read() -> None:
    view = views.change(WELL, "shop-2-0", settings=None)
    (message,) = drift.problems(view, {"save": ""})
    assert message.startswith("Cannot read the directives of shop-2-0: CONFIG GET is refused there;")
