"""A run of your code, written down: every call, and every matrix in each of its states."""
