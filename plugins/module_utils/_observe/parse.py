# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replies of Redis and Valkey as values. Pure; PRIVATE to the collection.

CLUSTER NODES is read as raw text because it is the only complete view: CLUSTER SLOTS hides replicas
without an offset, CLUSTER SHARDS had wrong slots (redis#13414), and parsers that key by address
collapse several nodes without one.
"""

from __future__ import annotations

from ansible_collections.k8sredis.core.plugins.module_utils._model import Entry, Fatal, OpenSlot, SlotRange


def info(text: str) -> dict[str, str]:
    """INFO, CLUSTER INFO: ``name:value`` lines; comments and empty lines are left out."""
    fields = (line.partition(":") for line in text.splitlines() if not line.startswith("#"))
    return {name: value for name, colon, value in fields if colon}


def pairs(reply: list[str]) -> dict[str, str]:
    """CONFIG GET: a flat list of names and values."""
    return dict(zip(reply[::2], reply[1::2], strict=True))


def cluster_nodes(text: str) -> tuple[Entry, ...]:
    """Every line of CLUSTER NODES, in the order of the reply."""
    return tuple(cluster_nodes_line(line) for line in text.splitlines() if line.strip())


def cluster_nodes_line(line: str) -> Entry:
    """``<id> <ip:port@bus[,hostname[,aux=value]*]> <flags> <master> <ping> <pong> <epoch> <link> <slot>*``."""
    words = line.split()
    if len(words) < 8:
        raise Fatal(f"Cannot read a line of CLUSTER NODES: '{line[:120]}' has fewer than eight fields.")
    node_id, address, flags, master, _ping, pong, epoch, link = words[:8]
    host, port, bus_port, hostname = _address(address)
    ranges, open_slots = _slots(words[8:])
    return Entry(
        id=node_id,
        host=host,
        port=port,
        bus_port=bus_port,
        hostname=hostname,
        flags=frozenset(flags.split(",")) - {"noflags"},
        master_id="" if master == "-" else master,
        pong_received=int(pong),
        epoch=int(epoch),
        connected=link == "connected",
        slots=ranges,
        open_slots=open_slots,
    )


def _address(text: str) -> tuple[str, int, int, str]:
    endpoint, _comma, names = text.partition(",")
    hostname = names.split(",")[0]
    endpoint, _at, bus_port = endpoint.partition("@")
    # An IPv6 address has colons of its own; the port is behind the last one.
    host, _colon, port = endpoint.rpartition(":")
    return host, int(port or 0), int(bus_port or 0), "" if "=" in hostname else hostname


def _slots(words: list[str]) -> tuple[tuple[SlotRange, ...], tuple[OpenSlot, ...]]:
    ranges: list[SlotRange] = []
    open_slots: list[OpenSlot] = []
    for word in words:
        if word.startswith("["):
            open_slots.append(_open_slot(word.strip("[]")))
        else:
            first, _dash, last = word.partition("-")
            ranges.append((int(first), int(last or first)))
    return tuple(ranges), tuple(open_slots)


def _open_slot(text: str) -> OpenSlot:
    if "->-" in text:
        slot, peer_id = text.split("->-")
        return OpenSlot(int(slot), "migrating", peer_id)
    slot, peer_id = text.split("-<-")
    return OpenSlot(int(slot), "importing", peer_id)
