output "portal" {
  description = "Where ann and bob sign in"
  value       = var.carrel
}

output "desktop" {
  value = huaweicloud_workspace_desktop.ann.id
}
