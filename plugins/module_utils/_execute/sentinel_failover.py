# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hands a master that Sentinels watch over to a replica, without losing a write. PRIVATE to the collection.

SENTINEL FAILOVER alone leaves the former master writable until a Sentinel makes a replica of it, some ten seconds
later: what clients write there in that time is acknowledged and lost (redis#6062). So:

1. Look, and decide from what was seen alone. Nothing to do: the end. Wait until every server and every Sentinel says
   the same: one master, every replica in sync, quorum on each Sentinel, nobody in TILT, no failover under way.
2. See to it that the Sentinels choose the candidate: with several replicas it gets the lowest replica-priority for a
   time. Wait until each Sentinel has seen it; they ask every 10 s.
3. Look and decide again. Only if that gives the same step, go on.
4. Where the Sentinel knows it (Valkey 9), SENTINEL FAILOVER ... COORDINATED: master and candidate do 5 to 8 themselves.
5. Fence: the master is to have all of its present replicas in reach to accept a write (min-replicas-to-write). The
   moment one of them becomes master it refuses writes by itself, also when this run is killed right here.
6. Pause the master's writes (CLIENT PAUSE WRITE), two seconds at a time, renewed while needed: a killed run leaves no
   master paused. Not for longer than half of the time after which the Sentinels hold it for dead: their own hello waits
   with the writes. Wait until every replica has all that was written.
7. SENTINEL FAILOVER, and ask the candidate for its role until it is master.
8. Make the former master its replica at once, and close the connections of its clients, who then ask for the master.
9. In any case: let writes go on, and take back the priorities. The fence is taken back too, unless the Sentinels have
   been asked and the former master does not follow yet: then another one may be master any moment.
10. Prove on every Sentinel and every server: the candidate is the master of all, the former one follows it, in sync.

On trouble before 7 nothing has happened but a pause. When nobody becomes master in time, the former one goes on as long
as all of its replicas are in reach.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from ansible_collections.k8sredis.core.plugins.module_utils._decide import sentinel_failover as decide
from ansible_collections.k8sredis.core.plugins.module_utils._decide import watched
from ansible_collections.k8sredis.core.plugins.module_utils._execute import wait
from ansible_collections.k8sredis.core.plugins.module_utils._execute.watching import TICK, Watching
from ansible_collections.k8sredis.core.plugins.module_utils._model import Fatal, Node, Retryable, Step
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Sentinel, Watch
from ansible_collections.k8sredis.core.plugins.module_utils._observe.redis import is_error

POLL = 0.02
"""Seconds between two questions while writes wait."""

PAUSE = 2000
"""Milliseconds, see 6."""

RENEWAL = 0.5
"""Seconds after which the pause is renewed."""

PRIORITY_SEEN_WITHIN = 15.0
"""Seconds, see 2."""

SHORTEST = 1.0
"""Seconds of pause that are always granted: a failover takes some tenths of one."""

UNKNOWN_WORD = "wrong number of arg"
"""How a Sentinel answers that does not know COORDINATED (Redis 7.0 to 8.6, Valkey 8.1)."""

FENCE, PRIORITY = "min-replicas-to-write", "replica-priority"

Renew = Callable[[], None]
"""Keeps the pause up while something is waited for."""


def hand_over(watching: Watching, to: str, away_from: Collection[str], timeout: float) -> Watch:
    """The master is where it is asked to be, for everybody; ``timeout`` for each wait by itself."""
    watch, step = _decided(watching, to, away_from, timeout)
    if step is None:
        return watch
    watching.guard()
    with _preferred(watching, watch, step):
        # The candidate is the one that the Sentinels were told of, also where another one lacks less by now.
        again, same = _decided(watching, step.subject, (), timeout)
        if same is None or same.text != step.text:
            raise Retryable(f"Cannot do '{step.text}': it is not what is asked for any more; run again.")
        former = _agreed(again)
        watching.guard()
        _fail_over(watching, again, step)
        watching.done.append(step)
    deed = f"{step.subject} took over from {former.name} for everybody"
    return watching.prove(lambda seen: decide.unproven(seen, step.subject, former.name), timeout, deed)


def _decided(watching: Watching, to: str, away_from: Collection[str], timeout: float) -> tuple[Watch, Step | None]:
    """Step 1."""
    return watching.decided(lambda watch: decide.plan(watch, to, away_from), timeout)


def _agreed(watch: Watch) -> Node:
    master = watched.agreed(watch)
    if master is None:
        raise Retryable(f"Cannot find the master of {watch.master_name} any more; see 'sentinel_info', run again.")
    return master


def _server(watch: Watch, name: str) -> Node:
    server = watch.server(name)
    if server is None:
        raise Retryable(f"Cannot find {name} any more; run again.")
    return server


@contextmanager
def _preferred(watching: Watching, watch: Watch, step: Step) -> Iterator[None]:
    """Step 2 and its end."""
    wished = decide.priorities(watch, _server(watch, step.subject))
    try:
        set_priorities(watching, watch, wished)
        if wished:
            await_priorities(watching, wished, step)
        yield
    finally:
        former = {name: decide.priority(_server(watch, name)) for name in wished}
        set_priorities(watching, watch, former, strict=False)


def set_priorities(watching: Watching, watch: Watch, values: Mapping[str, int], *, strict: bool = True) -> None:
    """By the name of a server; not ``strict``: as far as it goes, on the way out."""
    _set(watching, watch, PRIORITY, values, strict=strict)


def await_priorities(watching: Watching, wished: Mapping[str, int], step: Step) -> None:
    def look() -> str:
        return decide.not_seen(watching.observe(), wished)

    missing = wait.until(look, lambda seen: not seen, PRIORITY_SEEN_WITHIN, TICK, watching.clock)
    if missing:
        raise Retryable(f"Cannot do '{step.text}': {missing} after {PRIORITY_SEEN_WITHIN:.0f} s; see 'sentinel_info'.")


def _set(watching: Watching, watch: Watch, directive: str, values: Mapping[str, int], *, strict: bool = True) -> None:
    """CONFIG SET by the name of a server; not ``strict``: as far as it goes, on the way out."""
    for name, number in values.items():
        (reply,) = watching.tell(_server(watch, name), ("CONFIG", "SET", directive, str(number)))
        if is_error(reply) and strict:
            raise _refused(f"set {directive} of {name}", reply)


def _fail_over(watching: Watching, watch: Watch, step: Step) -> None:
    """Steps 4 to 9."""
    sentinel, master = watch.watching[0], _agreed(watch)
    (reply,) = watching.tell(sentinel, ("SENTINEL", "FAILOVER", watch.master_name, "COORDINATED"))
    if not is_error(reply):
        await_promotion(watching, _server(watch, step.subject), step, _seconds(sentinel))
        return
    if UNKNOWN_WORD not in str(reply).lower():
        raise _refused(f"begin '{step.text}'", reply)
    most = max(_seconds(sentinel) / 2, SHORTEST)
    with _fenced(watching, watch, master) as fence, _paused(watching, master) as renew:
        _await_offsets(watching, watch, master, step, most, renew)
        (reply,) = watching.tell(sentinel, ("SENTINEL", "FAILOVER", watch.master_name))
        fence.stays = not is_error(reply) or isinstance(reply, Retryable)
        if is_error(reply):
            raise _refused(f"begin '{step.text}'", reply)
        candidate = _server(watch, step.subject)
        await_promotion(watching, candidate, step, most, renew)
        _demote(watching, watch, master, candidate)
        fence.stays = False


def _seconds(sentinel: Sentinel) -> float:
    """After which it holds a silent master for dead."""
    return (sentinel.master.number("down-after-milliseconds") if sentinel.master else 0) / 1000


@dataclass
class _Fence:
    stays: bool = False
    """Whether another server may become master any moment, or is it already."""


@contextmanager
def _fenced(watching: Watching, watch: Watch, master: Node) -> Iterator[_Fence]:
    """Step 5 and its end."""
    fence = _Fence()
    number = len(list(watched.replicas_of(watch, master)))
    former = int((master.settings or {}).get(FENCE, "0"))
    try:
        _set(watching, watch, FENCE, {master.name: max(number, former)})
        yield fence
    finally:
        if not fence.stays:
            _set(watching, watch, FENCE, {master.name: former}, strict=False)


@contextmanager
def _paused(watching: Watching, master: Node) -> Iterator[Renew]:
    """Step 6 and its end."""
    renewed_at = float("-inf")

    def renew() -> None:
        nonlocal renewed_at
        now = watching.clock.now()
        if now - renewed_at < RENEWAL:
            return
        (reply,) = watching.tell(master, ("CLIENT", "PAUSE", str(PAUSE), "WRITE"))
        if is_error(reply):
            raise _refused(f"pause the writes of {master.name}", reply)
        renewed_at = now

    try:
        renew()
        yield renew
    finally:
        watching.tell(master, ("CLIENT", "UNPAUSE"))


def _await_offsets(watching: Watching, watch: Watch, master: Node, step: Step, seconds: float, renew: Renew) -> None:
    replicas = list(watched.replicas_of(watch, master))

    def lacking() -> str:
        renew()
        written = _offset(watching, master, "master_repl_offset")
        late = [each.name for each in replicas if _offset(watching, each, "slave_repl_offset") < max(written, 0)]
        return f"{late[0]} has not all that {master.name} has" if late else ""

    missing = wait.until(lacking, lambda seen: not seen, seconds, POLL, watching.clock)
    if missing:
        raise Retryable(f"Cannot do '{step.text}': {missing} within {seconds:.1f} s of pause; run again.")


def _offset(watching: Watching, server: Node, field: str) -> int:
    (reply,) = watching.tell(server, ("INFO", "replication"))
    if is_error(reply):
        return -1
    return next((int(line.partition(":")[2]) for line in reply.splitlines() if line.startswith(f"{field}:")), -1)


def await_promotion(
    watching: Watching, candidate: Node, step: Step, seconds: float, renew: Renew = lambda: None
) -> None:
    """The end of step 7."""

    def role() -> str:
        renew()
        (reply,) = watching.tell(candidate, ("ROLE",))
        return str(reply[0]) if isinstance(reply, list) else ""

    if wait.until(role, lambda seen: seen == "master", seconds, POLL, watching.clock) != "master":
        raise Retryable(
            f"Cannot tell that '{step.text}' was done within {seconds:.1f} s: {candidate.name} is still no master; see "
            "'sentinel_info', the Sentinels' logs say why, and run again."
        )


def _demote(watching: Watching, watch: Watch, former: Node, candidate: Node) -> None:
    """Step 8. By the address, or name, that the Sentinels use: they would attach it again for another one."""
    peer = watched.peer(watch.watching[0], candidate)
    if peer is None:
        raise Retryable(f"Cannot tell where the Sentinels see {candidate.name}; see 'sentinel_info'.")
    replies = watching.tell(
        former,
        ("REPLICAOF", peer.host, str(peer.port)),
        ("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"),
    )
    refused = next((reply for reply in replies if is_error(reply)), None)
    if refused is not None:
        raise _refused(f"make {former.name} a replica of {candidate.name}", refused)


def _refused(deed: str, reply: object) -> Retryable | Fatal:
    if isinstance(reply, Retryable):
        return Retryable(f"Cannot tell whether one could {deed}: the connection broke ({reply}); run again.")
    return Fatal(f"Cannot {deed}: it answered '{reply}'; see the rights of the user, and 'sentinel_info'.")
