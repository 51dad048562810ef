"""Reminders: when a person means, when it comes next, and how to say it; pure."""
