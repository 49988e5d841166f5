# The state's bucket and Region are given at init: `make bootstrap` makes the one, the values name the other.
terraform {
  backend "s3" {
    key          = "environments/dev.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region              = var.region
  allowed_account_ids = var.account_id == null ? null : [var.account_id]

  default_tags {
    tags = {
      application = "pennyworth"
      environment = var.environment
    }
  }
}
