# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is to be the first master of servers that Sentinels do not watch yet. Pure; PRIVATE to the collection.

Servers start as replicas of nobody while no Sentinel names a master, so nothing is decided by who was first:

1. More than half of the Sentinels name a master: it is that one.
2. One server is master already, as after a run that was killed: it is that one.
3. No server has data: it is the first by name. One has: it is that one.
4. Several have data of the same history (the id of their replication stream): it is the one that is furthest in it.
5. Else nobody but a person can tell, and names one.
The others follow it and take its data over. One that has keys and does not follow it already would lose them, so it
has to have the same history, or a person has to name the master.
"""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.k8sredis.core.plugins.module_utils._decide import table, watched
from ansible_collections.k8sredis.core.plugins.module_utils._model import Node, Plan, Refused, Retryable, Step
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Watch

REASON_FIRST = "no server has data"
REASON_ALONE = "it alone has data"
REASON_FURTHEST = "it has the most of the same data"
REASON_NAMED = "it was named"
REASON_FOLLOWS = "it follows nobody yet"

NAMED_BY = "'master' (in the role redis_sentinel_first_master)"


def plan(watch: Watch, named: str = "") -> tuple[Plan, str]:
    """Steps after which there is one master that all others follow, and its name. ``named``: by a person.

    Raises Refused where data would be lost, or nobody can tell."""
    if named and watch.server(named) is None:
        raise Refused(
            f"Cannot make {named} the first master: no server has that name; there are "
            f"{table.joined((server.name for server in watch.servers), most=12)}."
        )
    master, reason = _chosen(watch, named)
    promote = () if watched.is_master(master) else (_promote(master, reason),)
    return Plan((*promote, *_attach(watch, master, named))), master.name


def _chosen(watch: Watch, named: str) -> tuple[Node, str]:
    agreed = watched.agreed(watch)
    if agreed is not None:
        if not agreed.answers:
            raise Retryable(
                f"Cannot find the master {agreed.name} at work: {agreed.error}; see 'sentinel_info', and give it up "
                "('sentinel_failover') only when it is gone for good."
            )
        return agreed, ""
    masters = watched.masters(watch)
    if named:
        return _named(watch, named, masters), REASON_NAMED
    if len(masters) > 1:
        raise Refused(
            f"Cannot tell which of {table.joined(each.name for each in masters)} is the master: all call themselves "
            f"so; look at their data and name one by {NAMED_BY}."
        )
    return (masters[0], "") if masters else _by_data(watch)


def _named(watch: Watch, named: str, masters: tuple[Node, ...]) -> Node:
    other = next((each for each in masters if each.name != named), None)
    if other is not None:
        raise Refused(
            f"Cannot make {named} the first master: {other.name} is master already and may be written to; make "
            "that one a replica first, or name it."
        )
    return next(server for server in watch.servers if server.name == named)


def _by_data(watch: Watch) -> tuple[Node, str]:
    holding = [server for server in watch.answering if _holds_data(server)]
    if not holding:
        return watch.servers[0], REASON_FIRST
    if len(holding) == 1:
        return holding[0], REASON_ALONE
    if len({_history(server) for server in holding}) == 1:
        return max(holding, key=lambda server: (_offset(server), server.keys)), REASON_FURTHEST
    seen = ", ".join(f"{server.name} has {server.keys} keys" for server in holding)
    raise Refused(
        f"Cannot tell whose data is the newest: {seen}, and nothing tells which were written last; look at them and "
        f"name the one to be master by {NAMED_BY}."
    )


def _holds_data(server: Node) -> bool:
    return server.keys > 0 or _offset(server) > 0


def _history(server: Node) -> str:
    return server.info.get("master_replid", "")


def _offset(server: Node) -> int:
    """How far its data is in its history. Not slave_repl_offset, which is 1 in a replica that never had a master."""
    return server.number("master_repl_offset")


def _promote(server: Node, reason: str) -> Step:
    return Step("promote", server.name, f"{server.name} becomes the master", reason, (("REPLICAOF", "NO", "ONE"),))


def _attach(watch: Watch, master: Node, named: str) -> Iterator[Step]:
    address, port = watched.address(master.member), master.member.port
    for server in watch.servers:
        if server is master or watched.followed(watch, server) is master:
            continue
        if watched.is_master(server):
            raise Refused(
                f"Cannot let {server.name} follow {master.name}: it is master too and may have been written to; "
                "look at its data and make it a replica by hand."
            )
        if server.keys and _history(server) != _history(master) and not named:
            raise Refused(
                f"Cannot let {server.name} follow {master.name}: its {server.keys} keys are of another history and "
                f"would be lost; look at them and name the one to be master by {NAMED_BY}."
            )
        text = f"{server.name} follows {master.name}"
        yield Step("attach", server.name, text, REASON_FOLLOWS, (("REPLICAOF", address, str(port)),))


def missing(watch: Watch, name: str) -> str:
    """What is still missing for it to be the master of all; empty when nothing is."""
    master = watch.server(name)
    if master is None or not master.answers:
        return f"{name} does not answer"
    if not watched.is_master(master):
        return f"{name} is no master"
    for server in watch.servers:
        if server is master:
            continue
        if not server.answers:
            return f"{server.name}: {server.error}"
        if watched.followed(watch, server) is not master or not watched.is_linked(server):
            return f"{server.name} is not in sync with {name}"
    return ""
