"""Hypothesis draws the same examples each time; `make test ARGS="--hypothesis-profile=default"` draws new ones."""

from hypothesis import settings

settings.register_profile("same", derandomize=True, deadline=None, database=None)
settings.load_profile("same")
