"""What OAuth answers when something is wrong."""


class OAuthError(Exception):
    """An error of RFC 6749, 7591 or 8707 by its code, with a sentence for whoever wrote the client."""

    def __init__(self, code: str, description: str, *, status: int = 400) -> None:
        super().__init__(description)
        self.code, self.description, self.status = code, description, status

    @property
    def members(self) -> dict[str, str]:
        return {"error": self.code, "error_description": self.description}
