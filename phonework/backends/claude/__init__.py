"""Claude Code as a backend, on the vendor's agent SDK and the CLI it brings."""

from phonework.backends.claude.backend import ClaudeBackend

__all__ = ["ClaudeBackend"]
