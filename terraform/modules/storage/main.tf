resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_18:access logs would need a second bucket that bills while idle; CloudTrail's data events show who read what where that is wanted
  #checkov:skip=CKV_AWS_21:files are written once and expire; old versions would outlive their deletion
  #checkov:skip=CKV_AWS_144:files that expire within weeks need no second Region
  #checkov:skip=CKV_AWS_145:a KMS key costs a dollar a month; S3's own key encrypts as well
  #checkov:skip=CKV2_AWS_62:nothing waits for an upload
  bucket        = var.name
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*" # a denial, so of everyone
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  # S3 takes one change of a bucket's access at a time.
  depends_on = [aws_s3_bucket_public_access_block.this]
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    id     = "expiry"
    status = "Enabled"

    filter {
      prefix = "users/"
    }

    expiration {
      days = var.expiry_days
    }
  }

  # Parts of uploads that were never completed are billed like files, and seen nowhere.
  rule {
    id     = "uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  # A page of the ledger is of one month, and begins its life anew with every change: after this its month is over.
  # What a page no longer names by itself (ledger/counted/) is of use for hours.
  rule {
    id     = "ledger"
    status = "Enabled"

    filter {
      prefix = "ledger/"
    }

    expiration {
      days = 40
    }
  }
}

resource "aws_s3_bucket_cors_configuration" "this" {
  count = length(var.upload_origins) > 0 ? 1 : 0

  bucket = aws_s3_bucket.this.id

  # A presigned URL is the permission; this only lets a web page use one. PUT for a file or a part,
  # POST for a form, GET for a large file's bytes.
  cors_rule {
    allowed_methods = ["GET", "POST", "PUT"]
    allowed_origins = var.upload_origins
    allowed_headers = ["*"]
    expose_headers  = ["ETag"] # of each part, to complete an upload of many
    max_age_seconds = 3600
  }
}
