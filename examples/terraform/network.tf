resource "huaweicloud_vpc" "library" {
  name = "library"
  cidr = "172.30.0.0/16"
}

resource "huaweicloud_vpc_subnet" "reading_rooms" {
  name       = "reading-rooms"
  cidr       = "172.30.1.0/24"
  gateway_ip = "172.30.1.1"
  vpc_id     = huaweicloud_vpc.library.id
}

resource "huaweicloud_networking_secgroup" "catalogue" {
  name        = "catalogue"
  description = "Whoever serves the catalogue"
}

# Nothing reaches a desktop that no rule lets in.
resource "huaweicloud_networking_secgroup_rule" "catalogue" {
  security_group_id = huaweicloud_networking_secgroup.catalogue.id
  direction         = "ingress"
  ethertype         = "IPv4"
  protocol          = "tcp"
  ports             = "8080"
  remote_ip_prefix  = huaweicloud_vpc.library.cidr
}

resource "huaweicloud_workspace_service" "library" {
  access_mode = "INTERNET"
  vpc_id      = huaweicloud_vpc.library.id
  network_ids = [huaweicloud_vpc_subnet.reading_rooms.id]
}
