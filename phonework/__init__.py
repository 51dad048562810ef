"""PhoneWork: durable conversations between a phone and coding agents."""

__version__ = "0.1.0"
