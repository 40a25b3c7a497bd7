"""The course as pages that need no kernel: ``python -m tools.site`` writes them to ``build/site``."""
