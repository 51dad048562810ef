"""Measurements of what the design promises, each beside a reference of the same run."""
