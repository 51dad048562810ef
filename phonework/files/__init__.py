"""Files below the working root: found, read, written, listed and searched, and never one outside of it (A5, S10)."""
