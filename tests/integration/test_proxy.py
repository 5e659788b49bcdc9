# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain clients behind HAProxy, in front of a master that real Sentinels watch.

The versions of HAProxy are spread over those of the servers, for whose replies it is the same.
"""

from __future__ import annotations

import math
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as Closed
from redis.exceptions import RedisError

from tests.integration.pod_process import eventually
from tests.integration.proxy import APPLICATION, PASSWORD, Proxy, configuration, proxied, unready
from tests.integration.sentinels import NAME, Watched, watched
from tests.integration.sources import found, needed
from tests.loopback import Process
from tests.servers import Server, proxies
from tests.servers.suites import PROXIES, Source

SUITES = ("trixie",)
WRITERS = 3


@pytest.fixture
def program(server: Server) -> Server:
    """The oldest and the newest HAProxy in everybody's tests, that in between in `make chaos`."""
    oldest, between, newest = PROXIES
    if server.suite not in SUITES:
        return needed(between, proxies())
    if server.family == "redis":
        return needed(oldest, proxies())
    return needed(newest if found(newest, proxies()) else between, proxies())


@dataclass
class Writer:
    """Writes over one connection for as long as it lasts, then over a new one."""

    proxy: Proxy
    writes: list[tuple[float, float, str]] = field(default_factory=list)
    """When each was sent and when answered, and the run id of the server."""
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.ended.is_set():
            try:
                with self.proxy.client() as client:
                    self.write(client)
            except (RedisError, OSError):
                time.sleep(0.002)

    def write(self, client: Redis) -> None:
        run_id = str(client.info("server")["run_id"])
        while not self.ended.is_set():
            sent = time.monotonic()
            client.set("key", "value")
            self.writes.append((sent, time.monotonic(), run_id))
            time.sleep(0.001)

    def writes_to(self, run_id: str) -> bool:
        return bool(self.writes) and self.writes[-1][2] == run_id


@contextmanager
def writing(proxy: Proxy) -> Iterator[list[Writer]]:
    writers = [Writer(proxy) for _number in range(WRITERS)]
    threads = [threading.Thread(target=writer.run, daemon=True) for writer in writers]
    for thread in threads:
        thread.start()
    try:
        assert eventually(lambda: all(writer.writes for writer in writers)), proxy.log
        yield writers
    finally:
        for writer in writers:
            writer.ended.set()
        proxy.end()  # so that none goes on waiting
        for thread in threads:
            thread.join()


def overlaps(writers: list[Writer]) -> list[tuple[float, float, str]]:
    """Writes sent to one server after another one, which came later, had answered: two masters at once."""
    answered: dict[str, float] = {}
    for _sent, at, run_id in sorted(write for writer in writers for write in writer.writes):
        answered.setdefault(run_id, at)
    order = sorted(answered, key=lambda run_id: answered[run_id])
    ends = {former: answered[latter] for former, latter in pairwise(order)}
    return [write for writer in writers for write in writer.writes if write[0] > ends.get(write[2], math.inf)]


def id_of(server: Process) -> str:
    lines = server.ask("INFO", "server").splitlines()
    return next(line.partition(":")[2] for line in lines if line.startswith("run_id:"))


def named(made: Watched) -> Process:
    """Whom the Sentinels name, all of them; the former master while they do not agree."""
    told = {tuple(each.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)) for each in made.sentinels}
    found = [each for each in made.servers if told == {(each.host, str(each.port))}]
    return found[0] if found else made.servers[0]


def handed_over(made: Watched) -> None:
    made.succeed("sentinel_failover", to=made.servers[1].endpoint)


def killed(made: Watched) -> None:
    made.servers[0].kill()


def stopped(made: Watched) -> None:
    made.servers[0].send_signal(signal.SIGSTOP)


def cut_off(made: Watched) -> None:
    """From Sentinels and replicas, who are the user default, and not from applications and the proxy. It stays master,
    as it takes no word from a Sentinel."""
    former = made.servers[0]
    former.access = APPLICATION
    former.ask("ACL", "SETUSER", "default", "-@all")


@pytest.mark.parametrize("deed", [handed_over, killed, stopped, cut_off])
def test_clients_come_to_the_new_master_and_never_to_two(
    server: Server, program: Server, deed: Callable[[Watched], None]
) -> None:
    replicas = 1 if deed is handed_over else 2  # to choose one of two takes ten seconds
    with watched(server, replicas) as made, proxied(program, made) as proxy, writing(proxy) as writers:
        former = id_of(made.servers[0])
        assert all(writer.writes_to(former) for writer in writers)
        deed(made)
        assert eventually(lambda: named(made) is not made.servers[0])
        master = id_of(named(made))
        assert eventually(lambda: all(writer.writes_to(master) for writer in writers)), proxy.log
        assert proxy.leads_to() == master
        assert overlaps(writers) == []
        if deed is cut_off:
            assert made.servers[0].ask("ROLE")[0] == "master"
            leads_there_from_its_start(program, made, master)


