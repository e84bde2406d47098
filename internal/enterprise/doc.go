// Package enterprise keeps the enterprise projects of an account, which divide desktops, pools and users among departments: who may do what, and
// what a list shows, can depend on them. What puts something into one holds its row (store.Tx.HoldEnterprise), so it cannot be disabled meanwhile.
package enterprise
