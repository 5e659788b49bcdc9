# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What there is: the values that observe hands to decide, and decide to execute.

PRIVATE to the collection: other collections must not import it. Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

SLOTS = 16384
"""Number of hash slots of a Redis Cluster (cluster specification)."""

NO_POD = "its pod does not exist"
BEING_DELETED = "the pod is being deleted"
"""What a Member waits for that is not there, or on its way out."""

SlotRange = tuple[int, int]
"""First and last slot, both included."""


class ClusterError(Exception):
    """Anything that ends a run; the text is one sentence for a person."""

    done: tuple[Step, ...] = ()
    """Steps that were executed before."""


class Refused(ClusterError):
    """Unsafe as things are now, or bad input; nothing was changed by the step that refuses."""


class Retryable(ClusterError):
    """It may work a moment later: a connection broke, a pod is not there yet."""


class Fatal(ClusterError):
    """It will not work by trying again: rights, a missing library, a server that says no."""


@dataclass(frozen=True)
class Member:
    """A Redis process that an instance has or will have, known by its stable name.

    ``host`` is the address the other members use: the pod's IP, empty while there is none.
    ``shard`` and ``ordinal`` come from the pod's labels; they are None for plain endpoints.
    """

    name: str
    host: str = ""
    port: int = 6379
    shard: int | None = None
    ordinal: int | None = None
    uid: str = ""
    kube_node: str = ""
    zone: str = ""
    waiting: str = ""
    """Why the process cannot be asked yet, in words for a person; empty when it can."""
    stuck: bool = False
    """Whether what it waits for does not come by itself: unschedulable, no such image, crash loop."""
    addresses: tuple[str, ...] = ()
    """All of a pod's, of each IP family; ``host`` is one of them."""
    hostname: str = ""
    """Of a pod of a headless Service, up to ``.svc``: what comes behind differs between Kubernetes clusters."""
    lasting: str = ""
    """Address of a Service that leads to this pod alone, by which others know it; empty where there is none."""
    ready: bool | None = None
    """Whether Kubernetes sends clients to the pod; None where there is no Kubernetes."""
    restart_hash: str = ""
    """Of the settings that the pod was made from; empty where nothing tells."""
    made_from: str = ""
    """These settings as JSON, see declared.made_from(); empty where nothing tells."""
    volatile: bool = False
    """Whether the data ends with the pod."""
    ever_ran: bool = True
    """Whether a server runs in this pod or has run in it."""


@dataclass(frozen=True)
class OpenSlot:
    """A slot in migration, as ``[slot->-id]`` or ``[slot-<-id]`` in CLUSTER NODES."""

    slot: int
    direction: str
    """``migrating`` or ``importing``."""
    peer_id: str


@dataclass(frozen=True)
class Entry:
    """One line of CLUSTER NODES: what one node believes of one node."""

    id: str
    host: str
    port: int
    bus_port: int
    hostname: str
    flags: frozenset[str]
    master_id: str
    """Empty for a master."""
    pong_received: int
    """Unix time in milliseconds of the last PONG, 0 when there was none yet."""
    epoch: int
    connected: bool
    slots: tuple[SlotRange, ...] = ()
    open_slots: tuple[OpenSlot, ...] = ()

    @property
    def is_master(self) -> bool:
        return "master" in self.flags

    @property
    def has_role(self) -> bool:
        """False for a node that the table knows by its id alone, as the master of a replica."""
        return self.in_handshake or bool(self.flags & {"master", "slave"})

    @property
    def in_handshake(self) -> bool:
        return "handshake" in self.flags

    @property
    def is_failing(self) -> bool:
        """PFAIL ('fail?'), FAIL, or without an address: nobody can talk to it through this table."""
        return bool(self.flags & {"fail", "fail?", "noaddr"})


NOBODY = Entry("", "", 0, 0, "", frozenset(), "", 0, 0, False)


@dataclass(frozen=True)
class Node:
    """What one process said of itself and of the others, or why it could not be asked."""

    member: Member
    error: str = ""
    """Why there is no answer; then every other field has its default."""
    table: tuple[Entry, ...] = ()
    cluster_info: Mapping[str, str] = field(default_factory=dict)
    info: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] | None = None
    """CONFIG GET of the settings we judge; None when the user may not read them."""

    @property
    def name(self) -> str:
        return self.member.name

    @property
    def answers(self) -> bool:
        return not self.error

    @cached_property
    def myself(self) -> Entry:
        """What the node says of itself; NOBODY when it did not answer."""
        return next((entry for entry in self.table if "myself" in entry.flags), NOBODY)

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """The table by node id."""
        return {entry.id: entry for entry in self.table}

    @property
    def id(self) -> str:
        """Node id, empty when the process did not answer."""
        return self.myself.id

    @cached_property
    def keys(self) -> int:
        """Number of keys over all databases (INFO keyspace)."""
        total = 0
        for name, text in self.info.items():
            if name.startswith("db") and name[2:].isdigit():
                total += int(text.split("keys=", 1)[1].split(",", 1)[0])
        return total

    def number(self, name: str) -> int:
        """An integer field of INFO or CLUSTER INFO, 0 when it is not there."""
        text = self.info.get(name) or self.cluster_info.get(name) or "0"
        return int(text) if text.removeprefix("-").isdecimal() else 0


@dataclass(frozen=True)
class View:
    """Every member of one instance, observed at about the same time, in name order."""

    nodes: tuple[Node, ...] = ()

    @cached_property
    def answering(self) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if node.answers)

    @cached_property
    def by_id(self) -> dict[str, Node]:
        return {node.id: node for node in self.nodes if node.id}

    def node(self, name: str) -> Node | None:
        return next((node for node in self.nodes if node.name == name), None)


@dataclass(frozen=True)
class Wish:
    """The topology the user declared.

    ``settings`` are the values that temporary server settings return to; without one of them
    that setting is never touched. ``shards`` and ``replicas`` describe what stays.
    """

    shards: int
    replicas: int
    settings: Mapping[str, str] = field(default_factory=dict)
    leaving: tuple[str, ...] = ()
    """Names of plain endpoints that are to leave; of pods those beyond ``shards`` and ``replicas`` are."""
    weights: Mapping[str, Fraction] = field(default_factory=dict)
    """Of a shard by its number, or of an endpoint by its name; 1 where none is given."""
    balance_by: str = "slots"
    """slots, keys or bytes."""


@dataclass(frozen=True)
class Move:
    """Slots that go from one master to another, by the names of the members."""

    source: str
    target: str
    ranges: tuple[SlotRange, ...]

    @property
    def slots(self) -> tuple[int, ...]:
        """One by one, in order."""
        return tuple(slot for first, last in self.ranges for slot in range(first, last + 1))


@dataclass(frozen=True)
class Step:
    """One thing to do to one node, and why.

    ``commands`` are Redis commands for the node ``subject``, sent in this order in one pipeline.
    """

    kind: str
    subject: str
    text: str
    reason: str
    commands: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Plan:
    steps: tuple[Step, ...] = ()

    @property
    def changed(self) -> bool:
        return bool(self.steps)

    def __add__(self, other: Plan) -> Plan:
        return Plan(self.steps + other.steps)


@dataclass(frozen=True)
class Finding:
    """One thing the doctor saw.

    ``severity``: critical (data or availability is at stake now), warning (the next fault would
    hurt, or the state differs from the wish), info (worth knowing).
    """

    code: str
    severity: str
    subject: str
    seen: str
    advice: str

    @property
    def text(self) -> str:
        return f"{self.subject}: {self.seen}"
