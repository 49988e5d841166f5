"""The ledger: what people, keys and groups have spent this month, added up from the usage log."""
