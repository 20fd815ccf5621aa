# SPDX-License-Identifier: BSD-2-Clause
"""Measurements beside peers, in one run (bench/README.md)."""
