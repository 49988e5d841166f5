"""Where everything of a running system listens."""

from dataclasses import dataclass

from local.provision import Installation


@dataclass(frozen=True, slots=True)
class Places:
    """URLs."""

    front: str
    aws: str
    bedrock: str
    lambda_api: str

    @property
    def base_url(self) -> str:
        return f"{self.front}/v1"

    @property
    def endpoints(self) -> dict[str, str]:
        """The variables by which every AWS SDK finds the stand-ins."""
        return {
            "AWS_ENDPOINT_URL": self.aws,
            "AWS_ENDPOINT_URL_BEDROCK": self.bedrock,
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": self.bedrock,
            "AWS_ENDPOINT_URL_LAMBDA": self.lambda_api,
        }

    def facts(self, installation: Installation) -> dict[str, str]:
        """What others need to find the system and to read what is in it; no secret."""
        return {
            "base_url": self.base_url,
            "aws_url": self.aws,
            "bedrock_url": self.bedrock,
            "lambda_url": self.lambda_api,
            "region": installation.region,
            "user_pool_id": installation.user_pool_id,
            "client_id": installation.client_id,
            "identity_pool_id": installation.identity_pool_id,
        }
