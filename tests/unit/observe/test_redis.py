# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients of many nodes: pipelines, errors in their place, connections that break, and what observing makes of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._model import Member, Retryable, View
from ansible_collections.k8sredis.core.plugins.module_utils._observe import redis
from ansible_collections.k8sredis.core.plugins.module_utils._observe.redis import Clients, is_error, observe
from ansible_collections.k8sredis.core.plugins.module_utils._observe.target import Access, direct_client

from tests.unit.decide.views import endpoint
from tests.unit.decide.views import silent as without_answer
from tests.unit.stand_ins.cluster import Server
from tests.unit.stand_ins.resp import Refused, Reply, Words, ok, speaking
from tests.unit.stand_ins.tcp import listening, silent

PING, ECHO = ("PING",), ("ECHO", "a")
BOUND = 20.0
"""Seconds that no wait of some tenths of a second may last, on a busy machine either."""


class Nodes:
    """Servers on ports of this machine, and clients for them."""

    def __init__(self, stack: ExitStack, timeout: float = 5.0) -> None:
        self._stack = stack
        self.connected: list[str] = []
        self._access = Access(timeout=timeout)
        self.clients = Clients(self._connect)
        stack.callback(self.clients.close)

    def _connect(self, member: Member) -> Any:
        self.connected.append(member.name)
        return direct_client(member, self._access)

    def add(self, answer: Callable[[Words], Reply] = ok) -> Member:
        return endpoint("127.0.0.1", self._stack.enter_context(listening(speaking(answer))))

    def add_silent(self) -> Member:
        return endpoint("127.0.0.1", self._stack.enter_context(listening(silent)))

    def add_dead(self) -> Member:
        with listening(silent) as port:
            pass
        return endpoint("127.0.0.1", port)


@pytest.fixture
def nodes() -> Any:
    with ExitStack() as stack:
        yield Nodes(stack)


@pytest.fixture
def impatient() -> Any:
    with ExitStack() as stack:
        # Also for the one that does answer: on a busy machine it may take a few tenths of a second.
        yield Nodes(stack, timeout=2.0)


def test_replies_come_by_name_in_the_order_of_the_commands(nodes: Nodes) -> None:
    one, other = nodes.add(), nodes.add()
    assert nodes.clients.send({one: [PING, ECHO], other: [ECHO]}) == {one.name: ["PONG", "a"], other.name: ["a"]}


def test_a_reply_is_what_the_server_said(nodes: Nodes) -> None:
    text = "id 10.0.0.1:6379@16379 myself,master - 0 0 0 connected\n"
    member = nodes.add(lambda words: ["a", "1"] if words[0] == "CONFIG" else text)
    commands = [("CLUSTER", "NODES"), ("INFO",), ("CONFIG", "GET", "a")]
    assert nodes.clients.send({member: commands}) == {member.name: [text, text, ["a", "1"]]}


def test_a_connection_is_kept(nodes: Nodes) -> None:
    member = nodes.add()
    for _index in range(3):
        nodes.clients.send({member: [PING]})
    assert nodes.connected == [member.name]


def test_another_pod_of_the_same_name_is_another_connection(nodes: Nodes) -> None:
    one, other = nodes.add(), nodes.add()
    again = Member("same", one.host, one.port, uid="1"), Member("same", other.host, other.port, uid="2")
    for member in again:
        nodes.clients.send({member: [PING]})
    assert nodes.connected == ["same", "same"]


def test_an_error_reply_stands_in_its_place(nodes: Nodes) -> None:
    member = nodes.add(lambda words: Refused("ERR no") if words[0] == "ECHO" else "OK")
    first, refused, last = nodes.clients.send({member: [PING, ECHO, PING]})[member.name]
    assert (first, str(refused), last) == ("OK", "no", "OK")
    assert [is_error(reply) for reply in (first, refused, last)] == [False, True, False]


def test_a_connection_that_breaks_leaves_every_reply_open(nodes: Nodes) -> None:
    member = nodes.add(lambda words: None if words[0] == "ECHO" else "OK")
    replies = nodes.clients.send({member: [PING, ECHO, PING]})[member.name]
    assert [type(reply) for reply in replies] == [Retryable] * 3
    assert {str(reply) for reply in replies} == {"Connection closed by server"}
    assert all(map(is_error, replies))


def test_a_command_whose_answer_was_lost_is_not_sent_again(nodes: Nodes) -> None:
    told: list[Words] = []

    def answer(words: Words) -> Reply:
        told.append(words)
        return None if words[0] == "CLUSTER" else "OK"

    member = nodes.add(answer)
    nodes.clients.send({member: [("CLUSTER", "MEET", "10.0.0.1", "6379")]})
    assert [words[0] for words in told if words[0] == "CLUSTER"] == ["CLUSTER"]


def test_after_a_break_the_next_commands_go_over_a_new_connection(nodes: Nodes) -> None:
    answers = iter([None, "PONG"])
    member = nodes.add(lambda words: next(answers) if words[0] == "PING" else "OK")
    assert is_error(nodes.clients.send({member: [PING]})[member.name][0])
    assert nodes.clients.send({member: [PING]}) == {member.name: ["PONG"]}
    assert nodes.connected == [member.name] * 2


