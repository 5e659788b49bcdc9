# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node says, as its own values say it."""

from __future__ import annotations

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._model import NOBODY, Finding, Node, Plan, Step

from tests.unit.decide.views import fresh_view, healthy, member, silent, view

KEYS = [
    ("no database", {}, 0),
    ("one", {"db0": "keys=3,expires=1,avg_ttl=0"}, 3),
    ("several, as in a cluster of Valkey 9", {"db0": "keys=3,expires=0", "db11": "keys=39,expires=0"}, 42),
    ("statistics of Redis 8 beside it", {"db0": "keys=3,expires=0", "db0_distrib_strings_sizes": "4=1"}, 3),
    ("a field that begins alike", {"dbsize": "7"}, 0),
]


@pytest.mark.parametrize(("info", "keys"), [row[1:] for row in KEYS], ids=[row[0] for row in KEYS])
def test_keys(info: dict[str, str], keys: int) -> None:
    assert Node(member("shop-0-0"), info=info).keys == keys


NUMBERS = [("7", 7), ("-1", -1), ("", 0), ("many", 0), ("1.5", 0)]


@pytest.mark.parametrize(("text", "number"), NUMBERS)
def test_number(text: str, number: int) -> None:
    assert Node(member("shop-0-0"), info={"used_memory": text}).number("used_memory") == number


def test_number_is_also_read_from_cluster_info() -> None:
    node = Node(member("shop-0-0"), cluster_info={"cluster_known_nodes": "6"})
    assert (node.number("cluster_known_nodes"), node.number("something_else")) == (6, 0)


def test_silent_node_is_nobody() -> None:
    node = silent(member("shop-0-0"), error="Connection refused")
    assert (node.answers, node.myself, node.id, node.keys) == (False, NOBODY, "", 0)


def test_view_finds_nodes_by_name_and_id() -> None:
    found = view(*fresh_view(2, 0).nodes, silent(member("shop-2-0")))
    one = found.nodes[0]
    assert (found.node("shop-0-0"), found.node("shop-9-9")) == (one, None)
    assert (set(found.by_id), len(found.answering)) == ({node.id for node in found.nodes[:2]}, 2)


def test_nobody_is_found_by_the_id_of_a_silent_node() -> None:
    assert "" not in view(silent(member("shop-0-0"))).by_id


def test_every_table_of_a_view_has_exactly_one_own_entry() -> None:
    for node in healthy(3, 1).nodes:
        assert [entry.id for entry in node.table if "myself" in entry.flags] == [node.id]


def test_plans_are_added_in_their_order() -> None:
    one, other = Step("meet", "a", "", ""), Step("assign", "b", "", "")
    assert (Plan((one,)) + Plan((other,))).steps == (one, other)
    assert (Plan((one,)).changed, Plan().changed) == (True, False)


def test_finding_as_text() -> None:
    assert Finding("unreachable", "critical", "shop-0-0", "Connection refused", "wait").text == (
        "shop-0-0: Connection refused"
    )
