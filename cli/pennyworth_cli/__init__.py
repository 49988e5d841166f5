"""`pennyworth`: the command line of a Pennyworth gateway, over its REST API alone."""

__version__ = "0.1.0"
