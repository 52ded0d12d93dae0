"""All checks, in the order of the table: this module is where they are had from."""

import init_hygiene  # noqa: F401
import init_signals  # noqa: F401
import init_tree  # noqa: F401
import init_tty  # noqa: F401
from init_check import CHECKS, Check

__all__ = ["CHECKS", "Check"]
