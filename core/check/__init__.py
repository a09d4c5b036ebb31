"""`from core.check import check`: find faults around buffers, devices and checkpoints."""

from core.check.check_module import check
from core.check.report import Finding, Report
from core.check.subject import CannotCheck

__all__ = ["CannotCheck", "Finding", "Report", "check"]
