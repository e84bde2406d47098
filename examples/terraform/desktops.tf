data "huaweicloud_availability_zones" "all" {}

data "huaweicloud_images_images" "desktop" {
  image_type = "market"
}

data "huaweicloud_workspace_flavors" "small" {
  vcpus = 2
}

resource "huaweicloud_workspace_user" "ann" {
  name        = "ann"
  email       = "ann@example.org"
  active_type = "ADMIN_ACTIVATE"
  password    = var.password

  depends_on = [huaweicloud_workspace_service.library]
}

resource "huaweicloud_workspace_user" "bob" {
  name        = "bob"
  email       = "bob@example.org"
  active_type = "ADMIN_ACTIVATE"
  password    = var.password

  depends_on = [huaweicloud_workspace_service.library]
}

resource "huaweicloud_workspace_desktop" "ann" {
  name              = "anns-desk"
  availability_zone = data.huaweicloud_availability_zones.all.names[0]
  flavor_id         = data.huaweicloud_workspace_flavors.small.flavors[0].id
  image_type        = "market"
  image_id          = data.huaweicloud_images_images.desktop.images[0].id
  vpc_id            = huaweicloud_vpc.library.id
  security_groups   = [huaweicloud_networking_secgroup.catalogue.id]

  user_name  = huaweicloud_workspace_user.ann.name
  user_email = huaweicloud_workspace_user.ann.email
  user_group = "users"

  nic {
    network_id = huaweicloud_vpc_subnet.reading_rooms.id
  }

  root_volume {
    type = "SAS"
    size = var.system_disk
  }

  data_volume {
    type = "SSD"
    size = var.archive_disk
  }

  data_volume {
    type       = "GPSSD2"
    size       = 30
    iops       = 3000
    throughput = 125
  }

  tags = {
    room = "reading"
  }
}

# Whoever opens the pool in the portal gets one of its idle desktops.
resource "huaweicloud_workspace_desktop_pool" "visitors" {
  name       = "VISITORS"
  type       = "DYNAMIC"
  size       = 2
  product_id = data.huaweicloud_workspace_flavors.small.flavors[0].id
  image_type = "market"
  image_id   = data.huaweicloud_images_images.desktop.images[0].id
  vpc_id     = huaweicloud_vpc.library.id
  subnet_ids = [huaweicloud_vpc_subnet.reading_rooms.id]

  security_groups {
    id = huaweicloud_networking_secgroup.catalogue.id
  }

  root_volume {
    type = "SAS"
    size = 80
  }

  authorized_objects {
    object_type = "USER"
    object_id   = huaweicloud_workspace_user.bob.id
    object_name = huaweicloud_workspace_user.bob.name
    user_group  = "users"
  }
}
