# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Redis servers in memory: they answer the commands that we send as real ones do, but time passes by ``tick()`` alone.

What is simplified: one tick completes a handshake, gossip and a first synchronisation; a node that cannot be reached
for three ticks has failed; nobody is elected but by CLUSTER FAILOVER, within one tick.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import table
from ansible_collections.k8sredis.core.plugins.module_utils._model import SLOTS, Entry, Member, SlotRange
from ansible_collections.k8sredis.core.plugins.module_utils._observe.kube import Kube
from redis.exceptions import AuthenticationError, BusyLoadingError, NoPermissionError, ResponseError
from redis.exceptions import ConnectionError as LostConnection

Words = tuple[str, ...]

QUESTIONS = {
    *(("CLUSTER", "NODES"), ("CLUSTER", "INFO"), ("CONFIG", "GET"), ("COMMAND", "INFO")),
    *(("ROLE",), ("CLIENT", "LIST"), ("INFO", "errorstats")),
}
TICKS_TO_FAIL = 3


def node_id(name: str, life: int = 0) -> str:
    """The id of the server of that name; ``life`` counts how often it lost its data."""
    return hashlib.sha1(f"{name} {life}".encode(), usedforsecurity=False).hexdigest()


def nodes_line(entry: Entry) -> str:
    """An entry as a line of CLUSTER NODES."""
    hostname = f",{entry.hostname}" if entry.hostname else ""
    order = ("myself", "master", "slave", "fail?", "fail", "handshake", "noaddr", "nofailover")
    flags = ",".join(flag for flag in order if flag in entry.flags) or "noflags"
    ranges = [str(first) if first == last else f"{first}-{last}" for first, last in entry.slots]
    arrows = {"migrating": "->-", "importing": "-<-"}
    open_slots = [f"[{one.slot}{arrows[one.direction]}{one.peer_id}]" for one in entry.open_slots]
    words = [
        entry.id,
        f"{entry.host}:{entry.port}@{entry.bus_port}{hostname}",
        flags,
        entry.master_id or "-",
        "0",
        str(entry.pong_received),
        str(entry.epoch),
        "connected" if entry.connected else "disconnected",
    ]
    return " ".join([*words, *ranges, *open_slots])


