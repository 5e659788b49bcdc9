# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Questions about a watched master that several decisions share. Pure; PRIVATE to the collection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ansible_collections.k8sredis.core.plugins.module_utils._decide import table
from ansible_collections.k8sredis.core.plugins.module_utils._model import Member, Node
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Peer, Sentinel, Watch


def is_master(server: Node) -> bool:
    return server.info.get("role") == "master"


def is_at(member: Member, address: str, port: int) -> bool:
    """Whether a server or Sentinel is where another one says it is: at one of its addresses, or at its name."""
    if port != member.port or not address:
        return False
    if member.hostname and f"{address}.".startswith(f"{member.hostname}."):
        return True
    name = member.name.rpartition(":")[0].strip("[]")
    return any(table.same_host(address, each) for each in (member.lasting, member.host, name, *member.addresses))


def address(member: Member) -> str:
    """By which others are to know it."""
    return member.lasting or member.host


def host(member: Member) -> str:
    """What fails as a whole: the kube_node of a pod, else its address."""
    return member.kube_node or member.host


def server_at(watch: Watch, address: str, port: int) -> Node | None:
    return next((server for server in watch.servers if is_at(server.member, address, port)), None)


def named(watch: Watch, sentinel: Sentinel) -> Node | None:
    """The server that a Sentinel takes for the master; None when it is none of ours."""
    return server_at(watch, sentinel.master.host, sentinel.master.port) if sentinel.master else None


def agreed(watch: Watch) -> Node | None:
    """The server that more than half of all Sentinels take for the master."""
    votes = Counter(server.name for sentinel in watch.watching if (server := named(watch, sentinel)))
    name, number = votes.most_common(1)[0] if votes else ("", 0)
    return watch.server(name) if 2 * number > len(watch.sentinels) else None


def masters(watch: Watch) -> tuple[Node, ...]:
    """Servers that call themselves master."""
    return tuple(server for server in watch.answering if is_master(server))


def followed(watch: Watch, replica: Node) -> Node | None:
    """The server that a replica follows; None when it is none of ours, or it is a master."""
    if is_master(replica):
        return None
    return server_at(watch, replica.info.get("master_host", ""), replica.number("master_port"))


def replicas_of(watch: Watch, master: Node) -> Iterator[Node]:
    for server in watch.answering:
        if followed(watch, server) is master:
            yield server


def is_linked(replica: Node) -> bool:
    """In its first synchronisation it is not."""
    return replica.info.get("master_link_status") == "up" and replica.info.get("master_sync_in_progress") == "0"


def behind(master: Node, replica: Node) -> int:
    """Bytes of the replication stream; 0 when they were asked in the wrong order."""
    return max(0, master.number("master_repl_offset") - replica.number("slave_repl_offset"))


def peer(sentinel: Sentinel, server: Node) -> Peer | None:
    """What a Sentinel says of a server, as a replica."""
    return next((each for each in sentinel.replicas if is_at(server.member, each.host, each.port)), None)


def ghosts(watch: Watch, sentinel: Sentinel) -> list[Peer]:
    """Replicas and Sentinels that it knows and that are none of those that are there."""
    return [*ghost_replicas(watch, sentinel), *ghost_sentinels(watch, sentinel)]


def ghost_replicas(watch: Watch, sentinel: Sentinel) -> list[Peer]:
    return [peer for peer in sentinel.replicas if server_at(watch, peer.host, peer.port) is None]


def ghost_sentinels(watch: Watch, sentinel: Sentinel) -> list[Peer]:
    """None while a Sentinel does not answer: an unknown id may be its own."""
    ids = {each.id for each in watch.sentinels}
    return [peer for peer in sentinel.others if peer.id not in ids] if "" not in ids else []
