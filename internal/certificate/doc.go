// Package certificate has the certificate that the port serves https with: from files, which are read again when they change, self-signed,
// or of a certificate authority that speaks ACME.
package certificate
