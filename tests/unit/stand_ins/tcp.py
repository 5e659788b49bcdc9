# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TCP server on 127.0.0.1: each connection is served by a function in a thread of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port. Whatever ``serve`` still holds open at the end is closed."""
    open_sockets: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        accepting = threading.Thread(target=_accept, args=(server, serve, open_sockets), daemon=True)
        accepting.start()
        try:
            yield server.getsockname()[1]
        finally:
            # Shutting down, unlike closing, wakes a thread that waits in accept().
            server.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for one in open_sockets:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()


def _accept(server: socket.socket, serve: Callable[[socket.socket], None], open_sockets: list[socket.socket]) -> None:
    while True:
        try:
            connection, _address = server.accept()
        except OSError:
            return
        open_sockets.append(connection)
        threading.Thread(target=_serve, args=(serve, connection), daemon=True).start()


def _serve(serve: Callable[[socket.socket], None], connection: socket.socket) -> None:
    with suppress(OSError):  # the other side may leave at any moment
        serve(connection)


def silent(_connection: socket.socket) -> None:
    """Takes a connection and never says a word."""
    threading.Event().wait(60)
