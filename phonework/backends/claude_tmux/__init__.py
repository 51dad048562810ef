"""Claude Code at terminals as a backend: in our own tmux, and wherever else on this machine, by its hooks."""

from phonework.backends.claude_tmux.backend import ClaudeTmuxBackend

__all__ = ["ClaudeTmuxBackend"]
