"""Codex as a backend: its own app-server, spoken to over a private socket."""

from phonework.backends.codex.backend import CodexBackend

__all__ = ["CodexBackend"]
