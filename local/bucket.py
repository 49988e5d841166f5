"""The bucket of people's files, as Terraform makes it."""

import json
from typing import Any

from local.plan import Plan

_PRIVATE = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
_OWNED = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
_ENCRYPTED = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}]}


def bucket(s3: Any, plan: Plan, name: str) -> str:
    """The bucket's ARN; made unless it is there, and set up in either case."""
    arn = f"arn:aws:s3:::{name}"
    try:
        s3.head_bucket(Bucket=name)
    except s3.exceptions.ClientError:
        place = {} if plan.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": plan.region}}
        s3.create_bucket(Bucket=name, **place)
    tags = [{"Key": key, "Value": value} for key, value in plan.tags.items()]
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=_PRIVATE)
    s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=_OWNED)
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration=_ENCRYPTED)
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(_tls_only(arn)))
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration=_expiry(plan.file_expiry_days))
    if plan.upload_origins:
        s3.put_bucket_cors(Bucket=name, CORSConfiguration=_uploads(plan.upload_origins))
    else:
        s3.delete_bucket_cors(Bucket=name)
    return arn


def _tls_only(arn: str) -> dict[str, Any]:
    denied = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {"Version": "2012-10-17", "Statement": [denied]}


def _expiry(days: int) -> dict[str, Any]:
    files = {
        "ID": "expiry",
        "Status": "Enabled",
        "Filter": {"Prefix": "users/"},
        "Expiration": {"Days": days},
    }
    uploads = {
        "ID": "uploads",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
    }
    ledger = {"ID": "ledger", "Status": "Enabled", "Filter": {"Prefix": "ledger/"}, "Expiration": {"Days": 40}}
    return {"Rules": [files, uploads, ledger]}


def _uploads(origins: tuple[str, ...]) -> dict[str, Any]:
    rule = {
        "AllowedMethods": ["GET", "POST", "PUT"],
        "AllowedOrigins": list(origins),
        "AllowedHeaders": ["*"],
        "ExposeHeaders": ["ETag"],
        "MaxAgeSeconds": 3600,
    }
    return {"CORSRules": [rule]}
