# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asks servers and Sentinels of an instance, all at once. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._model import Member, Node
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Peer, Sentinel, Watch
from ansible_collections.k8sredis.core.plugins.module_utils._observe import parse
from ansible_collections.k8sredis.core.plugins.module_utils._observe.redis import Clients, is_error, one_line

SETTINGS = ("appendonly", "min-replicas-max-lag", "min-replicas-to-write", "replica-priority", "save")
"""Of a server: what says when a master refuses writes, whom Sentinels choose, and whether anything is kept."""


def observe(
    servers: Clients, sentinels: Clients, members: Sequence[Member], watchers: Sequence[Member], master_name: str
) -> Watch:
    """``members``: the servers; ``watchers``: the Sentinels."""
    questions = {member: (("INFO",), ("CONFIG", "GET", *SETTINGS)) for member in members if not member.waiting}
    about = {member: _about(master_name) for member in watchers if not member.waiting}
    with ThreadPoolExecutor(1) as beside:
        asked = beside.submit(sentinels.send, about)
        told = servers.send(questions)
        said = asked.result()
    return Watch(
        master_name,
        tuple(sorted((_server(each, told.get(each.name, [])) for each in members), key=lambda one: one.name)),
        tuple(sorted((_sentinel(each, said.get(each.name, [])) for each in watchers), key=lambda one: one.name)),
    )


def _about(name: str) -> tuple[tuple[str, ...], ...]:
    asked = (("SENTINEL", word, name) for word in ("MASTER", "REPLICAS", "SENTINELS", "CKQUORUM"))
    return (("SENTINEL", "MYID"), ("INFO",), *asked)


def _server(member: Member, replies: list[Any]) -> Node:
    if not replies:
        return Node(member, error=member.waiting)
    info, settings = replies
    if is_error(info):
        return Node(member, error=one_line(info))
    return Node(member, info=parse.info(info), settings=None if is_error(settings) else parse.pairs(settings))


def _sentinel(member: Member, replies: list[Any]) -> Sentinel:
    if not replies:
        return Sentinel(member, error=member.waiting)
    own_id, info, master, replicas, others, quorum = replies
    error = next((reply for reply in (own_id, info) if is_error(reply)), None)
    if error is not None:
        return Sentinel(member, error=one_line(error))
    known = not is_error(master)
    return Sentinel(
        member,
        id=own_id,
        info=parse.info(info),
        master=_peer(master) if known else None,
        replicas=_peers(replicas),
        others=_peers(others),
        no_quorum=one_line(quorum) if known and is_error(quorum) else "",
    )


def _peers(reply: Any) -> tuple[Peer, ...]:
    return () if is_error(reply) else tuple(sorted(map(_peer, reply), key=lambda peer: (peer.host, peer.port)))


def _peer(reply: list[str]) -> Peer:
    fields = parse.pairs(reply)
    return Peer(
        host=fields["ip"],
        port=int(fields["port"]),
        id=fields.get("runid", ""),
        flags=frozenset(fields["flags"].split(",")),
        fields=fields,
    )
