# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers and Sentinels beyond what is declared, which are to leave. Pure; PRIVATE to the collection.

While one of them answers it counts as all others do: it may be the master, and its vote is counted. One that does not
answer, as a pod that could never be placed, must not keep anybody waiting, or it could never be removed. It is left out
then, and so is what Sentinels say of it; but for a server that one of them takes for the master, whose data may be
nowhere else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from ansible_collections.k8sredis.core.plugins.module_utils._decide import watched
from ansible_collections.k8sredis.core.plugins.module_utils._model import Node
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Peer, Sentinel, Watch


def beyond(pods: Iterable[str], number: int | None) -> list[str]:
    """Those of a StatefulSet's pods that are none of its first ``number``; None: nothing is declared."""
    return [pod for pod in pods if number is not None and int(pod.rpartition("-")[2]) >= number]


def remaining(watch: Watch, leaving: Collection[str]) -> Watch:
    """With the names of those who are to leave, and without those of them that do not answer."""
    masters = {server.name for each in watch.watching if (server := watched.named(watch, each))}
    servers = [each for each in watch.servers if each.name in leaving and not each.answers and each.name not in masters]
    sentinels = [each for each in watch.sentinels if each.name in leaving and not each.answers]
    return replace(
        watch,
        servers=tuple(each for each in watch.servers if each not in servers),
        sentinels=tuple(_without(each, servers, sentinels) for each in watch.sentinels if each not in sentinels),
        leaving=frozenset(leaving),
    )


def _without(sentinel: Sentinel, servers: Collection[Node], sentinels: Collection[Sentinel]) -> Sentinel:
    return replace(
        sentinel,
        replicas=tuple(each for each in sentinel.replicas if not _is_one_of(each, servers)),
        others=tuple(each for each in sentinel.others if not _is_one_of(each, sentinels)),
    )


def _is_one_of(peer: Peer, gone: Collection[Node | Sentinel]) -> bool:
    return any(watched.is_at(each.member, peer.host, peer.port) for each in gone)
