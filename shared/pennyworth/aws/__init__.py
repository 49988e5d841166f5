"""The hot path's way to AWS: signed requests over kept connections, and nothing of boto3."""

from pennyworth.aws.client import Aws, Reply
from pennyworth.aws.credentials import UNSIGNED, Credentials, environment_credentials
from pennyworth.aws.error import AwsError
from pennyworth.aws.events import Events

__all__ = ["UNSIGNED", "Aws", "AwsError", "Credentials", "Events", "Reply", "environment_credentials"]
