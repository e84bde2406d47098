package main

import "strings"

// initialisms are written in capitals in Go.
var initialisms = map[string]string{
	"id": "ID", "ids": "IDs", "ip": "IP", "ips": "IPs", "ou": "OU", "ous": "OUs", "dn": "DN", "vpc": "VPC", "eip": "EIP", "cpu": "CPU", "gpu": "GPU", "url": "URL",
	"os": "OS", "mac": "MAC", "qos": "QoS", "iops": "IOPS", "kms": "KMS", "sid": "SID", "otp": "OTP", "ipv4": "IPv4", "ipv6": "IPv6", "ad": "AD", "dns": "DNS",
	"ram": "RAM", "cidr": "CIDR", "dhcp": "DHCP", "vpcs": "VPCs", "azs": "AZs",
}

// goName makes the name of a field in Go of its name on the wire: ou_name is OUName.
func goName(wire string) string {
	var b strings.Builder
	for part := range strings.FieldsFuncSeq(wire, func(r rune) bool { return r == '_' || r == '-' || r == '.' }) {
		if known, ok := initialisms[strings.ToLower(part)]; ok {
			b.WriteString(known)
			continue
		}
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}
