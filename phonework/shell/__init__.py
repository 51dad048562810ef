"""Shell commands from a phone: what may run without asking, and running it."""
