"""docs/cli.md, from the commands themselves."""
