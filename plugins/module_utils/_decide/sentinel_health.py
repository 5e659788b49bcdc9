# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The doctor of a master that Sentinels watch: what is wrong, or about to be. Pure; PRIVATE to the collection.

``AGREEMENT``: every server and every Sentinel says the same; a step is done when none of these finds anything.
``CARE``: what a healthy instance can still lack.
What one Sentinel says proves nothing about the others: each is asked, and each server for its own role.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from ansible_collections.k8sredis.core.plugins.module_utils._decide import table, watched
from ansible_collections.k8sredis.core.plugins.module_utils._decide.health import CRITICAL, INFO, WARNING
from ansible_collections.k8sredis.core.plugins.module_utils._model import Finding
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Peer, Watch

Check = Callable[[Watch], Iterator[Finding]]

DOWN = frozenset({"s_down", "o_down", "master_down"})
"""Flags by which a Sentinel says that a server does not answer it."""

BEHIND = 1024 * 1024
"""Bytes that a replica may lack: a tenth of a second of a busy master."""

COMMON_NAME = "mymaster"
"""The example of the servers' documentation, which most instances of the world use."""

FEWEST = 3
"""Sentinels: of two, both must live for a failover (documentation of Sentinel)."""

SAME_SETTINGS = ("quorum", "down-after-milliseconds", "failover-timeout", "parallel-syncs")
"""Fields of SENTINEL MASTER that each Sentinel keeps for itself."""


def unreachable(watch: Watch) -> Iterator[Finding]:
    for server in watch.servers:
        if not server.answers:
            yield Finding("unreachable", CRITICAL, server.name, server.error, "see why it does not run or answer")


def sentinel_unreachable(watch: Watch) -> Iterator[Finding]:
    for sentinel in watch.sentinels:
        if not sentinel.answers:
            advice = "bring it back: each one missing is a vote missing"
            yield Finding("sentinel_unreachable", WARNING, sentinel.name, sentinel.error, advice)


def not_watched(watch: Watch) -> Iterator[Finding]:
    for sentinel in watch.sentinels:
        if sentinel.answers and sentinel.master is None:
            seen = f"does not watch a master of the name {watch.master_name}"
            yield Finding("not_watched", CRITICAL, sentinel.name, seen, "let it watch the master (sentinel_monitor)")


def unknown_master(watch: Watch) -> Iterator[Finding]:
    for sentinel in watch.watching:
        if sentinel.master is not None and watched.named(watch, sentinel) is None:
            seen = f"takes {_where(sentinel.master)} for the master, which is none of the servers"
            yield Finding("unknown_master", CRITICAL, sentinel.name, seen, "find out whose server that is")


def master_disagreement(watch: Watch) -> Iterator[Finding]:
    named = {sentinel.name: server.name for sentinel in watch.watching if (server := watched.named(watch, sentinel))}
    if len(set(named.values())) > 1:
        seen = ", ".join(f"{name} takes {server} for the master" for name, server in named.items())
        yield Finding("master_disagreement", CRITICAL, "Sentinels", seen, "wait a few seconds; a failover ends so")


def no_master(watch: Watch) -> Iterator[Finding]:
    if watch.answering and not watched.masters(watch):
        yield Finding("no_master", CRITICAL, "servers", "none of them is master", "wait for the Sentinels' failover")


def two_masters(watch: Watch) -> Iterator[Finding]:
    masters = [server.name for server in watched.masters(watch)]
    if len(masters) > 1:
        advice = "Sentinels make a replica of those they do not name; writes to these are lost"
        yield Finding("two_masters", CRITICAL, "servers", f"{table.joined(masters)} are all masters", advice)


def wrong_master(watch: Watch) -> Iterator[Finding]:
    for sentinel in watch.watching:
        server = watched.named(watch, sentinel)
        if server is not None and server.answers and not watched.is_master(server):
            seen = f"takes {server.name} for the master, which is a replica"
            yield Finding("wrong_master", CRITICAL, sentinel.name, seen, "wait a few seconds; a failover ends so")


def no_quorum(watch: Watch) -> Iterator[Finding]:
    for sentinel in watch.watching:
        if sentinel.no_quorum:
            advice = "bring back the Sentinels that it misses, or remove what is left of former ones"
            yield Finding("no_quorum", CRITICAL, sentinel.name, f"says: {sentinel.no_quorum}", advice)


def master_down(watch: Watch) -> Iterator[Finding]:
    for sentinel in watch.watching:
        if sentinel.master is not None and sentinel.master.flags & DOWN:
            seen = f"gets no answer from the master at {_where(sentinel.master)}"
            yield Finding("master_down", CRITICAL, sentinel.name, seen, "wait for the failover, or look at the network")


