"""Amazon Bedrock on one machine: its wire protocol, its rules and its faults, with simulated models behind it."""
