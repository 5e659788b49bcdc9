# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger: clients use a cluster while something is done to it, then every write is accounted for.

See README.md beside this file, and ``ledger.running``.
"""
