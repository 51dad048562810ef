"""Channels: the places where people write and where cards are shown."""
