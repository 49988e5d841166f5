"""Write docs/compatibility.md."""

import logging

from tools.compatibility.page import PAGE, page

logging.disable()  # a line for each of a thousand requests
PAGE.write_text(page())