@dataclass
class Server:
    """One process. ``member`` is how the outside sees it."""

    member: Member
    table: dict[str, Entry] = field(default_factory=dict)
    """By id; its own entry is the first."""
    keys: int = 0
    alive: bool = True
    synced: bool = False
    meeting: list[tuple[str, int]] = field(default_factory=list)
    missed: dict[str, int] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=lambda: {"cluster-node-timeout": "15000", "appendonly": "yes"})
    life: int = 0
    candidate: bool = False
    """Asked to take over from its master."""
    stays_chained: bool = False
    """Does not follow when its master is replaced: the message that tells it was lost."""
    link_age: int = 1000
    """Seconds for which it has been linked to its master."""
    migrations: list[str] = field(default_factory=list)
    """States of a migration as it is asked for them, one after the other; the last one stays. Without any it is of a
    version that has no such command."""
    promoted: bool = False
    clients_left: int = 0
    """Clients that have not noticed yet that it is no master any more."""
    redirected: int = 0
    forgotten: set[str] = field(default_factory=set)
    """Ids that gossip does not bring back; for ever, where servers do so for 60 s."""

    def __post_init__(self) -> None:
        self.born()

    def born(self) -> None:
        """Without any data: a new id, and nobody is known."""
        member, own_id = self.member, node_id(self.member.name, self.life)
        flags = frozenset({"myself", "master"})
        entry = Entry(own_id, member.host, member.port, member.port + 10000, "", flags, "", 0, 0, True)
        self.table, self.keys, self.synced = {own_id: entry}, 0, False

    @property
    def id(self) -> str:
        return next(iter(self.table))

    @property
    def myself(self) -> Entry:
        return self.table[self.id]

    def change(self, **fields: Any) -> None:
        self.table[self.id] = replace(self.myself, **fields)

    @property
    def is_complete(self) -> bool:
        """cluster_state: every slot has an owner that has not failed."""
        owned = table.slots_of(
            bounds for entry in self.table.values() if not entry.is_failing for bounds in entry.slots
        )
        return len(owned) == SLOTS

    def header(self) -> Entry:
        """What it says of itself to the others."""
        return replace(self.myself, flags=self.myself.flags - {"myself"}, open_slots=())

    def learn(self, header: Entry, pong: int = 0) -> None:
        """``pong``: when it came, as an answer to this server itself."""
        if header.id == self.id:
            return
        known = self.table.get(header.id)
        heard = pong or (known.pong_received if known else 0)
        self.table[header.id] = replace(header, pong_received=heard)
        self.missed.pop(header.id, None)
        self._settle_claims(header)

    def _settle_claims(self, header: Entry) -> None:
        """Of two who claim a slot, the one with the higher epoch has it."""
        for entry in list(self.table.values()):
            claimed = self.table[header.id].slots
            if entry.id != header.id and entry.epoch != header.epoch and _overlap(entry.slots, claimed):
                shared = table.slots_of(entry.slots) & table.slots_of(claimed)
                loser = min(entry, header, key=lambda one: one.epoch)
                left = table.as_ranges(table.slots_of(self.table[loser.id].slots) - shared)
                self.table[loser.id] = replace(self.table[loser.id], slots=left)
                if not left and loser.id != header.id:
                    self._follow(loser.id, header.id)

    def _follow(self, former: str, new: str) -> None:
        """The node that lost its last slot to another, and its replicas, follow that one."""
        replicates = self.myself.master_id == former and new != self.id and not self.stays_chained
        if former == self.id or replicates:
            self.change(flags=frozenset({"myself", "slave"}), master_id=new, slots=())
            self.synced, self.link_age = False, 0

    def reply(self, words: Words) -> Any:
        """The reply as redis-py hands it over with decode_responses and no callbacks."""
        questions: dict[Words, Callable[[], Any]] = {
            ("CLUSTER", "NODES"): self._nodes,
            ("CLUSTER", "INFO"): self._cluster_info,
            ("INFO",): lambda: "".join(f"{name}:{value}\r\n" for name, value in self._info().items()),
            ("INFO", "errorstats"): self._errorstats,
            ("ROLE",): self._role,
            ("CLIENT", "LIST", "TYPE", "master"): self._links_to_master,
        }
        if words in questions:
            return questions[words]()
        if words[:2] == ("CONFIG", "GET"):
            return [word for name in words[2:] if name in self.settings for word in (name, self.settings[name])]
        if words[:2] == ("COMMAND", "INFO"):
            known = ("cluster|migration",) if self.migrations else ()
            return [[command] if command in known else None for command in words[2:]]
        if words[:3] == ("CLUSTER", "MIGRATION", "STATUS"):
            state = self.migrations.pop(0) if len(self.migrations) > 1 else self.migrations[0]
            return [["id", "1", "slots", "0-99", "state", state, "last_error", ""]]
        return self._changed(words[:2], words[2:])

    def _nodes(self) -> str:
        return "".join(f"{nodes_line(entry)}\n" for entry in [*self.table.values(), *self._handshakes()])

    def _cluster_info(self) -> str:
        state, known = "ok" if self.is_complete else "fail", len(self.table)
        epoch = max(entry.epoch for entry in self.table.values())
        return f"cluster_state:{state}\r\ncluster_known_nodes:{known}\r\ncluster_current_epoch:{epoch}\r\n"

    def _errorstats(self) -> str:
        """Each client that is left asks once more before it goes."""
        self.clients_left, redirected = max(0, self.clients_left - 1), self.redirected
        self.redirected += bool(self.clients_left)
        return f"# Errorstats\r\nerrorstat_MOVED:count={redirected}\r\n"

    def _role(self) -> list[Any]:
        if self.myself.is_master:
            return ["master", 100, []]
        return ["slave", self.table[self.myself.master_id].host, 6379, self._link_word(), 100]

    def _links_to_master(self) -> str:
        return "" if self.myself.is_master else f"id=7 addr=10.0.0.1:6379 age={self.link_age} idle=0 flags=M\n"

    def _link_word(self) -> str:
        return "connected" if self.synced else "connecting"

    def _changed(self, verb: Words, words: Words) -> Any:
        deeds: dict[Words, Callable[..., Any]] = {
            ("CONFIG", "SET"): self._set,
            ("CLUSTER", "SET-CONFIG-EPOCH"): self._set_epoch,
            ("CLUSTER", "MEET"): self._meet,
            ("CLUSTER", "ADDSLOTSRANGE"): self._add_slots,
            ("CLUSTER", "REPLICATE"): self._replicate,
            ("CLUSTER", "FAILOVER"): self._failover,
            ("CLUSTER", "FORGET"): self._forget,
            ("CLUSTER", "RESET"): self._reset,
        }
        return deeds[verb](*words)

    def _handshakes(self) -> Iterator[Entry]:
        for host, port in self.meeting:
            random_id = node_id(f"handshake {host} {port}")
            yield Entry(random_id, host, port, port + 10000, "", frozenset({"handshake"}), "", 0, 0, False)

    def _info(self) -> dict[str, str]:
        keyspace = {"db0": f"keys={self.keys},expires=0,avg_ttl=0"} if self.keys else {}
        common = {"redis_version": "8.0.2", "maxmemory": "1000000", "used_memory": "1000", "loading": "0", **keyspace}
        common["master_replid2"] = ("f" if self.promoted else "0") * 40
        if self.myself.is_master:
            return {**common, "role": "master", "master_repl_offset": "100"}
        master = self.table[self.myself.master_id]
        link = "up" if self.synced else "down"
        replication = {"role": "slave", "master_host": master.host, "master_link_status": link}
        return {**common, **replication, "master_sync_in_progress": "0", "slave_repl_offset": "100"}

    def _set(self, *words: str) -> str:
        self.settings.update(zip(words[::2], words[1::2], strict=True))
        return "OK"

    def _set_epoch(self, epoch: str) -> str:
        if len(self.table) > 1 or self.meeting:
            raise ResponseError(
                "ERR The user can assign a config epoch only when the node does not know any other node."
            )
        if self.myself.epoch:
            raise ResponseError("ERR Node config epoch is already non-zero")
        self.change(epoch=int(epoch))
        return "OK"

    def _meet(self, host: str, port: str, bus_port: str) -> str:
        assert int(bus_port) == int(port) + 10000
        self.meeting.append((host, int(port)))
        return "OK"

    def _add_slots(self, *words: str) -> str:
        wanted = table.slots_of(zip(map(int, words[::2]), map(int, words[1::2]), strict=True))
        for slot in sorted(wanted & table.slots_of(bounds for one in self.table.values() for bounds in one.slots)):
            raise ResponseError(f"ERR Slot {slot} is already busy")
        self.change(slots=table.as_ranges(wanted | table.slots_of(self.myself.slots)))
        return "OK"

    def _replicate(self, master_id: str) -> str:
        if master_id not in self.table:
            raise ResponseError(f"ERR Unknown node {master_id}")
        if not self.table[master_id].is_master:
            raise ResponseError("ERR I can only replicate a master, not a replica.")
        if self.myself.is_master and (self.myself.slots or self.keys):
            raise ResponseError("ERR To set a master the node must be empty and without assigned slots.")
        self.change(flags=frozenset({"myself", "slave"}), master_id=master_id)
        self.synced = False
        return "OK"

    def _failover(self) -> str:
        if self.myself.is_master:
            raise ResponseError("ERR You should send CLUSTER FAILOVER to a replica")
        if self.table[self.myself.master_id].is_failing:
            raise ResponseError("ERR Master is down or failed, please use CLUSTER FAILOVER FORCE")
        self.candidate = True
        return "OK"

    def take_over(self) -> None:
        master = self.table[self.myself.master_id]
        epoch = max(entry.epoch for entry in self.table.values()) + 1
        self.table[master.id] = replace(master, slots=())
        self.change(flags=frozenset({"myself", "master"}), master_id="", slots=master.slots, epoch=epoch)
        self.candidate, self.promoted = False, True

    def _forget(self, gone: str) -> str:
        if gone not in self.table:
            raise ResponseError(f"ERR Unknown node {gone}")
        if gone == self.id:
            raise ResponseError("ERR I tried hard but I can't forget myself...")
        if gone == self.myself.master_id:
            raise ResponseError("ERR Can't forget my master!")
        del self.table[gone]
        self.forgotten.add(gone)
        return "OK"

    def _reset(self, kind: str) -> str:
        assert kind == "HARD"
        if self.myself.is_master and self.keys:
            raise ResponseError("ERR CLUSTER RESET can't be called with master nodes containing keys")
        self.life += 1
        self.born()
        return "OK"


