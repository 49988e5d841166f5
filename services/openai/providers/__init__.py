"""Who answers for a model: each provider has `complete` and `stream`."""
