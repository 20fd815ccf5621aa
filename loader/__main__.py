# SPDX-License-Identifier: BSD-2-Clause
"""`python -m loader` is `mkimage`."""

import sys

from loader.cli import main

sys.exit(main())
