# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The format that each server writes is the one of the table by which changes of the version are judged."""

from __future__ import annotations

import re

from ansible_collections.k8sredis.core.plugins.module_utils._decide import versions

from tests.servers import Server
from tests.servers.running import running

HEAD = re.compile(rb"(?:REDIS|VALKEY)(\d+)")


def test_what_a_file_begins_with(server: Server) -> None:
    branch = tuple(int(part) for part in server.version.split(".")[:2])
    with running(server, "port {port}\ndir {folder}\n") as one:
        one.client().execute_command("SAVE")
        head = HEAD.match((one.folder / "dump.rdb").read_bytes())
    assert head
    assert versions.RDB_FORMAT[server.family][branch] == int(head[1])
