"""The helpers of the attention course: the Trace, its pictures, its explorers, and the models."""

import sys

from helpers.look.streams import ready

ready(sys.stdout)
