"""Terraform's complete plan of an environment from nothing, made without an account and without a network."""
