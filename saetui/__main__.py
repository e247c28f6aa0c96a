"""`python -m saetui` is `saetui`."""

import sys

from saetui.cli import main

sys.exit(main())
