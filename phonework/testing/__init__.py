"""Fakes and conformance suites that ship with the program."""
