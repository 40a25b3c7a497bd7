"""The live face of a Trace: a widget that shows every matrix and explains every number."""

from helpers.diagram.diagram import Diagram

__all__ = ["Diagram"]
