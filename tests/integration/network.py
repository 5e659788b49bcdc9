# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network of a test's own, in which members can be cut off; the machine's stays as it is."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.loopback import Process

NEW_NETWORK = 0x40000000
"""CLONE_NEWNET of unshare(2); os.unshare() came with Python 3.12."""

TABLE = "inet cut"


@contextmanager
def own_network() -> Iterator[None]:
    """This thread, and what it starts meanwhile, is in a network namespace that has a loopback alone."""
    if os.geteuid() != 0:
        pytest.skip("a network of its own needs root")
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open(Path("/proc/thread-self/ns/net"), os.O_RDONLY)
    try:
        if libc.unshare(NEW_NETWORK) != 0:
            pytest.skip(f"no network of its own here: {os.strerror(ctypes.get_errno())}")
        try:
            _run("ip", "link", "set", "lo", "up")
            yield
        finally:
            assert libc.setns(before, NEW_NETWORK) == 0, os.strerror(ctypes.get_errno())
    finally:
        os.close(before)


@contextmanager
def cut_off(member: Process) -> Iterator[None]:
    """No packet reaches it or comes from it; connections stay open and fall silent, as when a cable is pulled."""
    _run("nft", "add", "table", *TABLE.split())
    try:
        _run("nft", "add", "chain", *TABLE.split(), "in", "{ type filter hook input priority 0; }")
        for side in ("saddr", "daddr"):
            _run("nft", "add", "rule", *TABLE.split(), "in", "ip", side, member.host, "drop")
        yield
    finally:
        _run("nft", "delete", "table", *TABLE.split())


def _run(*words: str) -> None:
    subprocess.run(words, check=True)
