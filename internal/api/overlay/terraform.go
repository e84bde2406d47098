package overlay

// Terraform is a block of the public Terraform provider that makes calls of the API.
type Terraform struct {
	Source     string   // an example
	Operations []string // that it calls, by id
}

// TerraformBlocks are those that the documentation knows. Operations that are in none have no resource and no data source.
func TerraformBlocks() []Terraform { return terraformBlocks }

var terraformBlocks = []Terraform{
	{`resource "huaweicloud_workspace_desktop" "annas" {
  flavor_id  = var.product_id
  image_type = "gold"
  image_id   = var.image_id
  vpc_id     = var.vpc_id
  user_name  = "anna"
  user_email = "anna@example.org"
  user_group = "sudo"

  root_volume {
    type = "SAS"
    size = 80
  }
}`, []string{"CreateDesktop", "ShowDesktopDetail", "UpdateDesktop", "DeleteDesktop", "BatchRunDesktops", "ListItaSubJobs"}},
	{`resource "huaweicloud_workspace_desktop" "archive" {
  flavor_id  = var.product_id
  image_type = "gold"
  image_id   = var.image_id
  vpc_id     = var.vpc_id
  user_name  = "anna"
  user_email = "anna@example.org"
  user_group = "sudo"

  root_volume {
    type = "SAS"
    size = 90
  }

  data_volume {
    type       = "GPSSD2"
    size       = 20
    iops       = 3000
    throughput = 125
  }
}`, []string{"AddVolumes", "ExpandVolumes", "DeleteDesktopVolumes", "BatchModifyQosVolumes"}},
	{`resource "huaweicloud_vpc_eip" "door" {
  publicip {
    type = "5_bgp"
  }

  bandwidth {
    share_type  = "PER"
    name        = "door"
    size        = 20
    charge_mode = "traffic"
  }
}`, []string{"CreatePublicip", "ShowPublicipV3", "ShowBandwidth", "UpdatePublicip", "DeletePublicip"}},
	{`resource "huaweicloud_vpc" "labs" {
  name = "labs"
  cidr = "172.20.0.0/16"
}`, []string{"CreateVpc", "ShowVpc", "ShowVpcV3", "UpdateVpc", "DeleteVpc", "ShowVpcTags"}},
	{`resource "huaweicloud_vpc_subnet" "lab_1" {
  name       = "lab-1"
  cidr       = "172.20.1.0/24"
  gateway_ip = "172.20.1.1"
  vpc_id     = var.vpc_id
}`, []string{"CreateVpcSubnet", "ShowVpcSubnet", "UpdateVpcSubnet", "DeleteVpcSubnet", "ShowSubnetTags", "ListNameServers"}},
	{`resource "huaweicloud_networking_secgroup" "web" {
  name = "web"
}`, []string{"CreateSecurityGroup", "ShowSecurityGroup", "UpdateSecurityGroup", "DeleteVpcSecurityGroup", "ShowSecurityGroupTags"}},
	{`resource "huaweicloud_networking_secgroup_rule" "http" {
  security_group_id = var.security_group_id
  direction         = "ingress"
  ethertype         = "IPv4"
  protocol          = "tcp"
  ports             = "80,443"
  remote_ip_prefix  = "0.0.0.0/0"
}`, []string{"CreateSecurityGroupRule", "ShowSecurityGroupRule", "DeleteSecurityGroupRule"}},
	{`data "huaweicloud_images_images" "all" {
  image_type = "market"
}`, []string{"ListCloudImages"}},
	{`data "huaweicloud_availability_zones" "all" {}`, []string{"NovaListAvailabilityZones"}},
	{`resource "huaweicloud_workspace_desktop_notification" "closing" {
  desktop_ids   = [var.desktop_id]
  notifications = "The library closes at eight."
}`, []string{"SendNotifications"}},
	{`data "huaweicloud_workspace_desktops" "all" {}`, []string{"ListDesktopsDetail"}},
	{`resource "huaweicloud_workspace_desktop_user_batch_attach" "annas" {
  desktops {
    desktop_id = var.desktop_id
    user_name  = "anna"
    user_group = "sudo"
  }
}`, []string{"AttachInstances"}},
	{`resource "huaweicloud_workspace_desktop_user_batch_detach" "annas" {
  desktops {
    desktop_id          = var.desktop_id
    is_detach_all_users = true
  }
}`, []string{"BatchDetachInstances"}},
	{`data "huaweicloud_workspace_desktop_tags" "annas" {
  desktop_id = var.desktop_id
}`, []string{"ShowTagByDesktopId"}},
	{`data "huaweicloud_workspace_tags" "all" {}`, []string{"ListProjectTags"}},
	{`data "huaweicloud_workspace_desktop_tags_filter" "second_floor" {
  tags {
    key    = "floor"
    values = ["2"]
  }
}`, []string{"ListDesktopsByTags", "ListDesktopByTags"}},
	{`resource "huaweicloud_workspace_desktop_name_rule" "library" {
  name                         = "library"
  name_prefix                  = "LIB"
  digit_number                 = 3
  start_number                 = 1
  single_domain_user_increment = 0
}`, []string{"CreateDesktopNamePolicy", "ListDesktopNamePolicy", "UpdateDesktopNamePolicy", "BatchDeleteDesktopNamePolicy"}},
	{`resource "huaweicloud_workspace_desktop_pool" "library" {
  name       = "library"
  type       = "DYNAMIC"
  size       = 1
  product_id = var.product_id
  image_type = "gold"
  image_id   = var.image_id
  subnet_ids = [var.subnet_id]

  disconnected_retention_period = 10

  root_volume {
    type = "SAS"
    size = 80
  }

  authorized_objects {
    object_type = "USER"
    object_id   = var.user_id
    object_name = var.user_name
    user_group  = "sudo"
  }
}`, []string{
		"CreateDesktopPool", "ShowDesktopPoolDetail", "UpdateDesktopPool", "DeleteDesktopPool", "ListDesktopPoolAuthorizedObjects",
		"CreateDesktopPoolAuthorizedObjects", "BatchDeleteDesktops",
	}},
	{`data "huaweicloud_workspace_desktop_pools" "all" {}`, []string{"ListDesktopPools"}},
	{`data "huaweicloud_workspace_desktop_pool_associated_desktops" "library" {
  pool_id = var.pool_id
}`, []string{"ListPoolDesktopsDetail"}},
	{`data "huaweicloud_workspace_user_desktop_pool_associations" "annas" {
  user_ids = [var.user_id]
}`, []string{"ListDesktopPoolsByUsers"}},
	{`resource "huaweicloud_workspace_desktop_pool_action" "stop" {
  pool_id = var.pool_id
  op_type = "os-stop"
  type    = "SOFT"
}`, []string{"ExecuteDesktopPoolAction", "ShowJob"}},
	{`resource "huaweicloud_workspace_desktop_pool_notification" "closing" {
  pool_id       = var.pool_id
  notifications = "The library closes at eight."
}`, []string{"SendDesktopPoolNotifications"}},
	{`resource "huaweicloud_workspace_user" "anna" {
  name  = "anna"
  email = "anna@example.org"
}`, []string{"CreateDesktopUser", "ListUserDetail", "UpdateUserInfo", "DeleteUser"}},
	{`data "huaweicloud_workspace_users" "all" {}`, []string{"ListUsers"}},
	{`resource "huaweicloud_workspace_user_group" "readers" {
  name = "Readers"
  type = "LOCAL"

  users {
    id = var.user_id
  }
}`, []string{"CreateUserGroup", "UpdateUserGroup", "DeleteUserGroup", "RunActionsOnGroup", "ListUsersOfGroup"}},
	{`data "huaweicloud_workspace_user_groups" "all" {}`, []string{"ListUserGroups"}},
	{`resource "huaweicloud_workspace_ou" "reading_room" {
  ou_name = "Reading room"
  domain  = "carrel.local"
}`, []string{"AddOu", "UpdateOuInfo", "DeleteOu"}},
	{`data "huaweicloud_workspace_ous" "all" {}`, []string{"ListOuDetails"}},
	{`data "huaweicloud_workspace_ad_ous" "all" {}`, []string{"ListAdOus"}},
	{`data "huaweicloud_workspace_ou_users" "all" {
  ou_dn = var.ou_dn
}`, []string{"ListAdOuUsers"}},
	{`data "huaweicloud_workspace_assist_auth_configuration_applied_objects" "all" {}`, []string{"ShowAssistAuthConfigApplyObjects"}},
	{`data "huaweicloud_workspace_flavors" "all" {}`, []string{"ListProducts"}},
	{`data "huaweicloud_workspace_volume_products" "all" {}`, []string{"ListVolumeProductInfo"}},
	{`data "huaweicloud_workspace_service" "this" {}`, []string{"ListWorkspaces"}},
	{`resource "huaweicloud_workspace_service" "library" {
  access_mode = "INTERNET"
  vpc_id      = var.vpc_id
  network_ids = [var.subnet_id]
}`, []string{"ApplyWorkspace", "UpdateWorkspace", "CancelWorkspace"}},
}