def no_link(watch: Watch) -> Iterator[Finding]:
    """Of those that are ours; the others are ghosts."""
    ids = {sentinel.id for sentinel in watch.sentinels}
    for sentinel in watch.watching:
        master = (sentinel.master,) if sentinel.master and not sentinel.master.flags & DOWN else ()
        servers = [peer for peer in (*master, *sentinel.replicas) if watched.server_at(watch, peer.host, peer.port)]
        others = [peer for peer in sentinel.others if peer.id in ids]
        lost = [_where(peer) for peer in (*servers, *others) if peer.flags & (DOWN | {"disconnected"})]
        if lost:
            seen = f"gets no answer from {table.joined(lost)}"
            yield Finding(
                "no_link", WARNING, sentinel.name, seen, "wait a few seconds; if it stays, look at the network"
            )


def failover_under_way(watch: Watch) -> Iterator[Finding]:
    for sentinel in watch.watching:
        if sentinel.master is not None and "failover_in_progress" in sentinel.master.flags:
            seen = f"is failing over ({sentinel.master.fields.get('failover-state', 'state unknown')})"
            yield Finding("failover_under_way", WARNING, sentinel.name, seen, "wait for its end")


def tilt(watch: Watch) -> Iterator[Finding]:
    for sentinel in watch.sentinels:
        if sentinel.in_tilt:
            seen = "is in TILT mode: its clock jumped, or it was held up for 2 s, so it acts on nothing for 30 s"
            yield Finding(
                "tilt", WARNING, sentinel.name, seen, "wait; if it returns, look for slow names or a busy host"
            )


def follows_another(watch: Watch) -> Iterator[Finding]:
    master = watched.agreed(watch)
    for server in watch.answering:
        if watched.is_master(server) or watched.followed(watch, server) is master:
            continue
        where = f"{server.info.get('master_host')}:{server.info.get('master_port')}"
        seen = f"follows {where}" + (f", not the master {master.name}" if master else "")
        yield Finding("follows_another", CRITICAL, server.name, seen, "wait; Sentinels attach it to the master")


def link_down(watch: Watch) -> Iterator[Finding]:
    for server in watch.answering:
        if not watched.is_master(server) and not watched.is_linked(server):
            seen = "is not in sync with its master"
            yield Finding("link_down", WARNING, server.name, seen, "wait; if it stays, look at its log")


def unknown_replica(watch: Watch) -> Iterator[Finding]:
    for sentinel in watch.watching:
        ours = [server for server in watch.answering if not watched.is_master(server)]
        unknown = [server.name for server in ours if watched.peer(sentinel, server) is None]
        if unknown:
            seen = f"does not know the replica {table.joined(unknown)}"
            advice = "wait for 10 s; if it stays, the replica announces another address"
            yield Finding("unknown_replica", WARNING, sentinel.name, seen, advice)


def ghost_replica(watch: Watch) -> Iterator[Finding]:
    for sentinel in watch.watching:
        for peer in watched.ghost_replicas(watch, sentinel):
            state = "does not answer it" if peer.flags & DOWN else "answers it"
            seen = f"knows a replica at {_where(peer)} that is none of the servers and {state}"
            yield Finding("ghost_replica", WARNING, sentinel.name, seen, _forget(peer))


def unknown_sentinel(watch: Watch) -> Iterator[Finding]:
    ids = {sentinel.id: sentinel.name for sentinel in watch.watching}
    for sentinel in watch.watching:
        known = {sentinel.id, *(peer.id for peer in sentinel.others)}
        unknown = [name for node_id, name in ids.items() if node_id not in known]
        if unknown:
            seen = f"does not know the Sentinel {table.joined(unknown)}"
            yield Finding("unknown_sentinel", WARNING, sentinel.name, seen, "wait; they meet through the master")


def ghost_sentinel(watch: Watch) -> Iterator[Finding]:
    for sentinel in watch.watching:
        for peer in watched.ghost_sentinels(watch, sentinel):
            seen = f"knows a Sentinel at {_where(peer)} that is none of ours and counts for the majority"
            yield Finding("ghost_sentinel", WARNING, sentinel.name, seen, _forget(peer))


def same_id(watch: Watch) -> Iterator[Finding]:
    for own_id, number in Counter(sentinel.id for sentinel in watch.sentinels if sentinel.answers).items():
        if number > 1:
            names = table.joined(sentinel.name for sentinel in watch.sentinels if sentinel.id == own_id)
            advice = "give all but one of them a new file, without the line of its id"
            yield Finding("same_id", CRITICAL, names, f"have the same id {own_id[:12]}: one vote", advice)


def settings_differ(watch: Watch) -> Iterator[Finding]:
    for name in SAME_SETTINGS:
        values = {each.name: each.master.fields.get(name, "") for each in watch.watching if each.master}
        if len(set(values.values())) > 1:
            seen = f"have different {name}: " + ", ".join(f"{key} {value}" for key, value in values.items())
            yield Finding("settings_differ", WARNING, "Sentinels", seen, "set it for all of them (sentinel_monitor)")


