"""The hot path's way to AWS: signed requests over kept connections, and nothing of boto3."""

from pennyworth.aws.client import Aws
from pennyworth.aws.credentials import UNSIGNED, Credentials, environment_credentials
from pennyworth.aws.error import AwsError
from pennyworth.aws.events import Events
from pennyworth.aws.message import Reply
from pennyworth.aws.pieces import Pieces

__all__ = ["UNSIGNED", "Aws", "AwsError", "Credentials", "Events", "Pieces", "Reply", "environment_credentials"]
