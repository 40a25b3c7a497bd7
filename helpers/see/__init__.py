"""Any function of yours becomes a Trace."""