def few_sentinels(watch: Watch) -> Iterator[Finding]:
    number = len(watch.sentinels)
    if 0 < number < FEWEST:
        seen = f"are {number}, so the loss of one ends failovers"
        yield Finding("few_sentinels", WARNING, "Sentinels", seen, f"run {FEWEST} or more, an odd number")
    elif number and number % 2 == 0:
        seen = f"are {number}, an even number: no more of them may fail than of {number - 1}"
        yield Finding("few_sentinels", INFO, "Sentinels", seen, "run an odd number")


def sentinels_together(watch: Watch) -> Iterator[Finding]:
    number = len(watch.sentinels)
    where, most = _fullest([watched.host(sentinel.member) for sentinel in watch.sentinels])
    if number >= FEWEST and number - most <= number // 2:
        seen = f"lose their majority with {where}, where {most} of {number} run"
        yield Finding("sentinels_together", WARNING, "Sentinels", seen, "spread them over hosts")


def copies_together(watch: Watch) -> Iterator[Finding]:
    where, most = _fullest([watched.host(server.member) for server in watch.servers])
    if len(watch.servers) > 1 and most == len(watch.servers):
        yield Finding("copies_together", WARNING, "servers", f"run all on {where}", "spread them over hosts")


def no_replica(watch: Watch) -> Iterator[Finding]:
    if len(watch.servers) == 1:
        yield Finding("no_replica", WARNING, "servers", "have no replica", "add one: nothing can take over")


def lagging(watch: Watch) -> Iterator[Finding]:
    for master in watched.masters(watch):
        for replica in watched.replicas_of(watch, master):
            missing = watched.behind(master, replica)
            if watched.is_linked(replica) and missing > BEHIND:
                seen = f"is {missing / BEHIND:.1f} MiB behind {master.name}"
                yield Finding("lagging", WARNING, replica.name, seen, "look at its disk, its CPU and the network")


def servers_differ(watch: Watch) -> Iterator[Finding]:
    for name in ("min-replicas-to-write", "replica-priority"):
        values = {each.name: each.settings.get(name, "") for each in watch.answering if each.settings is not None}
        if len(set(values.values())) > 1:
            seen = f"have different {name}: " + ", ".join(f"{key} {value}" for key, value in values.items())
            advice = "set back what a failover that was killed has left, unless it is meant"
            yield Finding("servers_differ", INFO, "servers", seen, advice)


def never_elected(watch: Watch) -> Iterator[Finding]:
    for server in watch.answering:
        if (server.settings or {}).get("replica-priority") == "0":
            seen = "is never made master (replica-priority 0), as a pod that started while its master was away"
            advice = "unless it is meant, run the converge playbook when all is well again, which takes it back"
            yield Finding("never_elected", INFO, server.name, seen, advice)


def leaving(watch: Watch) -> Iterator[Finding]:
    for name in dict.fromkeys(each.name for each in watch.processes if each.name in watch.leaving):
        advice = "a run lets it go, or takes it back when it is wished again"
        yield Finding("leaving", INFO, name, "is beyond what is declared", advice)


def no_fence(watch: Watch) -> Iterator[Finding]:
    for master in watched.masters(watch):
        if len(watch.servers) > 1 and (master.settings or {}).get("min-replicas-to-write") == "0":
            seen = "accepts writes when it is cut off from its replicas, which are lost when another took over"
            yield Finding("no_fence", INFO, master.name, seen, "set min-replicas-to-write to 1 where that matters")


def common_name(watch: Watch) -> Iterator[Finding]:
    if watch.master_name == COMMON_NAME:
        seen = "have the name of most instances of the world: two that reach each other become one"
        yield Finding("common_name", WARNING, "Sentinels", seen, "use a name of its own for each instance")


AGREEMENT: tuple[Check, ...] = (
    *(unreachable, sentinel_unreachable, same_id, not_watched, unknown_master, master_disagreement),
    *(no_master, two_masters, wrong_master, master_down, no_quorum, no_link, failover_under_way, tilt),
    *(follows_another, link_down, unknown_replica, ghost_replica, unknown_sentinel, ghost_sentinel),
)

CARE: tuple[Check, ...] = (
    *(
        settings_differ,
        few_sentinels,
        sentinels_together,
        copies_together,
        no_replica,
        lagging,
        never_elected,
        leaving,
        no_fence,
        servers_differ,
        common_name,
    ),
)


def disagreement(watch: Watch) -> Finding | None:
    """What keeps a step from being done; None when all say the same."""
    return next((found for check in AGREEMENT for found in check(watch)), None)


def findings(watch: Watch) -> tuple[Finding, ...]:
    return tuple(found for check in (*AGREEMENT, *CARE) for found in check(watch))


def _where(peer: Peer) -> str:
    return f"{peer.host}:{peer.port}"


def _forget(peer: Peer) -> str:
    if peer.flags & DOWN:
        return "let this Sentinel forget it (sentinel_forget)"
    return "find out whose it is before anything else"


def _fullest(hosts: list[str]) -> tuple[str, int]:
    return Counter(hosts).most_common(1)[0] if hosts else ("", 0)
