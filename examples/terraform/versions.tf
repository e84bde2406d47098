terraform {
  required_version = ">= 1.5"
  required_providers {
    huaweicloud = {
      source  = "huaweicloud/huaweicloud"
      version = ">= 1.70"
    }
  }
}

provider "huaweicloud" {
  region       = var.region
  project_name = var.project
  access_key   = var.access_key
  secret_key   = var.secret_key
  insecure     = var.insecure

  # Carrel serves all of them on one host and port.
  endpoints = {
    iam       = var.carrel
    workspace = var.carrel
    vpc       = var.carrel
    eip       = var.carrel
    ims       = var.carrel
    ecs       = var.carrel
    eps       = var.carrel
    dns       = var.carrel
  }
}
