# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Refusals as sentences: what, what was seen, what to do. Pure; PRIVATE to the collection."""

from __future__ import annotations

import json
from typing import Any

PREFIX = "redis_cluster_"
"""People know a setting by the role's variable."""

LONGEST_VALUE = 80


def unusable(setting: str, value: Any, reason: str, advice: str) -> str:
    """A value that cannot be taken. ``setting`` may go deeper: ``storage.size``."""
    return f"Cannot use {_setting(setting)}={shown(value)}: {reason}; {advice}."


def unusable_secret(setting: str, reason: str, advice: str) -> str:
    """As unusable(), for a value that nobody may see."""
    return f"Cannot use {_setting(setting)}: {reason}; {advice}."


def unchangeable(setting: str, old: Any, new: Any, reason: str, advice: str) -> str:
    """A change of something that lives."""
    return f"Cannot change {_setting(setting)} from {shown(old)} to {shown(new)}: {reason}; {advice}."


def foreign(subject: str, reason: str, advice: str) -> str:
    """Something in Kubernetes that stands in the way; ``subject`` such as ``Service shop``."""
    return f"Cannot use {subject}: {reason}; {advice}."


def shown(value: Any) -> str:
    """A value in one line; what is no printable character is escaped, long values cut."""
    text = _printable(json.dumps(value, ensure_ascii=False, default=str, sort_keys=True))
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."


def _setting(name: str) -> str:
    """The role's variable; a deeper part of its name may be the user's own text."""
    return _printable(f"{PREFIX}{name}")


def _printable(text: str) -> str:
    """JSON leaves U+0085 and U+2028, which end a line, marks that turn the direction of text, and lone surrogates,
    which no output can encode."""
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in text)
