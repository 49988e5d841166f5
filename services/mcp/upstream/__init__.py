"""Servers of others behind the gateway. Nothing here is imported until one is declared and asked."""
