# GitHub's workflows sign in as roles of this account, without a key of ours anywhere. A role asks who is coming: a pull
# request of the repository may plan; a job that GitHub admitted to an environment may deploy that environment. Repositories
# made, renamed or moved since mid-2026 have ids in what they say of themselves: repo:OWNER@ID/NAME@ID:… (GitHub's OpenID
# Connect reference, "Immutable subject claims", read 2026-11).

locals {
  federation   = "token.actions.githubusercontent.com"
  provider_arn = var.oidc_provider_arn == null ? one(aws_iam_openid_connect_provider.github[*].arn) : var.oidc_provider_arn
  deployed     = toset(var.github_repository == null ? [] : var.environments)

  subjects = merge(
    { plan = "repo:${coalesce(var.github_repository, "none")}:pull_request" },
    { for environment in local.deployed : environment => "repo:${var.github_repository}:environment:${environment}" },
  )
  trust = {
    for name, subject in local.subjects : name => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Sid       = "GitHub"
        Effect    = "Allow"
        Principal = { Federated = local.provider_arn }
        Action    = "sts:AssumeRoleWithWebIdentity"
        Condition = { StringEquals = { "${local.federation}:aud" = "sts.amazonaws.com", "${local.federation}:sub" = subject } }
      }]
    })
  }

  state = "arn:${local.partition}:s3:::${aws_s3_bucket.state.bucket}"
  states = {
    for environment in var.environments : environment => {
      state = "${local.state}/environments/${environment}.tfstate"
      lock  = "${local.state}/environments/${environment}.tfstate.tflock"
    }
  }
}

resource "aws_iam_openid_connect_provider" "github" {
  count = var.github_repository != null && var.oidc_provider_arn == null ? 1 : 0

  url            = "https://${local.federation}"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "plan" {
  count = var.github_repository == null ? 0 : 1

  name               = "${local.name}-plan-${local.region}"
  assume_role_policy = local.trust["plan"]
}

resource "aws_iam_policy" "plan" {
  count = length(aws_iam_role.plan)

  name        = "${local.name}-plan-${local.region}"
  description = "Read what Terraform's states describe"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        { Sid = "States", Effect = "Allow", Action = ["s3:GetObject"], Resource = values(local.states)[*].state },
        { Sid = "Bucket", Effect = "Allow", Action = ["s3:ListBucket"], Resource = [local.state] },
        { Sid = "Anywhere", Effect = "Allow", Action = local.anywhere_read, Resource = ["*"] },
      ],
      [
        for service, actions in local.read : {
          Sid      = "Read${replace(title(replace(service, "-", " ")), " ", "")}"
          Effect   = "Allow"
          Action   = [for action in actions : "${service == "dashboard" ? "cloudwatch" : service}:${action}"]
          Resource = distinct(flatten(values(local.reach)[*][service]))
        }
      ],
    )
  })
}

resource "aws_iam_role_policy_attachment" "plan" {
  count = length(aws_iam_role.plan)

  role       = aws_iam_role.plan[0].name
  policy_arn = aws_iam_policy.plan[0].arn
}
