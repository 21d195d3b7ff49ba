"""The CEL library, without the command line that its package imports (a fifth of a second at every start of ours)."""

import sys
from types import ModuleType

sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))

from cel import compile  # noqa: E402

__all__ = ["compile"]
