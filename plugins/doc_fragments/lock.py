# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  run_id:
    description:
      - Id of the run that holds the instance's lock, as returned by M(k8sredis.core.instance_lock).
      - Without it the module takes the lock for itself and releases it when it ends.
      - There is no lock for servers and pods that are not found by O(name), and none in check mode.
    type: str
"""
