"""The Regions an environment may name are those in which Amazon Bedrock is."""

import re
from pathlib import Path

import boto3

ROOT = Path(__file__).resolve().parents[2]


def test_the_regions_terraform_takes_are_those_botocore_knows_for_bedrock():
    variables = (ROOT / "terraform/modules/pennyworth/variables.tf").read_text()
    listed = re.search(r"contains\(\[([^]]*)\], var\.region\)", variables)[1]
    known = boto3.Session("-", "-", region_name="us-east-1").get_available_regions("bedrock")
    assert re.findall(r'"([a-z0-9-]+)"', listed) == sorted(known)
