"""Which tools a caller may use, on which terms, and how they are found among many."""
