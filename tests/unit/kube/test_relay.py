# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The relay passes bytes both ways, and an end on one side is an end on the other."""

from __future__ import annotations

import asyncio
import contextlib
import socket

from tests.kube.relay import relay

SECONDS = 10


async def talk(far_port: int, said: bytes) -> bytes:
    """Through a relay: say something, and read until the far side ends."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        task = asyncio.create_task(relay(listening, "127.0.0.1", far_port))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(said)
        answer = await asyncio.wait_for(reader.read(), SECONDS)
        writer.close()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return answer


def test_what_is_said_comes_back() -> None:
    async def echo_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(1 << 20))
        await writer.drain()
        writer.close()

    async def scenario() -> bytes:
        async with await asyncio.start_server(echo_once, "127.0.0.1", 0) as server:
            return await talk(server.sockets[0].getsockname()[1], b"x" * (1 << 20))

    assert asyncio.run(scenario()) == b"x" * (1 << 20)


def test_nobody_there_ends_the_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    assert asyncio.run(talk(port, b"hello")) == b""
