"""Kinds of coding agents."""
