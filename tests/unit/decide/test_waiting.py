# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the doctor makes of masters that do not start."""

from __future__ import annotations

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import waiting
from ansible_collections.k8sredis.core.plugins.module_utils._model import View

from tests.unit.decide import views

SAID = "Waiting to start {name}: its replica has newer data."


def held(*names: str) -> View:
    found = views.healthy(3, 1)
    for name in names:
        found = views.everywhere(found, name, hostname=f"{name}.shop-nodes.web.svc.cluster.local")
    return views.answers_not(found, *names)


def found(view: View, words: dict[str, str]) -> list[tuple[str, str, str]]:
    return [(each.subject, each.seen, each.advice) for each in waiting.held_back(view, words)]


def test_one_waits_for_an_election() -> None:
    ((subject, seen, advice),) = found(held("shop-0-0"), {"shop-0-0": SAID.format(name="shop-0-0")})
    assert (subject, seen) == ("shop-0-0", "Waiting to start shop-0-0: its replica has newer data")
    assert advice.startswith("wait, its replica is elected")


def test_a_majority_waits_for_a_person() -> None:
    names = ("shop-0-0", "shop-1-0")
    both = found(held(*names), {name: SAID.format(name=name) for name in names})
    assert [subject for subject, _seen, _advice in both] == list(names)
    for shard, (_subject, _seen, advice) in enumerate(both):
        assert advice.startswith("nobody can be elected")
        assert f"redis_cluster_repair_takeover=shop-{shard}-1" in advice


@pytest.mark.parametrize("said", ["", "the server does not serve: LOADING"])
def test_others_do_not_wait(said: str) -> None:
    assert found(held("shop-0-0"), {"shop-0-0": said}) == []


def test_who_answers_does_not_wait_any_more() -> None:
    assert found(views.healthy(3, 1), {"shop-0-0": SAID.format(name="shop-0-0")}) == []
