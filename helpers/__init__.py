"""The helpers of the attention course: the Trace, its pictures, its explorers, and the models."""
