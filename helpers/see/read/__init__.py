"""A run that was written down becomes a Trace: rules, names, axes and roles."""
