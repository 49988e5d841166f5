"""What the gateway itself offers beside its tools, and what it can say of whoever calls."""
