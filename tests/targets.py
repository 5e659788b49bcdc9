# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run `ansible-test integration` against real servers: `python -m tests.targets [target or option ...]`.

1. As for sanity, a copy of the checkout stands below <cache>/targets, because ansible-test refuses a symbolic link.
2. For each server version and each target its own servers are started. Their addresses go into the file that
   ansible-test hands to every target, tests/integration/integration_config.yml of the copy.
3. A task of a target counts as one test; the JUnit files are kept.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import yaml

from tests.cache import cache_dir, locked
from tests.environment import CHECKOUT, tool_environment
from tests.loopback import processes
from tests.sanity import copy_checkout, keep_reports
from tests.servers import available
from tests.servers.suites import SOURCES

MEMBERS = {"cluster_info": 6, "cluster_meet": 3, "cluster_replicas": 6, "cluster_slots": 3, "redis_config": 3}
"""How many servers each target has for itself."""

REQUIRED = {source.suite for source in SOURCES if source.required}


def main(words: list[str]) -> int:
    root = cache_dir() / "targets"
    root.mkdir(parents=True, exist_ok=True)
    with locked(root), started() as servers:
        collection = copy_checkout(root / "ansible_collections")
        configuration = collection / "tests" / "integration" / "integration_config.yml"
        configuration.write_text(yaml.safe_dump({"servers": servers}), encoding="utf-8")
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        command = ["ansible-test", "integration", "--color", "no", "--python", version, *words]
        code = subprocess.run(command, cwd=collection, env=tool_environment(), check=False).returncode
        keep_reports(collection / "tests" / "output" / "junit", CHECKOUT / "build" / "junit" / "targets")
    return code


@contextmanager
def started() -> Iterator[list[dict[str, Any]]]:
    """The versions that every machine has; the tests by pytest go through all. ``endpoints`` by target."""
    with ExitStack() as stack:
        yield [
            {
                "name": f"{server.family} {server.version}",
                "endpoints": {
                    target: [member.endpoint for member in stack.enter_context(processes(server, number))]
                    for target, number in MEMBERS.items()
                },
            }
            for server in available()
            if server.suite in REQUIRED
        ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
