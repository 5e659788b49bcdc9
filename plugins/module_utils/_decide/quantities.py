# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Amounts as Kubernetes and redis.conf write them. Pure; PRIVATE to the collection."""

from __future__ import annotations

import re
from decimal import Decimal

QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:(Ki|Mi|Gi|Ti|Pi|Ei|m|k|M|G|T|P|E|)|[eE]([+-]?[0-9]{1,2}))")
QUANTITY_UNITS = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTPE", 1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)},
}
MEMORY = re.compile(r"([0-9]+)([kmg]?b?)", re.IGNORECASE)
MIB = 2**20
MEMORY_UNITS = {"": 1, "b": 1, "k": 10**3, "kb": 2**10, "m": 10**6, "mb": 2**20, "g": 10**9, "gb": 2**30}


def quantity(text: object) -> Decimal | None:
    """A Kubernetes quantity such as 500m, 2, 1.5Gi; None when it is none. Negative ones are none here."""
    found = QUANTITY.fullmatch(str(text))
    if not found or isinstance(text, bool):
        return None
    number, unit, exponent = found.groups()
    return Decimal(number) * (QUANTITY_UNITS[unit or ""] if exponent is None else Decimal(10) ** int(exponent))


def memory(text: object) -> int | None:
    """Bytes of an amount in redis.conf such as 100mb (1024 based) or 100m (1000 based); None when it is none."""
    found = MEMORY.fullmatch(str(text))
    return int(found[1]) * MEMORY_UNITS[found[2].lower()] if found else None
