# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the doctor says of a watched master with one thing wrong."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import sentinel_health, sentinel_report, watched
from ansible_collections.k8sredis.core.plugins.module_utils._model import Member
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Peer, Watch

from tests.environment import CHECKOUT
from tests.unit.decide import watches
from tests.unit.decide.watches import TOLD, peer, watch, with_sentinel, with_server

WELL = watch()
FIRST = WELL.sentinels[0]


def master(host: str = "10.0.0.1", *flags: str, **told: str) -> Peer:
    return Peer(host, 6379, "", frozenset({"master", *flags}), {**TOLD, **told})


def on(given: Watch, **kube_nodes: str) -> Watch:
    """``server`` and ``sentinel``: a letter for the kube_node of each."""
    servers = zip(given.servers, kube_nodes.get("server", "abc"), strict=True)
    sentinels = zip(given.sentinels, kube_nodes.get("sentinel", "abc"), strict=True)
    return replace(
        given,
        servers=tuple(replace(each, member=replace(each.member, kube_node=name)) for each, name in servers),
        sentinels=tuple(replace(each, member=replace(each.member, kube_node=name)) for each, name in sentinels),
    )


NO_SERVER = "10.0.0.9"
WRONG: dict[str, list[Watch]] = {
    "unreachable": [watches.silent_server(WELL, 2)],
    "sentinel_unreachable": [watches.silent_sentinel(WELL, 2)],
    "not_watched": [with_sentinel(WELL, 1, master=None, replicas=(), others=())],
    "unknown_master": [with_sentinel(WELL, 1, master=master(NO_SERVER))],
    "master_disagreement": [with_sentinel(WELL, 1, master=master("10.0.0.2"))],
    "no_master": [with_server(WELL, 1, role="slave", master_host="10.0.0.2", master_port="6379")],
    "two_masters": [with_server(WELL, 2, role="master")],
    "wrong_master": [with_sentinel(WELL, 3, master=master("10.0.0.3"))],
    "no_quorum": [with_sentinel(WELL, 1, no_quorum="NOQUORUM 1 usable Sentinels")],
    "master_down": [with_sentinel(WELL, 1, master=master("10.0.0.1", "s_down"))],
    "no_link": [
        with_sentinel(WELL, 1, replicas=(peer("server", 2, "slave", "disconnected"), FIRST.replicas[1])),
        with_sentinel(WELL, 1, others=(peer("sentinel", 2, "sentinel", "s_down", own_id="id-2"), FIRST.others[1])),
        with_sentinel(WELL, 1, master=master("10.0.0.1", "disconnected")),
    ],
    "failover_under_way": [with_sentinel(WELL, 1, master=master("10.0.0.1", "failover_in_progress"))],
    "tilt": [with_sentinel(WELL, 1, info={"sentinel_tilt": "1"})],
    "follows_another": [
        with_server(WELL, 3, master_host="10.0.0.2"),  # chained
        with_server(WELL, 3, master_host=NO_SERVER),
    ],
    "link_down": [with_server(WELL, 2, master_link_status="down"), with_server(WELL, 2, master_sync_in_progress="1")],
    "unknown_replica": [with_sentinel(WELL, 1, replicas=FIRST.replicas[:1])],
    "ghost_replica": [with_sentinel(WELL, 1, replicas=(*FIRST.replicas, peer("server", 9, "slave", "s_down")))],
    "unknown_sentinel": [with_sentinel(WELL, 1, others=FIRST.others[:1])],
    "ghost_sentinel": [with_sentinel(WELL, 1, others=(*FIRST.others, peer("sentinel", 9, own_id="id-9")))],
    "same_id": [with_sentinel(WELL, 1, id="id-2")],
    "settings_differ": [with_sentinel(WELL, 1, master=master(quorum="3"))],
    "few_sentinels": [watch(3, 2), watch(3, 1), watch(3, 4)],
    "sentinels_together": [on(WELL, sentinel="aab")],
    "copies_together": [on(WELL, server="aaa")],
    "no_replica": [watch(1)],
    "lagging": [with_server(WELL, 1, master_repl_offset="9000000")],
    "servers_differ": [with_server(WELL, 2, {"replica-priority": "1"})],
    "never_elected": [with_server(WELL, n, {"replica-priority": "0"}) for n in (2, 3)],
    "leaving": [replace(WELL, leaving=frozenset({"10.0.0.3:6379"}))],
    "no_fence": [with_server(WELL, 1, {"min-replicas-to-write": "0"})],
    "common_name": [replace(WELL, master_name="mymaster")],
}
CASES = [(code, case) for code, cases in WRONG.items() for case in cases]


