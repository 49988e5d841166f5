"""What stops a build, in one line."""


class BuildError(Exception):
    """The message is for the person at the terminal: what is wrong and, where known, what to do."""
