# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moves a batch of slots by CLUSTER SETSLOT and MIGRATE, on every version. PRIVATE to the collection.

The open slots in the nodes' own tables are the only journal: wherever this is killed, the same steps done again
finish it.

1. The target is told IMPORTING for each slot. First the target, because a source that migrates sends clients there.
2. The source is told MIGRATING for each slot. From then on no key can appear there that is not there already, so
   counting to zero is a proof, and stays one.
3. Keys go by MIGRATE, as many at once as clients can bear, large ones alone; without REPLACE, so that a key which both
   have is noticed and compared (conflicts.py).
4. The source counts its keys in each slot; anything but zero goes back to 3. A master that hears of a new owner while
   it still holds keys of the slot deletes them.
5. The target's replicas have all that the target had after 3, so that its failover loses nothing.
6. The target closes. Redis: MULTI, for all slots but the last STABLE and NODE self, which assign without a word to
   anybody, for the last NODE self, which ends an import and therefore raises the config epoch and tells everybody, of
   all the slots: one epoch and one broadcast for the batch, and no moment at which another's message can take an
   assigned slot back. Valkey since 8.0 replicates SETSLOT and waits for the replicas; inside of MULTI it then crashes
   (seen with 8.1.1 and 9.1.2), so there NODE self is sent for each slot, over several connections. One target at a
   time, so that no two take the same epoch.
7. The source is told NODE for each slot, which ends MIGRATING. An emptied source may have become a replica and says so.
   All others have heard it from the target.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import large_keys, table
from ansible_collections.k8sredis.core.plugins.module_utils._decide.moves import Volume
from ansible_collections.k8sredis.core.plugins.module_utils._execute import wait
from ansible_collections.k8sredis.core.plugins.module_utils._execute.conflicts import Conflicts
from ansible_collections.k8sredis.core.plugins.module_utils._execute.pace import Latency, Throttle
from ansible_collections.k8sredis.core.plugins.module_utils._execute.route import Route, migrate
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session
from ansible_collections.k8sredis.core.plugins.module_utils._model import Fatal, Member, Node, Refused, Retryable
from ansible_collections.k8sredis.core.plugins.module_utils._observe import slots as observed
from ansible_collections.k8sredis.core.plugins.module_utils._observe.redis import Command, is_error, passes

LARGE = 1024 * 1024
"""Bytes from which on a key is moved alone and reported: its MIGRATE blocks the source for 10 ms and more."""

MOST_BYTES = 256 * 1024
"""Of the keys of one MIGRATE."""

CONNECTIONS = 16
"""To one node of Valkey, each waiting for the replicas' answers."""

REPLICAS_TIMEOUT = "5000"
"""Milliseconds that SETSLOT waits for the replicas of a node of Valkey."""

ROUNDS = 5
"""Of emptying a batch. A key that stays after so many is one that the servers do not give away."""

REPLICAS_WITHIN = 10.0
"""Seconds for the target's replicas to take up what was moved."""


@dataclass(frozen=True)
class Limits:
    """``large_key``: bytes above which a key is only moved with leave, because its source answers nobody meanwhile."""

    large_key: int
    allow_large_keys: bool = False


