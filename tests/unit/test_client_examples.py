# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation shows of examples/clients, and what they are tested with, is what they say."""

from __future__ import annotations

import re
import textwrap

import pytest

from tests.environment import CHECKOUT, REQUIREMENTS

EXAMPLES = CHECKOUT / "examples" / "clients"
SHOWN = {
    "redis_py/writer.py": "python",
    "go_redis/writer.go": "go",
    "jedis/src/main/java/Writer.java": "java",
}


@pytest.mark.parametrize(("path", "language"), SHOWN.items())
def test_the_documentation_shows_the_settings(path: str, language: str) -> None:
    text = (EXAMPLES / path).read_text(encoding="utf-8")
    (shown,) = re.findall(r"shows: begin\n(.*?)^[^\n]*shows: end$", text, re.DOTALL | re.MULTILINE)
    page = (CHECKOUT / "docs" / "sentinel.md").read_text(encoding="utf-8")
    assert textwrap.dedent(shown) in re.findall(rf"^```{language}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)


def test_redis_py_is_the_one_of_the_tests() -> None:
    (wanted,) = (EXAMPLES / "redis_py" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert wanted in REQUIREMENTS.read_text(encoding="utf-8").splitlines()
