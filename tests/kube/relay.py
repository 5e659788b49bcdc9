# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Offer the API server, which is in the lab's own network, to the programs of this machine on 127.0.0.1.

A socket stays in the network that it was made in: the listening one is inherited from this machine's, then the
process moves into the lab's network and makes its connections there. It only passes bytes on.

A program of its own: ``python -m tests.kube.relay <listening descriptor> <namespace> <address> <port>``.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path

from tests.kube.network import enter

CHUNK = 1 << 16


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until one side ends; then the other is closed too, as neither half of a TLS stream is of use alone."""
    try:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def relay(listening: socket.socket, address: str, port: int) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(address, port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

    async with await asyncio.start_server(connected, sock=listening) as server:
        await server.serve_forever()


def main() -> None:
    descriptor, namespace, address, port = sys.argv[1:]
    listening = socket.socket(fileno=int(descriptor))
    enter(Path(namespace))
    asyncio.run(relay(listening, address, int(port)))


if __name__ == "__main__":
    main()
