mock_provider "aws" {
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::pennyworth-test-123456789012" }
  }
}

variables {
  name = "pennyworth-test-123456789012"
}

run "nothing_is_public" {
  assert {
    condition = (
      aws_s3_bucket_public_access_block.this.block_public_acls && aws_s3_bucket_public_access_block.this.block_public_policy &&
      aws_s3_bucket_public_access_block.this.ignore_public_acls && aws_s3_bucket_public_access_block.this.restrict_public_buckets
    )
    error_message = "every way to make it public is closed"
  }
  assert {
    condition     = aws_s3_bucket_ownership_controls.this.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "there are no access control lists"
  }
  assert {
    condition     = alltrue([for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : statement.Effect == "Deny"])
    error_message = "the bucket itself allows nobody anything"
  }
}

run "only_tls_is_answered" {
  assert {
    condition = jsondecode(aws_s3_bucket_policy.this.policy).Statement == [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
    error_message = "what came without TLS is refused, of the bucket and of its objects"
  }
}

run "files_are_encrypted_and_expire" {
  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"
    error_message = "S3's own key"
  }
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.rule[0].expiration[0].days == 30 && aws_s3_bucket_lifecycle_configuration.this.rule[0].status == "Enabled"
    error_message = "a month"
  }
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.rule[1].abort_incomplete_multipart_upload[0].days_after_initiation == 1
    error_message = "uploads that were never completed go too"
  }
  assert {
    condition     = { for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.filter[0].prefix => rule.expiration[0].days if length(rule.expiration) > 0 } == { "users/" = 30, "ledger/" = 40 }
    error_message = "no page of the ledger goes before its month is over, however soon files do"
  }
  assert {
    condition     = !aws_s3_bucket.this.force_destroy
    error_message = "a bucket with files in it is kept unless told otherwise"
  }
}

run "a_web_page_may_upload_from_the_origins_given" {
  variables {
    upload_origins = ["https://chat.example.com"]
  }
  assert {
    condition     = one(aws_s3_bucket_cors_configuration.this[0].cors_rule).allowed_origins == toset(["https://chat.example.com"])
    error_message = "that page and no other"
  }
}

run "no_web_page_may_upload" {
  variables {
    upload_origins = []
  }
  assert {
    condition     = length(aws_s3_bucket_cors_configuration.this) == 0
    error_message = "a rule without an origin would be refused"
  }
}

run "refuses_an_origin_with_a_path" {
  command = plan
  variables {
    upload_origins = ["https://chat.example.com/"]
  }
  expect_failures = [var.upload_origins]
}

run "refuses_an_expiry_of_no_days" {
  command = plan
  variables {
    expiry_days = 0
  }
  expect_failures = [var.expiry_days]
}

run "refuses_a_name_s3_would" {
  command = plan
  variables {
    name = "Files"
  }
  expect_failures = [var.name]
}
