"""What an environment costs while nobody uses it: the walk over its plan with a table of prices."""
