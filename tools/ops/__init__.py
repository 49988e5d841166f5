"""What stands behind `make plan|deploy|destroy|output|rollback|admin|bootstrap`: Terraform and AWS."""
