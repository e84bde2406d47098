// Package network keeps the private networks of projects: VPCs, their subnets, security groups and rules, and what of them the engine has.
//
// A subnet is a network of the engine. Creating one writes rows; a worker makes the network (Open, Made), sets its rules (Compile) and removes it
// when its subnet is deleted (Removed). The rules of a network are compiled from the groups of the desktops in its VPC, and have a version that
// rises under the lock of the network's row, so that of two workers at once the newer rules win.
package network