def _overlap(some: tuple[SlotRange, ...], others: tuple[SlotRange, ...]) -> bool:
    return any(first <= end and start <= last for first, last in some for start, end in others)


class Servers:
    """The servers, and the network between them."""

    def __init__(self, members: Iterable[Member]) -> None:
        self.by_name = {member.name: Server(member) for member in members}
        self.log: list[tuple[str, Words]] = []
        """What changed something, in order."""
        self.refusals: dict[tuple[str, str], str] = {}
        """Error reply by server and first two words."""
        self.on_command: Callable[[Server, Words], None] = lambda server, words: None
        """Called before each command that changes something."""
        self.ticks = 0
        self.cut: set[tuple[str, str]] = set()
        """Pairs of names: the first one's link to the second one hangs, which no table shows."""
        self.refused_votes: set[str] = set()
        """Names of those for whom nobody votes."""

    def __getitem__(self, name: str) -> Server:
        return self.by_name[name]

    @property
    def alive(self) -> list[Server]:
        return [server for server in self.by_name.values() if server.alive]

    def at(self, host: str, port: int) -> Server | None:
        return next((one for one in self.alive if (one.member.host, one.member.port) == (host, port)), None)

    def restart(self, name: str, host: str, keeps_data: bool = True) -> None:
        """The pod comes back, as another one of the same name at another address."""
        server = self[name]
        server.life += 1
        server.member = replace(server.member, host=host, uid=f"{name} {server.life}")
        server.alive = True
        if keeps_data:
            server.change(host=host)
        else:
            server.born()

    def tick(self) -> None:
        self.ticks += 1
        for server in self.alive:
            if server.candidate and server.member.name not in self.refused_votes:
                server.take_over()
        for server in self.alive:
            self._meet(server)
        for server in self.alive:
            for entry in list(server.table.values())[1:]:
                self._exchange(server, entry)
        for server in self.alive:
            master = self._where(server.table.get(server.myself.master_id))
            server.synced = master is not None
            server.keys = server.keys if master is None else master.keys

    def meet_all(self) -> None:
        """All know each other, with epochs of their own, as after cluster_meet."""
        for number, server in enumerate(self.alive, start=1):
            server.change(epoch=number)
            server.meeting += [(other.member.host, other.member.port) for other in self.alive if other is not server]
        self.settle()

    def settle(self) -> None:
        """As many ticks as anything takes."""
        for _turn in range(TICKS_TO_FAIL + 2):
            self.tick()

    def _where(self, entry: Entry | None) -> Server | None:
        found = self.at(entry.host, entry.port) if entry else None
        return found if found and entry and found.id == entry.id else None

    def _meet(self, server: Server) -> None:
        for host, port in server.meeting:
            other = self.at(host, port)
            if other is not None and other is not server:
                server.learn(other.header())
                other.learn(server.header())
        server.meeting.clear()

    def _exchange(self, server: Server, entry: Entry) -> None:
        """A ping over the link to an entry, and its answer; both carry news of third nodes."""
        other = self._where(entry)
        if other is None:
            self._miss(server, entry)
            return
        if (server.member.name, other.member.name) in self.cut:
            return
        server.learn(other.header(), pong=self.ticks * 100 + 1)
        # Who is not known gets an answer, and is believed nothing.
        if server.id in other.table:
            other.learn(server.header())
            for news in list(other.table.values())[1:]:
                if news.id not in {*server.table, *server.forgotten} and not news.is_failing:
                    server.learn(replace(news, flags=news.flags - {"myself"}))

    def _miss(self, server: Server, entry: Entry) -> None:
        server.missed[entry.id] = missed = server.missed.get(entry.id, 0) + 1
        flags = entry.flags | ({"fail"} if missed >= TICKS_TO_FAIL else set())
        server.table[entry.id] = replace(entry, connected=False, flags=flags)


