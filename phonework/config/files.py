"""Reading a small file that somebody named, and why it could not be read in words."""

from pathlib import Path


def read(path: Path, limit: int) -> bytes:
    """All of it. limit: in bytes; a larger file raises OSError like one that cannot be read."""
    with path.open("rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(f"larger than {limit // 1024} KB")
    return content


def why(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
