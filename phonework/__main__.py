"""`python -m phonework` is `phonework`."""

from phonework.cli import main

main()
