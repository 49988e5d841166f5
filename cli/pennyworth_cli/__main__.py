"""`python -m pennyworth_cli`."""

from pennyworth_cli.app import main

main()
