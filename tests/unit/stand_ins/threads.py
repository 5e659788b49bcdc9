# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One thread for all connections, so that the stand-ins are asked one after the other, in the order of the plan.

With several, the machine chooses who comes first, and a busy one now and then otherwise; and the stand-ins, which are
shared, would be changed by two threads at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from ansible_collections.k8sredis.core.plugins.module_utils._observe import redis


@contextmanager
def in_order() -> Iterator[None]:
    with patch.object(redis, "MOST_THREADS", 1):
        yield