class Setslot:
    """``note``: is given what a person should know."""

    def __init__(
        self, session: Session, throttle: Throttle, limits: Limits, conflicts: Conflicts, note: list[str]
    ) -> None:
        self._session = session
        self._throttle = throttle
        self._limits = limits
        self._conflicts = conflicts
        self._note = note
        self._closing = threading.Lock()
        self.weighed: dict[int, observed.Weight] = {}
        """Slots whose keys were all looked at just now and have no large one, or that had none."""

    def move(self, route: Route, slots: Sequence[int], latency: Latency, *, resumed: bool = False) -> Volume:
        """Moves all of the slots; they are empty or open on both sides when it fails. ``resumed``: they are open
        already, so that nobody can vouch for the source as the one that opened them."""
        self._session.guard()
        unknown = [slot for slot in slots if slot not in self.weighed]
        held = self._count(route, unknown)
        self._refuse_large_keys(route, [slot for slot in unknown if held[slot]])
        if not resumed:
            self._conflicts.mark(route.source)
        counts = self._open(route, slots)
        for slot in slots:
            if counts[slot] and self.weighed.get(slot) == observed.NOTHING:
                del self.weighed[slot]  # Keys that came since are looked at as they are listed.
        volume = Volume(len(slots))
        for _round in range(ROUNDS):
            volume += self._carry(route, [slot for slot in slots if counts[slot]], counts, latency)
            if any(counts.values()):
                counts = self._count(route, slots)
            if not any(counts.values()):
                self._await_replicas(route)
                self._session.guard()
                self._close(route, slots)
                return volume
        left = table.range_text(table.as_ranges(slot for slot in slots if counts[slot]))
        raise Retryable(
            f"Cannot empty the slots {left} of {route.source.name}: {sum(counts.values())} keys stay there however "
            "often they are moved; look at them with CLUSTER GETKEYSINSLOT, and run again."
        )

    # Steps 1 and 2.
    def _open(self, route: Route, slots: Sequence[int]) -> dict[int, int]:
        source, target = route.source, route.target
        self._setslot(target, [_word(slot, "IMPORTING", source.id) for slot in slots])
        self._setslot(source, [_word(slot, "MIGRATING", target.id) for slot in slots])
        return self._count(route, slots)

    # Step 4.
    def _count(self, route: Route, slots: Sequence[int]) -> dict[int, int]:
        found = observed.count(self._session.clients, {route.source.member: slots} if slots else {}, stats=False)
        return {slot: found[(route.source.name, slot)] for slot in slots}

    # Step 3.
    def _carry(
        self,
        route: Route,
        slots: Sequence[int],
        counts: Mapping[int, int],
        latency: Latency,
        *,
        asking: bool = False,
    ) -> Volume:
        """One round trip moves a group of keys and lists the next one. ``asking``: the source does not serve them."""
        queue = list(slots)
        listings: dict[int, observed.Listing] = {}
        moved = Volume()
        while queue or listings:
            group = _group(queue, counts, min(latency.keys, self._throttle.keys))
            for slot in group:
                queue.remove(slot)
            asked = {slot: self._at_once(slot, counts[slot], latency) for slot in group}
            commands = [self._migrate(route, found) for found in listings.values()]
            questions = [self._question(slot, number) for slot, number in asked.items()]
            on_the_way = sum(len(found.keys) for found in listings.values())
            replies = self._measured(route.source, [*commands, *questions], on_the_way, latency, asking=asking)
            for (slot, found), reply in zip(listings.items(), replies, strict=False):
                self._judge(route, slot, found, reply)
                moved += Volume(keys=len(found.keys), bytes=found.bytes)
                if not found.complete:
                    queue.insert(0, slot)
            listings = {
                slot: found
                for slot, reply in zip(group, replies[len(commands) :], strict=True)
                if (found := observed.listing(reply, route.source.name, asked[slot], self.weighed.get(slot))).keys
            }
            for found in listings.values():
                self._throttle.pass_through(len(found.keys), found.bytes)
        return moved

    def _at_once(self, slot: int, keys: int, latency: Latency) -> int:
        """How many keys to ask for: one more than there are, so that the answer tells whether these are all."""
        known = self.weighed.get(slot)
        most = latency.keys if known is None else min(latency.keys, max(1, MOST_BYTES // max(1, known.largest)))
        return min(keys + 1, most)

    def _question(self, slot: int, keys: int) -> Command:
        return observed.listed(slot, keys, None if slot in self.weighed else MOST_BYTES)

    def _measured(
        self, source: Node, commands: Sequence[Command], keys: int, latency: Latency, *, asking: bool
    ) -> list[Any]:
        now = self._session.clock.now
        if latency.wants_ping:
            began = now()
            self._ask(source, [("PING",)])
            latency.note_ping(now() - began)
        began = now()
        # A node answers for a slot that it only imports when each command is announced by ASKING.
        sent = [word for command in commands for word in (("ASKING",), command)] if asking else commands
        replies = self._ask(source, sent, raw=True)
        replies = replies[1::2] if asking else replies
        if keys:
            latency.note_work(now() - began, keys)
        return replies

    def _migrate(self, route: Route, found: observed.Listing, *options: str) -> Command:
        return migrate(route.target, self._session.target.login, found.keys, found.bytes, *options)

    def _judge(self, route: Route, slot: int, found: observed.Listing, reply: Any) -> None:
        if not is_error(reply):
            return
        text = str(reply)
        if "BUSYKEY" in text:
            self._conflicts.settle(route, slot, found.keys)
        elif isinstance(reply, Retryable) or "IOERR" in text:
            # The key may be on both sides now; done again, it shows.
            raise Retryable(
                f"Cannot move keys of slot {slot} from {route.source.name} to {route.target.name}: {text}; "
                "run again, the slots are finished first."
            )
        elif "NOREPLICAS" in text or "OOM" in text or passes(reply):
            raise Retryable(
                f"Cannot move keys of slot {slot} to {route.target.name}: it takes no writes ({text}); mend that and "
                "run again."
            )
        else:
            raise Fatal(f"Cannot move keys of slot {slot} from {route.source.name} to {route.target.name}: {text}.")

    # Step 5.
    def _await_replicas(self, route: Route) -> None:
        if not route.replicas:
            return
        (role,) = self._ask(route.target, [("ROLE",)])
        if is_error(role):
            raise Retryable(f"Cannot close the slots on {route.target.name}: it answered '{role}'; run again.")
        wanted = int(role[1])
        members = [replica.member for replica in route.replicas]

        def behind() -> list[str]:
            replies = self._session.clients.send({member: [("ROLE",)] for member in members})
            return [name for name, (reply,) in sorted(replies.items()) if not _has(reply, wanted)]

        late = wait.until(behind, lambda names: not names, REPLICAS_WITHIN, 0.002, self._session.clock)
        if late:
            raise Retryable(
                f"Cannot close the slots on {route.target.name}: its replica {table.joined(late)} has not taken up "
                f"what was moved within {REPLICAS_WITHIN:.0f} s; see to it and run again, the slots are finished first."
            )

    def gather(self, route: Route, slots: Sequence[int], latency: Latency) -> None:
        """Moves the keys of slots that the source does not serve; both sides import them, and owners stay."""
        self._session.guard()
        counts = self._count(route, slots)
        self._carry(route, [slot for slot in slots if counts[slot]], counts, latency, asking=True)

    def take_over(self, owner: Node, slots: Sequence[int], former: str) -> None:
        """Slots that nobody serves, by the master that has their keys. ``former``: any other node's id, as whose
        import it is opened, so that closing it raises the epoch and tells everybody."""
        self._session.guard()
        self._setslot(owner, [_word(slot, "IMPORTING", former) for slot in slots])
        self._close_target(owner, slots)

    # Steps 6 and 7.
    def _close(self, route: Route, slots: Sequence[int]) -> None:
        target = route.target
        self._close_target(target, slots)
        self._setslot(route.source, [_word(slot, "NODE", target.id) for slot in slots], tolerated="only with masters")

    def _close_target(self, target: Node, slots: Sequence[int]) -> None:
        with self._closing:
            if _replicates_setslot(target):
                self._setslot(target, [_word(slot, "NODE", target.id) for slot in slots])
            else:
                self._close_at_once(target, slots)

    def _close_at_once(self, target: Node, slots: Sequence[int]) -> None:
        *others, last = slots
        commands: list[Command] = [("MULTI",)]
        for slot in others:
            commands += [_word(slot, "STABLE"), _word(slot, "NODE", target.id)]
        commands += [_word(last, "NODE", target.id), ("EXEC",)]
        replies = self._ask(target, commands)
        done = replies[-1] if isinstance(replies[-1], list) else replies
        self._check(target, done, commands[1:-1])

    def _setslot(self, node: Node, commands: Sequence[Command], tolerated: str = "") -> None:
        if not _replicates_setslot(node):
            self._check(node, self._ask(node, commands), commands, tolerated)
            return
        commands = [(*command, "TIMEOUT", REPLICAS_TIMEOUT) for command in commands]
        parts = [part for start in range(CONNECTIONS) if (part := commands[start::CONNECTIONS])]
        with ThreadPoolExecutor(len(parts)) as pool:
            for part, replies in zip(parts, pool.map(lambda part: self._ask(node, part), parts), strict=True):
                self._check(node, replies, part, tolerated)

    def _ask(self, node: Node, commands: Sequence[Command], *, raw: bool = False) -> list[Any]:
        return self._session.patient.send({node.member: commands}, raw=raw)[node.name]

    def _check(self, node: Node, replies: Iterable[Any], commands: Sequence[Command], tolerated: str = "") -> None:
        for reply, command in zip(replies, commands, strict=False):
            if is_error(reply) and not (tolerated and tolerated in str(reply)):
                raise Retryable(
                    f"Cannot tell {node.name} '{' '.join(map(str, command[:4]))}': it answered '{reply}'; run again, "
                    "the slots are finished first."
                )

    def _refuse_large_keys(self, route: Route, slots: Sequence[int]) -> None:
        """Before anything is opened, so that a refusal leaves nothing behind."""
        for (name, slot), weight in sorted(weighed(self._session, {route.source.member: slots}).items()):
            refuse_large_key(route.source, slot, weight, self._limits)
            if weight.largest >= LARGE:
                self._note.append(
                    f"The key '{weight.name}' of {weight.largest} bytes in slot {slot} of {name} is moved alone; "
                    "its master answers nobody meanwhile."
                )


def weighed(session: Session, slots: Mapping[Member, Sequence[int]]) -> dict[tuple[str, int], observed.Weight]:
    """The largest key of each slot, of as many keys as one script may look at without holding up the server."""
    return observed.weigh(session.clients, slots, MOST_WEIGHED)


MOST_WEIGHED = 2000
"""Keys of a slot: about 2 ms. In slots with more, a large key behind them is seen when its turn comes."""


def refuse_large_key(node: Node, slot: int, weight: observed.Weight, limits: Limits) -> None:
    """Raises Refused for one that may not be moved."""
    words = large_keys.refusal(node, slot, weight.name, weight.largest, limits.large_key, limits.allow_large_keys)
    if words:
        raise Refused(words)


def _word(slot: int, *words: str) -> Command:
    return ("CLUSTER", "SETSLOT", str(slot), *words)


def _replicates_setslot(node: Node) -> bool:
    """Valkey 8.0 and later."""
    return int(node.info.get("valkey_version", "0").split(".")[0]) >= 8


def _has(role: Any, offset: int) -> bool:
    """Whether a replica's ROLE says that it has what its master had: ``slave, host, port, state, offset``."""
    return isinstance(role, list) and len(role) == 5 and int(role[4]) >= offset


def _group(queue: Sequence[int], counts: Mapping[int, int], keys: int) -> list[int]:
    """The next slots, with about so many keys together."""
    chosen: list[int] = []
    total = 0
    for slot in queue:
        if chosen and total + counts[slot] > keys:
            break
        chosen.append(slot)
        total += counts[slot]
    return chosen
