"""A scripted agent without credentials that truly edits files and goes through everything a person can be asked."""

from phonework.backends.demo.backend import DemoBackend

__all__ = ["DemoBackend"]
