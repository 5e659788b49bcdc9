# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that speaks RESP: what it answers is up to the test."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import IO

Words = tuple[str, ...]


class Refused(str):
    """An error reply."""

    __slots__ = ()


Reply = str | list[str] | None
"""None closes the connection instead of answering."""


def speaking(answer: Callable[[Words], Reply], tls: ssl.SSLContext | None = None) -> Callable[[socket.socket], None]:
    """For listening()."""

    def serve(connection: socket.socket) -> None:
        if tls is not None:
            connection = tls.wrap_socket(connection, server_side=True)
        with connection, connection.makefile("rb") as stream:
            while words := _command(stream):
                reply = answer(words)
                if reply is None:
                    return
                connection.sendall(_encoded(reply))

    return serve


def ok(words: Words) -> Reply:
    """Answers ECHO with its argument, PING with PONG, and is content with everything else."""
    if words[0] == "ECHO":
        return words[1]
    return "PONG" if words[0] == "PING" else "OK"


def _command(stream: IO[bytes]) -> Words:
    head = stream.readline()
    if not head:
        return ()
    words = []
    for _index in range(int(head[1:])):
        length = int(stream.readline()[1:])
        words.append(stream.read(length).decode())
        stream.readline()
    return tuple(words)


def _encoded(reply: str | list[str]) -> bytes:
    if isinstance(reply, Refused):
        return f"-{reply}\r\n".encode()
    if isinstance(reply, list):
        return f"*{len(reply)}\r\n".encode() + b"".join(_encoded(element) for element in reply)
    data = reply.encode()
    return b"$%d\r\n%s\r\n" % (len(data), data)
