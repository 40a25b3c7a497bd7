"""The Trace: named matrices, each with the rule that made it, and so its values, formulas and gradients."""

from helpers.trace.trace import Step, Trace, UnknownName

__all__ = ["Step", "Trace", "UnknownName"]
