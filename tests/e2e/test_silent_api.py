# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Kubernetes API that takes connections and says nothing ends a run soon, from the beginning or in mid-run."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from tests.e2e import playbook
from tests.e2e.cluster import Cluster
from tests.e2e.instances import instance
from tests.e2e.watched import watched


@pytest.fixture
def silence() -> Iterator[str]:
    """The kernel takes the connections of a listening socket; nobody ever reads them."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        yield f"https://127.0.0.1:{listening.getsockname()[1]}"


def test_silent_api(silence: str, cluster: Cluster) -> None:
    connection = {"host": silence, "api_key": "none", "validate_certs": False}
    variables = {
        **instance("silent", "e2e-silent-api", "localhost/redis:8.0.2", kubernetes=connection),
        "redis_cluster_confirm_destroy": "silent",
    }
    with ExitStack() as stack:
        # At the same time, as they only wait.
        names = ("redis_cluster", "redis_cluster_info", "redis_cluster_destroy")
        runs = [stack.enter_context(watched(cluster, name, variables)) for name in names]
        for run in runs:
            done = run.end()
            assert done.code == 2, done.output
            assert done.changed == 0
            assert "Cannot reach the Kubernetes API: no answer within " in done.output, done.output
            assert "Traceback" not in done.output


class Relay:
    """Between the playbook and the API, until it falls silent: connections stay open and nothing passes any more."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._silent = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self._listening.getsockname()[1])
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Relay:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._listening.close()

    def fall_silent(self) -> None:
        self._silent.set()

    def speak(self) -> None:
        self._silent.clear()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(asyncio.start_server(self._connected, sock=self._listening))
        self._loop.run_forever()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onwards = await asyncio.open_connection(*self._to)
        await asyncio.gather(self._pass(reader, onwards[1]), self._pass(onwards[0], writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                while self._silent.is_set():
                    await asyncio.sleep(1)
                writer.write(data)
                await writer.drain()
            writer.close()


def test_silent_in_mid_run(cluster: Cluster, namespace: str, image: str, tmp_path: Path) -> None:
    """While a module of kubernetes.core works, which knows no limit of its own; the next run goes on."""
    config = yaml.safe_load(cluster.kubeconfig.read_text(encoding="utf-8"))
    server = urlsplit(config["clusters"][0]["cluster"]["server"])
    variables = instance("hushed", namespace, image, wait_timeout=30, lock_duration=5)
    with Relay(server.hostname or "", server.port or 443) as relay:
        config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{relay.port}"
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(yaml.safe_dump(config), encoding="utf-8")
        with watched(Cluster(kubeconfig, cluster.local), "redis_cluster", variables) as run:
            run.until("Apply the objects")
            relay.fall_silent()
            done = run.end()
    assert done.code == 2, done.output
    assert re.search(r"Timed out after \d\d second", done.output), done.output
    assert "Traceback" not in done.output, done.output
    assert playbook.converge(cluster, {**variables, "redis_cluster_wait_timeout": 300}).changed > 0
    playbook.destroy(cluster, variables)
