"""Log levels of handshake clients, which this process keeps."""

from services.mcp.levels import Levels


def test_a_level_is_kept_by_caller_and_the_oldest_goes_first() -> None:
    levels = Levels(most=2)
    levels.of("a").name = "error"
    levels.of("b").name = "debug"
    assert levels.of("a").name == "error"
    assert levels.of("c").name == "info"
    assert levels.of("b").name == "info"
    assert levels.of("c").name == "info"
