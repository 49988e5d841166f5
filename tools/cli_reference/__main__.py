"""Write docs/cli.md."""

from tools.cli_reference.page import PAGE, page

PAGE.write_text(page(), encoding="utf-8")
