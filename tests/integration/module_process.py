# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that ``tests.integration.modules`` starts: runs the main() of modules one after the other.

Standard input is JSON: ``calls``, a list of [module, arguments]; ``kill``, null or when this program kills itself.
Each module prints its result as one line, as it does under Ansible; after one that failed no other runs.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.module_utils import basic
from ansible_collections.k8sredis.core.plugins.module_utils._model import Member
from ansible_collections.k8sredis.core.plugins.module_utils._observe.redis import QUESTIONS, Clients, Command

Requests = Mapping[Member, Sequence[Command]]


def main() -> int:
    order = json.load(sys.stdin)
    if order["kill"] is not None:
        kill_at(**order["kill"])
    return next((code for call in order["calls"] if (code := run(*call))), 0)


def run(module: str, arguments: dict[str, Any]) -> int:
    """What ansible-core's own wrapper does once it has unpacked a module."""
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
    basic._ANSIBLE_PROFILE = "legacy"
    found = importlib.import_module(f"ansible_collections.k8sredis.core.plugins.modules.{module}")
    try:
        found.main()
    except SystemExit as end:
        return int(end.code or 0)
    raise AssertionError(f"{module} ended without a result")


def kill_at(batch: int, *, amid: bool, having: str = "") -> None:
    """SIGKILL for this process right after its batch of that number, counted from 1, was sent and answered.

    A batch is what goes to all members at once and changes something; where several threads send, each sends batches of
    its own. ``having``: only batches with this word in a command count. ``amid``: the first half of its members get
    theirs, the last of these only the first half of its commands, and the others nothing.
    """
    send = Clients.send
    batches = 0
    turn = threading.Lock()

    def counting(self: Clients, requests: Requests, *, raw: bool = False) -> dict[str, list[Any]]:
        nonlocal batches
        if not changes_something(requests) or not has_word(requests, having):
            return send(self, requests, raw=raw)
        with turn:
            batches += 1
            number = batches
        if number < batch:
            return send(self, requests, raw=raw)
        if number > batch:  # Of another thread, while that batch is under way: this one is not sent any more.
            threading.Event().wait()
        send(self, first_half(requests) if amid else requests, raw=raw)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("alive after SIGKILL")

    Clients.send = counting  # type: ignore[method-assign]


def changes_something(requests: Requests) -> bool:
    return any(not _asks(command) for commands in requests.values() for command in commands)


def has_word(requests: Requests, word: str) -> bool:
    return not word or any(word in command for commands in requests.values() for command in commands)


READS = {
    *(("CONFIG", "GET"), ("COMMAND", "INFO"), ("ACL", "WHOAMI"), ("ACL", "DRYRUN"), ("ACL", "LIST")),
    ("CLIENT", "LIST"),
    *(("FUNCTION", "LIST"), ("FUNCTION", "DUMP"), ("SCRIPT", "EXISTS"), ("CLUSTER", "GETSLOTMIGRATIONS")),
    *(("CLUSTER", name) for name in ("COUNTKEYSINSLOT", "GETKEYSINSLOT", "SLOT-STATS")),
    *(("SENTINEL", name) for name in ("MYID", "MASTER", "REPLICAS", "SENTINELS", "CKQUORUM")),
}


def _asks(command: Command) -> bool:
    status = command[:3] == ("CLUSTER", "MIGRATION", "STATUS")
    return (
        command in QUESTIONS
        or command[:2] in READS
        or command[0] in ("EVAL_RO", "INFO", "ROLE", "PING", "DUMP")
        or status
    )


def first_half(requests: Requests) -> Requests:
    chosen = dict(list(requests.items())[: (len(requests) + 1) // 2])
    last = list(chosen)[-1]
    return {**chosen, last: chosen[last][: (len(chosen[last]) + 1) // 2]}


if __name__ == "__main__":
    sys.exit(main())
