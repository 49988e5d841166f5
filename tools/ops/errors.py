"""What stops a command, in one line for the person at the terminal: what is wrong, and what to do."""


class OpsError(Exception):
    """Something outside the command is not as it has to be."""


class UsageError(OpsError):
    """The command was not said right."""
