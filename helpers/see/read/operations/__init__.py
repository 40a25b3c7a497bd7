"""The operations that can be read: the name of each with its reader.

A reader gets the reading and an event, and returns what its result is: a draft, a view of drafts, or a list of these,
one for each result; None for what it cannot read. What it says is checked against the numbers of the run.
"""

from helpers.see.read.operations import (
    activations,
    attention,
    comparisons,
    elementwise,
    layers,
    lookups,
    moves,
    products,
    reductions,
    shares,
)

READERS = {
    **moves.READERS,
    **products.READERS,
    **elementwise.READERS,
    **activations.READERS,
    **reductions.READERS,
    **comparisons.READERS,
    **shares.READERS,
    **lookups.READERS,
    **layers.READERS,
    **attention.READERS,
}