class StandInTarget:
    """What a Session talks to: the servers by their names, as through a port-forward."""

    def __init__(self, servers: Servers, kube: Kube | None = None) -> None:
        self.servers = servers
        self.kube = kube
        self.words: dict[str, str] = {}
        """Why Kubernetes does not make a pod, by its name."""

    def members(self) -> tuple[Member, ...]:
        return tuple(server.member for server in self.servers.by_name.values())

    login = ("", "")

    def connect(self, member: Member, _timeout: float | None = None) -> Any:
        return _Client(self.servers, member)

    def not_ready(self, _name: str) -> str:
        return ""

    def not_made(self, name: str) -> str:
        return self.words.get(name, "")


class _Client:
    def __init__(self, servers: Servers, member: Member) -> None:
        self._servers = servers
        self._member = member
        self._commands: list[Words] = []
        self.connection_pool = self
        """It is also the pool of its one connection, and that connection."""

    def disconnect(self) -> None:
        self._commands.clear()

    def get_connection(self) -> _Client:
        return self

    def release(self, connection: _Client) -> None:
        assert connection is self

    def pack_commands(self, commands: Sequence[Words]) -> Sequence[Words]:
        return commands

    def send_packed_command(self, commands: Sequence[Words]) -> None:
        self._commands = list(commands)

    def read_response(self, *, disable_decoding: bool) -> Any:
        assert not disable_decoding
        reply = self._reply(self._commands.pop(0))
        if isinstance(reply, ResponseError):
            raise reply
        return reply

    def _reply(self, words: Words) -> Any:
        servers, server = self._servers, self._servers[self._member.name]
        if words != ("INFO",) and words[:2] not in QUESTIONS:
            servers.on_command(server, words)
            servers.log.append((server.member.name, words))
        if not server.alive or server.member.uid != self._member.uid:
            raise LostConnection(
                f"Error 111 connecting to {self._member.host}:{self._member.port}. Connection refused."
            )
        refusal = servers.refusals.get((server.member.name, " ".join(words[:2])))
        if refusal:
            return _refused(refusal)
        try:
            return server.reply(words)
        except ResponseError as error:
            return error


def _refused(text: str) -> ResponseError:
    """An error reply as redis-py hands it over: for some it raises instead, and it drops the words it knows."""
    kinds = {"WRONGPASS": AuthenticationError, "NOAUTH": AuthenticationError, "LOADING": BusyLoadingError}
    word, _space, rest = text.partition(" ")
    if word in kinds:
        raise kinds[word](rest)
    if word == "NOPERM":
        return NoPermissionError(rest)
    return ResponseError(rest if word == "ERR" else text)
