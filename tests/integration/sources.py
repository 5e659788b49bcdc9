# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program of a source, as a test needs it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.servers import Server
from tests.servers.suites import Source


def found(source: Source, programs: Iterable[Server]) -> Server | None:
    return next((one for one in programs if (one.family, one.suite) == (source.family, source.suite)), None)


def needed(source: Source, programs: Iterable[Server]) -> Server:
    """One whose absence fails the test when it is required, and is a skip when it is optional."""
    program = found(source, programs)
    if program is None and source.required:
        pytest.fail(f"{source} is not there; `python -m tests.servers fetch` fetches it.")
    if program is None:
        pytest.skip(f"{source} could not be had here")
    return program
