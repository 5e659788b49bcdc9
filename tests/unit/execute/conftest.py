# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is sent is sent in a known order here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.stand_ins.threads import in_order


@pytest.fixture(autouse=True)
def known_order() -> Iterator[None]:
    with in_order():
        yield
