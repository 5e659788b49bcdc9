# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Kubernetes API server as far as port-forward needs one: the websocket, its two channels, and what can go wrong."""

from __future__ import annotations

import base64
import hashlib
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO

DATA, ERROR = 0, 1
BINARY, CLOSE = 2, 8


@dataclass
class Request:
    """The opening request of a websocket."""

    path: str
    headers: dict[str, list[str]] = field(default_factory=dict)
    """Values by name in lower case."""


class WebSocket:
    """One connection, after its request was read."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._stream: IO[bytes] = connection.makefile("rb")
        self._sending = threading.Lock()
        self.request = self._request()

    def _request(self) -> Request:
        _verb, path, _version = self._stream.readline().decode().split()
        request = Request(path)
        while line := self._stream.readline().decode().strip():
            name, _colon, value = line.partition(": ")
            request.headers.setdefault(name.lower(), []).append(value)
        return request

    def accept(self, port: int) -> None:
        """Opens both channels of a port."""
        key = self.request.headers["sec-websocket-key"][0]
        proof = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode(), usedforsecurity=False).digest()
        lines = [
            "HTTP/1.1 101 Switching Protocols",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Accept: {base64.b64encode(proof).decode()}",
            "Sec-WebSocket-Protocol: v4.channel.k8s.io",
        ]
        self._connection.sendall("".join(f"{line}\r\n" for line in [*lines, ""]).encode())
        for channel in (DATA, ERROR):
            self.send(channel, struct.pack("<H", port))

    def refuse(self, status: str, body: str) -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._connection.sendall((head + body).encode())

    def send(self, channel: int, data: bytes) -> None:
        self._frame(BINARY, bytes((channel,)) + data)

    def receive(self) -> bytes:
        """What came on the data channel; empty at the end."""
        head = self._stream.read(2)
        if len(head) < 2 or head[0] & 15 == CLOSE:
            return b""
        length = head[1] & 127
        if length > 125:
            layout = ">H" if length == 126 else ">Q"
            (length,) = struct.unpack(layout, self._stream.read(struct.calcsize(layout)))
        mask = self._stream.read(4)
        data = self._stream.read(length)
        repeated = mask * (length // 4 + 1)
        plain = int.from_bytes(data, "big") ^ int.from_bytes(repeated[:length], "big")
        return plain.to_bytes(length, "big")[1:]

    def _frame(self, opcode: int, data: bytes) -> None:
        size = len(data)
        length = bytes((size,)) if size < 126 else b"\x7e" + struct.pack(">H", size)
        length = length if size < 65536 else b"\x7f" + struct.pack(">Q", size)
        with self._sending:
            self._connection.sendall(bytes((0x80 | opcode,)) + length + data)

    def close(self) -> None:
        self._frame(CLOSE, b"")


def forwarding(
    port: int, requests: list[Request], forwarded: int = 6379, most: int = 60000
) -> Callable[[socket.socket], None]:
    """For listening(): forwards to a real port of this machine, in frames of at most so many bytes."""

    def serve(connection: socket.socket) -> None:
        peer = WebSocket(connection)
        requests.append(peer.request)
        with socket.create_connection(("127.0.0.1", port)) as target:
            peer.accept(forwarded)
            threading.Thread(target=_pump, args=(target, peer, most), daemon=True).start()
            while data := peer.receive():
                target.sendall(data)

    return serve


def _pump(target: socket.socket, peer: WebSocket, most: int) -> None:
    with suppress(OSError):
        while data := target.recv(most):
            peer.send(DATA, data)
        peer.close()