def test_one_node_that_does_not_answer_holds_no_other_back(impatient: Nodes) -> None:
    dumb, dead, well = impatient.add_silent(), impatient.add_dead(), impatient.add()
    begin = time.monotonic()
    replies = impatient.clients.send({dumb: [PING], dead: [PING], well: [PING]})
    assert time.monotonic() - begin < BOUND
    assert replies[well.name] == ["PONG"]
    assert str(replies[dumb.name][0]).startswith("Timeout reading from")
    assert str(replies[dead.name][0]) == f"Error 111 connecting to 127.0.0.1:{dead.port}. Connection refused"


def test_more_nodes_than_threads(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis, "MOST_THREADS", 2)
    clients = Clients(lambda member: direct_client(member, Access()))
    members = [nodes.add() for _index in range(5)]
    assert clients.send({member: [PING] for member in members}) == {member.name: ["PONG"] for member in members}
    clients.close()


def test_nobody_is_sent_nothing(nodes: Nodes) -> None:
    assert nodes.clients.send({}) == {}


# Observing.

NODES_LINE = "".join(("1" * 40, " 10.0.0.1:6379@16379 myself,master - 0 0 0 connected\n"))


def says(**answers: Reply) -> Callable[[Words], Reply]:
    """A Redis node; ``nodes``, ``cluster_info``, ``info`` and ``config`` answer differently."""
    replies: dict[str, Reply] = {
        "CLUSTER NODES": NODES_LINE,
        "CLUSTER INFO": "cluster_state:ok\r\n",
        "INFO": "# Server\r\nredis_version:8.0.2\r\n",
        "CONFIG GET": ["appendonly", "yes"],
    }
    names = {"nodes": "CLUSTER NODES", "cluster_info": "CLUSTER INFO", "info": "INFO", "config": "CONFIG GET"}
    replies |= {names[name]: answer for name, answer in answers.items()}
    return lambda words: replies.get(" ".join(words[:2]), "OK")


def observed(nodes: Nodes, *members: Member) -> View:
    return observe(nodes.clients, members)


def test_a_node_that_answers(nodes: Nodes) -> None:
    (node,) = observed(nodes, nodes.add(says())).nodes
    assert (node.id, node.answers, node.error) == ("1" * 40, True, "")
    assert (node.cluster_info, node.info) == ({"cluster_state": "ok"}, {"redis_version": "8.0.2"})
    assert node.settings == {"appendonly": "yes"}


def test_a_pod_of_two_families_is_known_by_the_address_that_it_announces(nodes: Nodes) -> None:
    member = nodes.add(says())
    of_both = replace(member, addresses=(member.host, "10.0.0.1"))
    assert [node.member.host for node in observed(nodes, of_both).nodes] == ["10.0.0.1"]
    assert [node.member.host for node in observed(nodes, replace(member, addresses=(member.host,))).nodes] == [
        member.host
    ]


def test_further_settings_are_asked_for(nodes: Nodes) -> None:
    asked: list[Words] = []

    def answer(words: Words) -> Reply:
        asked.append(words)
        return says()(words)

    observe(nodes.clients, [nodes.add(answer)], ["hz", "appendonly"])
    (config,) = [words for words in asked if words[0] == "CONFIG"]
    assert config[2:] == tuple(sorted({*redis.OBSERVED_SETTINGS, "hz"}))


def test_settings_that_may_not_be_read(nodes: Nodes) -> None:
    (node,) = observed(nodes, nodes.add(says(config=Refused("NOPERM no right to CONFIG")))).nodes
    assert (node.settings, node.answers) == (None, True)


NO_CLUSTER = "This instance has cluster support disabled"

ERRORS = [
    ("a wrong password", says(nodes=Refused("WRONGPASS no such pair.")), "the login is refused: no such pair"),
    (
        "no password",
        says(nodes=Refused("NOAUTH Authentication required.")),
        "the login is refused: Authentication required",
    ),
    ("no right", says(nodes=Refused("NOPERM no right to CLUSTER")), "a right is missing: no right to CLUSTER"),
    ("it loads its data", says(info=Refused("LOADING Redis is loading")), "Redis is loading"),
    ("it is no cluster", says(cluster_info=Refused(f"ERR {NO_CLUSTER}")), NO_CLUSTER),
]


@pytest.mark.parametrize(("answer", "error"), [row[1:] for row in ERRORS], ids=[row[0] for row in ERRORS])
def test_a_node_that_refuses(nodes: Nodes, answer: Callable[[Words], Reply], error: str) -> None:
    (node,) = observed(nodes, nodes.add(answer)).nodes
    assert (node.error, node.answers, node.table) == (error, False, ())


def test_a_node_that_cannot_be_reached(nodes: Nodes) -> None:
    dead = nodes.add_dead()
    assert observed(nodes, dead).nodes == (
        without_answer(dead, error=f"Error 111 connecting to 127.0.0.1:{dead.port}. Connection refused"),
    )


def test_a_member_that_waits_is_not_asked(nodes: Nodes) -> None:
    waiting = Member("shop-0-0", waiting="its pod does not exist")
    (node,) = observed(nodes, waiting).nodes
    assert (node.error, nodes.connected) == ("its pod does not exist", [])


def test_nodes_are_in_the_order_of_their_names(nodes: Nodes) -> None:
    found = observed(nodes, *(Member(name, waiting="x") for name in ("c", "a", "b")))
    assert [node.name for node in found.nodes] == ["a", "b", "c"]


def test_the_questions_are_those_that_the_stand_in_answers() -> None:
    server = Server(endpoint("10.0.0.1"))
    assert all(isinstance(server.reply(tuple(map(str, words))), (str, list)) for words in redis.QUESTIONS)
