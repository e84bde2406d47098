// Package catalog is what desktops are made from: products, images, zones, kinds of disk and networks with their addresses. It also
// keeps the id of the installation. Nothing in it knows a person or a desktop.
package catalog
