# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only sender of Redis commands. PRIVATE to the collection.

One plain client per node, never RedisCluster: that follows addresses which a controller outside the
Kubernetes cluster cannot reach. Every phase goes to all nodes at once, one pipeline each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeAlias

from ansible_collections.k8sredis.core.plugins.module_utils._model import Entry, Member, Node, Retryable, View
from ansible_collections.k8sredis.core.plugins.module_utils._observe import parse

try:
    from redis.exceptions import AuthenticationError, NoPermissionError, RedisError, ResponseError
except ImportError:  # reported by require_libraries() before anything here is called
    AuthenticationError = NoPermissionError = RedisError = ResponseError = OSError

Command: TypeAlias = "tuple[str | bytes, ...]"

LOGIN_REFUSED, RIGHT_REFUSED = "the login is refused", "a right is missing"
"""How the errors of a node begin that no waiting cures."""

MOST_THREADS = 64
"""One thread per node up to here; a thread waits for the network nearly all the time."""

OBSERVED_SETTINGS = (
    "appendonly",
    "cluster-allow-replica-migration",
    "cluster-node-timeout",
    "cluster-require-full-coverage",
    "maxmemory",
    "maxmemory-policy",
    "repl-diskless-sync-delay",
    "save",
)

PASSING = ("cluster is down", "clusterdown", "loading", "masterdown")
"""In errors of a node that has just started, or has just lost sight of the others; in lower case, for redis-py drops
some of the servers' words and scripts put theirs around them."""

NO_CLUSTER = "cluster support disabled"

QUESTIONS: tuple[Command, ...] = (("CLUSTER", "NODES"), ("CLUSTER", "INFO"), ("INFO",))


class Clients:
    """Connections to members, opened when first needed and kept until close()."""

    def __init__(self, connect: Callable[[Member], Any]) -> None:
        """``connect`` gives a redis.Redis for a member, without talking to it yet."""
        self._connect = connect
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._pool = ThreadPoolExecutor(MOST_THREADS)

    def send(self, requests: Mapping[Member, Sequence[Command]], *, raw: bool = False) -> dict[str, list[Any]]:
        """Replies by member name, in the order of its commands; ``raw`` leaves texts as bytes, as names of keys must
        stay. May be called from several threads at once: each then has a connection of its own.

        An error reply stands in its place as a ResponseError. When the connection breaks, every
        reply of that member is the same Retryable: what was executed is then unknown.
        """
        members = list(requests)
        if len(members) == 1:  # No thread for one: slot moves talk to a node at a time, thousands of times.
            return {members[0].name: self._pipeline(members[0], requests[members[0]], raw)}
        answers = self._pool.map(lambda member: self._pipeline(member, requests[member], raw), members)
        return {member.name: answer for member, answer in zip(members, answers, strict=True)}

    def close(self) -> None:
        for client in self._clients.values():
            client.connection_pool.disconnect()
        self._clients.clear()
        self._pool.shutdown(wait=False)

    def _pipeline(self, member: Member, commands: Sequence[Command], raw: bool) -> list[Any]:
        try:
            return _ask(self._client(member).connection_pool, commands, raw)
        except (RedisError, OSError, Retryable) as error:
            self._drop(member)
            return [Retryable(one_line(error))] * len(commands)

    def _client(self, member: Member) -> Any:
        # A pod that was replaced under the same name is another process.
        key = (member.name, member.uid, member.host)
        if key not in self._clients:
            self._clients[key] = self._connect(member)
        return self._clients[key]

    def _drop(self, member: Member) -> None:
        client = self._clients.pop((member.name, member.uid, member.host), None)
        if client is not None:
            client.connection_pool.disconnect()


def _ask(pool: Any, commands: Sequence[Command], raw: bool) -> list[Any]:
    """All commands in one write, then all replies. By redis-py's connection itself: its Pipeline spends as long on each
    command as all the rest of a slot's move takes."""
    connection = pool.get_connection()
    try:
        connection.send_packed_command(connection.pack_commands(commands))
        return [_read(connection, raw) for _command in commands]
    except BaseException:
        connection.disconnect()  # Replies that were not read would be taken for those of the next commands.
        raise
    finally:
        pool.release(connection)


def _read(connection: Any, raw: bool) -> Any:
    try:
        return connection.read_response(disable_decoding=raw)
    except ResponseError as refused:
        return refused


def observe(
    clients: Clients, members: Sequence[Member], settings: Iterable[str] = (), *, clustered: bool = True
) -> View:
    """Asks every member that can be asked; the others are in the view with the reason.

    ``settings``: what CONFIG GET is asked for beside OBSERVED_SETTINGS. Not ``clustered``: a server that is in no
    cluster has no table, and else what is asked.
    """
    names = sorted({*OBSERVED_SETTINGS, *settings})
    questions = (*QUESTIONS, ("CONFIG", "GET", *names))
    replies = clients.send({member: questions for member in members if not member.waiting})
    told = {name: each if clustered else _without_table(each) for name, each in replies.items()}
    nodes = [_node(member, told.get(member.name, [])) for member in members]
    return View(tuple(sorted(nodes, key=lambda node: node.name)))


def _without_table(replies: list[Any]) -> list[Any]:
    """Those of a server with cluster-enabled no answer nothing instead of an error."""
    return ["" if is_error(reply) and NO_CLUSTER in str(reply) else reply for reply in replies]


def _node(member: Member, replies: list[Any]) -> Node:
    if not replies:
        return Node(member, error=member.waiting)
    error = next((reply for reply in replies[:3] if isinstance(reply, Exception)), None)
    if error is not None:
        return Node(member, error=one_line(error))
    nodes, cluster_info, info, settings = replies
    entries = parse.cluster_nodes(nodes)
    return Node(
        _as_announced(member, entries),
        table=entries,
        cluster_info=parse.info(cluster_info),
        info=parse.info(info),
        settings=None if isinstance(settings, Exception) else parse.pairs(settings),
    )


def _as_announced(member: Member, entries: tuple[Entry, ...]) -> Member:
    """A pod with an address of each IP family is known to the others by the one that it announces."""
    announced = next((entry.host for entry in entries if "myself" in entry.flags), "")
    return replace(member, host=announced) if announced in member.addresses else member


def one_line(error: BaseException) -> str:
    """redis-py makes classes of WRONGPASS, NOAUTH and NOPERM and drops the words."""
    text = (str(error).split("\n", maxsplit=1)[0].strip() or type(error).__name__).rstrip(".")
    if isinstance(error, AuthenticationError):
        return f"{LOGIN_REFUSED}: {text}"
    return f"{RIGHT_REFUSED}: {text}" if isinstance(error, NoPermissionError) else text


def is_error(reply: Any) -> bool:
    """Whether a reply of send() says that the command failed, or that its result is unknown."""
    return isinstance(reply, Exception)


def passes(reply: Any) -> bool:
    """Whether an error is one that a node soon gives no more."""
    return is_error(reply) and any(words in str(reply).lower() for words in PASSING)
