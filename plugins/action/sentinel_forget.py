# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

# Finds and decrypts kubeconfig files on the controller, as for kubernetes.core's own modules.
from ansible_collections.kubernetes.core.plugins.action.k8s_info import ActionModule

__all__ = ["ActionModule"]