def leads_there_from_its_start(program: Server, made: Watched, master: str) -> None:
    """A new proxy, which knows nothing yet, does not take the former master either."""
    with unready(program, made) as proxy:
        seen = {""}
        while master not in seen:
            seen.add(proxy.leads_to())
        assert seen == {"", master}


def test_nobody_is_served_without_a_majority(server: Server, program: Server) -> None:
    with watched(server) as made, proxied(program, made) as proxy, proxy.client() as client:
        one, two, _three = made.sentinels
        assert client.incr("counter") == 1
        one.kill()
        assert eventually(lambda: "votes_for_sessions-0-0/sessions-sentinel-0 is DOWN" in proxy.log)
        assert client.incr("counter") == 2  # over the same connection: nothing happened to it
        two.kill()
        assert eventually(lambda: proxy.leads_to() == "")
        with pytest.raises(Closed):
            client.incr("counter")
        assert made.servers[0].ask("GET", "counter") == "2"
        two.start()
        assert eventually(lambda: proxy.leads_to() == id_of(made.servers[0]))
        assert proxy.is_healthy()
        assert PASSWORD not in proxy.log


def test_nobody_is_served_before_a_sentinel_has_answered(server: Server, program: Server) -> None:
    """HAProxy takes for given what it has not checked yet."""
    with watched(server, replicas=1) as made, proxied(program, made):
        for sentinel in made.sentinels:
            sentinel.send_signal(signal.SIGSTOP)
        with unready(program, made) as late:
            assert eventually(lambda: "Server master/sessions-0-1 is DOWN" in late.log)
            assert {late.leads_to() for _number in range(10)} == {""}


def test_a_server_that_the_sentinels_name_and_that_is_no_master(server: Server, program: Server) -> None:
    """Somebody made it a replica by hand, which Sentinels do not see for a while."""
    with watched(server) as made, proxied(program, made) as proxy, proxy.client() as client:
        assert client.incr("counter") == 1
        other = made.servers[1]
        made.servers[0].ask("REPLICAOF", other.host, str(other.port))
        assert eventually(lambda: proxy.leads_to() == "")
        with pytest.raises(Closed):
            client.incr("counter")


def test_readers_reach_replicas_in_sync_else_the_master(server: Server, program: Server) -> None:
    with watched(server) as made, proxied(program, made) as proxy:
        master, replicas = made.servers[0], made.servers[1:]
        ids = {id_of(each): each for each in replicas}
        assert eventually(lambda: readers(proxy) == set(ids))
        master.ask("ACL", "SETUSER", "default", "-psync", "-sync")  # nobody comes back to it
        cut_links(master, 1)
        assert eventually(lambda: len(readers(proxy)) == 1)
        assert [ids[each].ask("ROLE")[3] for each in readers(proxy)] == ["connected"]
        cut_links(master, 1)
        assert eventually(lambda: readers(proxy) == {id_of(master)})
        with proxy.client(replicas=True) as reader:
            assert reader.ping()
            master.ask("ACL", "SETUSER", "default", "+psync", "+sync")
            assert eventually(lambda: readers(proxy) == set(ids))
            with pytest.raises(Closed):
                reader.ping()


def readers(proxy: Proxy) -> set[str]:
    return {proxy.leads_to(replicas=True) for _number in range(6)}


def cut_links(master: Process, number: int) -> None:
    for line in master.ask("CLIENT", "LIST", "TYPE", "replica").splitlines()[:number]:
        master.ask("CLIENT", "KILL", "ID", line.split()[0].removeprefix("id="))


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
@pytest.mark.parametrize("source", PROXIES, ids=str)
def test_the_configuration_has_no_warning(source: Source, family: str, tmp_path: Path) -> None:
    addresses = {"ipv4": "10.96.0.{}", "ipv6": "fd00::{}"}[family]
    text = configuration(
        [addresses.format(number) for number in (1, 2, 3)],
        [addresses.format(number) for number in (11, 12, 13)],
        port=6379,
        sentinel_port=26379,
        proxy_port=6379,
        proxy_replicas_port=6380,
        proxy_health_port=8404,
        ip_family=family,
    )
    (tmp_path / "haproxy.cfg").write_text(text, encoding="utf-8")
    command = [*needed(source, proxies()).command("haproxy"), "-c", "-f", str(tmp_path / "haproxy.cfg")]
    environment = {**os.environ, "PROBE_PASSWORD": PASSWORD}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, "WARNING" in done.stderr) == (0, False), done.stderr
