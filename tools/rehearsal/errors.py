"""What ends a rehearsal."""


class RehearsalError(Exception):
    """Something that must hold does not; the message says what."""