def codes(given: Watch) -> set[str]:
    return {found.code for found in sentinel_health.findings(given)}


def test_nothing_is_found_where_all_is_well() -> None:
    assert codes(WELL) == set()
    assert codes(watch(2, 5)) == set()
    assert sentinel_health.disagreement(WELL) is None


@pytest.mark.parametrize(("code", "given"), CASES, ids=[f"{code}-{n}" for n, (code, _case) in enumerate(CASES)])
def test_what_is_wrong_is_found(code: str, given: Watch) -> None:
    assert code in codes(given)


def test_every_check_has_a_case() -> None:
    checks = {check.__name__ for check in (*sentinel_health.AGREEMENT, *sentinel_health.CARE)}
    assert checks == set(WRONG)


def test_every_finding_is_explained() -> None:
    source = Path(str(sentinel_health.__file__)).read_text(encoding="utf-8")
    named = set(re.findall(r"Finding\(\s*\"([^\"]+)\"", source))
    page = (CHECKOUT / "docs/sentinel_findings.md").read_text(encoding="utf-8")
    assert named == set(re.findall(r"^## (\w+)$", page, re.MULTILINE)) == set(WRONG)


def test_a_sentinel_that_does_not_answer_is_no_ghost() -> None:
    assert "ghost_sentinel" not in codes(watches.silent_sentinel(WELL, 2))


@pytest.mark.parametrize("kept", [3, 2, 1])
def test_more_than_half_must_name_the_master(kept: int) -> None:
    given = WELL
    for number in range(3, kept, -1):
        given = watches.silent_sentinel(given, number)
    agreed = watched.agreed(given)
    assert (agreed.name if agreed else None) == ("10.0.0.1:6379" if kept > 1 else None)


NAMED = Member("redis-0.redis.web.svc:6379", "10.0.0.1", 6379, addresses=("10.0.0.1", "fd00::1"))
POD = Member("redis-0", "10.0.0.1", 6379, hostname="redis-0.redis.web.svc")


@pytest.mark.parametrize(
    ("member", "host", "port", "same"),
    [
        (NAMED, "10.0.0.1", 6379, True),
        (NAMED, "redis-0.redis.web.svc", 6379, True),
        (NAMED, "fd00:0:0::1", 6379, True),
        (NAMED, "10.0.0.1", 6380, False),
        (NAMED, "10.0.0.2", 6379, False),
        (NAMED, "", 6379, False),
        (POD, "redis-0.redis.web.svc", 6379, True),
        (POD, "redis-0.redis.web.svc.cluster.local", 6379, True),
        (POD, "redis-0.redis.web2.svc.cluster.local", 6379, False),
        (POD, "redis-0.redis.web.svc", 26379, False),
        (POD, "redis-0", 6379, False),
    ],
)
def test_a_server_is_known_by_address_or_name(member: Member, host: str, port: int, same: bool) -> None:
    assert watched.is_at(member, host, port) is same


BRING_BACK = "bring it back: each one missing is a vote missing"


def test_the_report() -> None:
    given = watches.silent_sentinel(with_server(WELL, 2, slave_repl_offset="400"), 3)
    assert sentinel_report.lines(given, sentinel_health.findings(given)) == [
        "web-sessions: healthy, master 10.0.0.1:6379, 3 of 3 servers and 2 of 3 Sentinels answer, 7 keys",
        "",
        "ROLE     NAME           ADDRESS        FOLLOWS        BEHIND  KEYS  MEMORY   VERSION      NODE  ZONE",
        "master   10.0.0.1:6379  10.0.0.1:6379  -              -       7     0.0 MiB  redis 8.0.2  -     -",
        "replica  10.0.0.2:6379  10.0.0.2:6379  10.0.0.1:6379  600 B   7     0.0 MiB  redis 8.0.2  -     -",
        "replica  10.0.0.3:6379  10.0.0.3:6379  10.0.0.1:6379  0 B     7     0.0 MiB  redis 8.0.2  -     -",
        "",
        "ROLE      NAME            ADDRESS         MASTER         QUORUM      REPLICAS  SENTINELS  NODE  ZONE",
        "sentinel  10.0.0.1:26379  10.0.0.1:26379  10.0.0.1:6379  2, reached  2         2          -     -",
        "sentinel  10.0.0.2:26379  10.0.0.2:26379  10.0.0.1:6379  2, reached  2         2          -     -",
        "sentinel  10.0.0.3:26379  10.0.0.3:26379  -              -           0         0          -     -",
        "",
        "Findings:",
        f"  warning   sentinel_unreachable: 10.0.0.3:26379 Connection refused; {BRING_BACK}.",
    ]
