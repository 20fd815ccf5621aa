# SPDX-License-Identifier: BSD-2-Clause
"""Roundpeg's host side: plans, packs, checks and boots images."""
