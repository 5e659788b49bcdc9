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
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.module_utils import basic
from ansible_collections.k8sredis.core.plugins.module_utils._model import Member
from ansible_collections.k8sredis.core.plugins.module_utils._observe.redis import QUESTIONS, Clients, Command

Requests = Mapping[Member, Sequence[Command]]


def main() -> int:
    order = json.load(sys.stdin)
    if order["kill"] is not None:
        kill_at(order["kill"]["batch"], amid=order["kill"]["amid"])
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


def kill_at(batch: int, *, amid: bool) -> None:
    """SIGKILL for this process right after its batch of that number, counted from 1, was sent and answered.

    A batch is what goes to all members at once and changes something. ``amid``: the first half of its members get
    theirs, the last of these only the first half of its commands, and the others nothing.
    """
    send = Clients.send
    batches = 0

    def counting(self: Clients, requests: Requests) -> dict[str, list[Any]]:
        nonlocal batches
        batches += changes_something(requests)
        if batches < batch:
            return send(self, requests)
        send(self, first_half(requests) if amid else requests)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("alive after SIGKILL")

    Clients.send = counting  # type: ignore[method-assign]


def changes_something(requests: Requests) -> bool:
    return any(not _asks(command) for commands in requests.values() for command in commands)


def _asks(command: Command) -> bool:
    return command in QUESTIONS or command[:2] == ("CONFIG", "GET")


def first_half(requests: Requests) -> Requests:
    chosen = dict(list(requests.items())[: (len(requests) + 1) // 2])
    last = list(chosen)[-1]
    return {**chosen, last: chosen[last][: (len(chosen[last]) + 1) // 2]}


if __name__ == "__main__":
    sys.exit(main())
