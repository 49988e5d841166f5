variable "name" {
  description = "Name of the bucket, which no other bucket in the world may have."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.name))
    error_message = "A bucket's name here is 3 to 63 lower-case letters, digits and hyphens; it is ${jsonencode(var.name)}."
  }
}

variable "expiry_days" {
  description = "Days after which a file is deleted."
  type        = number
  default     = 30

  validation {
    condition     = var.expiry_days >= 1 && var.expiry_days == floor(var.expiry_days)
    error_message = "expiry_days is a whole number of days, 1 or more; it is ${var.expiry_days}."
  }
}

variable "upload_origins" {
  description = "Origins of the web pages that may send files to presigned URLs, as in \"https://chat.example.com\"; [\"*\"] for any, [] for none."
  type        = list(string)
  default     = ["*"]

  validation {
    condition     = alltrue([for origin in var.upload_origins : origin == "*" || can(regex("^https?://[^/*]+$", origin))])
    error_message = "An origin is a scheme and a host, without a path, as in \"https://chat.example.com\", or \"*\". Change ${join(", ", [for origin in var.upload_origins : jsonencode(origin) if origin != "*" && !can(regex("^https?://[^/*]+$", origin))])}."
  }
}

variable "force_destroy" {
  description = "Whether the bucket is deleted with the files in it."
  type        = bool
  default     = false
}
