"""What a request costs here, measured against boto3 in the same run. See README.md."""
