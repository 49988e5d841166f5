# For the rehearsal on one machine: AWS_ENDPOINT_URL names the stand-in. No account is asked.
terraform {
  backend "local" {}
}

provider "aws" {
  region                      = var.region
  allowed_account_ids         = var.account_id == null ? null : [var.account_id]
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  max_retries                 = 2

  default_tags {
    tags = {
      application = "pennyworth"
      environment = var.environment
    }
  }
}
