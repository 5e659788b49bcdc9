# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of tests that take long, which versions and ways `make test` runs; `make chaos` runs all of them."""

from __future__ import annotations

import pytest

from tests.servers.suites import SOURCES, Source

SUITE = "trixie"
"""Its servers are there on every machine."""


def one_server(family: str = "redis") -> pytest.MarkDecorator:
    """With one server."""
    rows = [pytest.param(source, id=str(source), marks=_marks(source, source.family == family)) for source in SOURCES]
    return pytest.mark.parametrize("server", rows, indirect=True)


def swept(*kept: tuple[str, bool]) -> pytest.MarkDecorator:
    """Runs that are killed, after a batch of commands or amid one: by family, and whether amid."""
    rows = [
        pytest.param(
            source,
            amid,
            id=f"{source}-{'amid' if amid else 'after'}-a-batch",
            marks=_marks(source, (source.family, amid) in kept),
        )
        for source in SOURCES
        for amid in (False, True)
    ]
    return pytest.mark.parametrize(("server", "amid"), rows, indirect=["server"])


def _marks(source: Source, kept: bool) -> tuple[pytest.MarkDecorator, ...]:
    return () if kept and source.suite == SUITE else (pytest.mark.chaos,)
