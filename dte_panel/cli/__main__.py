"""``python -m dte_panel.cli``."""

import sys

from dte_panel.cli import main

sys.exit(main())
