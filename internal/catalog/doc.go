// Package catalog has what desktops are created from: products, images, zones, volume types and networks with their addresses. It also
// stores the installation's id. It knows neither users nor desktops.
package catalog
