# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is forgotten, and when nobody is."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import sentinel_forgetting as decide
from ansible_collections.k8sredis.core.plugins.module_utils._model import Refused, Retryable
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Watch

from tests.unit.decide import watches
from tests.unit.decide.watches import peer, watch, with_sentinel, with_server

WELL = watch()
NAMES = [f"10.0.0.{number}:26379" for number in (1, 2, 3)]


def haunted(number: int, *flags: str, given: Watch = WELL) -> Watch:
    """This Sentinel knows a fourth server and a fourth Sentinel."""
    sentinel = given.sentinels[number - 1]
    return with_sentinel(
        given,
        number,
        replicas=(*sentinel.replicas, peer("server", 4, "slave", *flags)),
        others=(*sentinel.others, peer("sentinel", 4, "sentinel", *flags, own_id="id-4")),
    )


def test_nobody_is_left() -> None:
    assert not decide.plan(WELL).changed
    assert decide.unproven(WELL, NAMES[0]) == ""


def test_each_sentinel_that_knows_somebody_who_is_gone() -> None:
    given = haunted(3, "s_down", given=haunted(1, "s_down"))
    steps = decide.plan(given).steps
    assert [step.text for step in steps] == [
        f"{name} forgets 10.0.0.4:6379, 10.0.0.4:26379" for name in (NAMES[0], NAMES[2])
    ]
    assert {step.commands for step in steps} == {(("SENTINEL", "RESET", "web-sessions"),)}
    assert "knows somebody again who is gone" in decide.unproven(given, NAMES[0])


def test_who_answers_is_not_forgotten() -> None:
    """One that has just gone seems to, for a moment."""
    with pytest.raises(Retryable, match=re.escape(f"Cannot let {NAMES[0]} forget 10.0.0.4:6379: it is none of those")):
        decide.plan(haunted(1))


def test_who_has_just_gone_is_waited_for() -> None:
    with pytest.raises(Retryable, match="it does not take that for dead yet"):
        decide.plan(haunted(1, "disconnected"))
    assert decide.plan(haunted(1, "disconnected", "s_down")).changed


def test_a_quorum_that_ghosts_have_taken_is_no_reason_to_wait() -> None:
    given = with_sentinel(haunted(1, "s_down"), 1, no_quorum="NOQUORUM 1 usable Sentinels")
    assert decide.plan(given).changed
    assert "NOQUORUM" in decide.unproven(with_sentinel(WELL, 1, no_quorum="NOQUORUM"), NAMES[0])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (watches.silent_server(haunted(1, "s_down"), 2), "10.0.0.2:6379: Connection refused"),
        (watches.silent_sentinel(haunted(1, "s_down"), 2), f"{NAMES[1]}: Connection refused"),
        (with_server(haunted(1, "s_down"), 3, master_link_status="down"), "10.0.0.3:6379: is not in sync"),
        (
            with_sentinel(
                haunted(1, "s_down"),
                2,
                master=peer("server", 1, "master", "s_down", **watches.TOLD),
            ),
            f"{NAMES[1]}: gets no answer from the master",
        ),
    ],
    ids=["a server is silent", "a Sentinel is silent", "a replica is not in sync", "the master is away"],
)
def test_while_not_all_is_well_nobody_is_reset(given: Watch, words: str) -> None:
    with pytest.raises(Retryable, match=re.escape(f"Cannot let Sentinels of web-sessions forget anybody: {words}")):
        decide.plan(given)
    assert words in decide.unproven(given, NAMES[2])


@pytest.mark.parametrize("name", ["web-*", "web-?", "web-[ab]", "web\\-b"])
def test_a_name_that_is_a_pattern(name: str) -> None:
    assert not decide.plan(replace(WELL, master_name=name)).changed
    with pytest.raises(Refused, match="would take that name for a pattern"):
        decide.plan(replace(haunted(1, "s_down"), master_name=name))
