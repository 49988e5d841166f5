"""docs/compatibility.md: what every parameter of every endpoint does with every model, found out by asking.

`python -m tools.compatibility` writes the page again. Nothing in it is claimed: each sample goes through the function
as a request would, and what reaches Bedrock is compared with what reaches it without the sample.
"""
