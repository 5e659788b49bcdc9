# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every test here runs once for each server version."""

from __future__ import annotations

import pytest

from tests.integration.sources import found, needed
from tests.servers import Server, available
from tests.servers.suites import SOURCES, Source


def _name(source: Source) -> str:
    program = found(source, available())
    return f"{source.family}-{program.version if program else source.suite}"


@pytest.fixture(params=SOURCES, ids=_name, scope="session")
def server(request: pytest.FixtureRequest) -> Server:
    return needed(request.param, available())


@pytest.fixture
def shell(server: Server) -> str:
    """Of the images: Debian's with one family, Alpine's with the other, as each with both takes twice as long."""
    return "dash" if server.family == "redis" else "busybox"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file with ``SUITES`` is run with the versions of these suites, or of ``<family>-<suite>``, and with all of them
    by ``make chaos``: together such files take longer than everybody's tests may."""
    for item in items:
        suites = getattr(getattr(item, "module", None), "SUITES", None)
        source = getattr(getattr(item, "callspec", None), "params", {}).get("server")
        if suites is None or not isinstance(source, Source):
            continue
        if not {source.suite, f"{source.family}-{source.suite}"} & set(suites):
            item.add_marker(pytest.mark.chaos)
