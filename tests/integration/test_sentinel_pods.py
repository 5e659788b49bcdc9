# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the pods of an instance with Sentinels start: whom they follow, and what they never do by themselves."""

from __future__ import annotations

from pathlib import Path

from tests.integration.pod_process import eventually
from tests.integration.sentinel_pods import sentinel_instance
from tests.servers import Server

SUITES = ("trixie",)


def test_an_instance_is_made(server: Server, shell: str, tmp_path: Path) -> None:
    with sentinel_instance(server, shell, tmp_path) as made:
        master = made.bootstrap()
        assert all(pod.pod.run("probe", "readiness").returncode == 0 for pod in made.servers)
        assert all(pod.pod.run("probe", "sentinel-readiness").returncode == 0 for pod in made.sentinels)
        master.kill()
        assert eventually(lambda: made.master() is None)
        assert eventually(lambda: any(each.is_master() for each in made.servers if each is not master)), made.trouble()
        master.start()
        assert made.agreed() is not master
