# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong is told in one sentence: what could not be done, what was seen, what to do."""

from __future__ import annotations


class LabError(Exception):
    """One sentence for people."""
