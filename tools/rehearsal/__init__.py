"""`make rehearse`: a deployment from the first apply to destroy, by the real Terraform and AWS provider, here.

Everything is as an operator would meet it, except that AWS is the stand-in (local.aws), and that API Gateway and Lambda
are the ones of `make run`, fed with what was deployed.
"""
