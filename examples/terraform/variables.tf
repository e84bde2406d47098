variable "carrel" {
  description = "The address of Carrel, with a slash at its end: https://carrel.example/"
  type        = string
}

variable "region" {
  description = "As GET /v3/regions lists it"
  type        = string
  default     = "local-1"
}

variable "project" {
  description = "A project without a service: carrel iam projects create library"
  type        = string
  default     = "library"
}

variable "access_key" {
  description = "Of a user who administers the project: carrel iam keys create USER"
  type        = string
}

variable "secret_key" {
  type      = string
  sensitive = true
}

variable "insecure" {
  description = "Whether the certificate is not verified, such as a self-signed one"
  type        = bool
  default     = false
}

variable "password" {
  description = "The first password of the users, who change it when they sign in"
  type        = string
  sensitive   = true
}

variable "system_disk" {
  description = "Size in GiB of the desktop's system disk; it can only grow"
  type        = number
  default     = 80
}

variable "archive_disk" {
  description = "Size in GiB of the disk for the archive; it can only grow"
  type        = number
  default     = 20
}
