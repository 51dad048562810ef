"""An agent for PhoneWork that runs a program for each message, and asks before it."""

from phonework_runner.backend import RunnerBackend

__all__ = ["RunnerBackend"]
