// Package tenant keeps the Workspace service of each project: opening it with a network, changing and closing it, its enterprise id, its lock, and
// its settings.
//
// The row of the project's subscription decides between callers at once. Whoever puts something into a service holds that row first (quota.Hold,
// store.Tx.LockSubscription), so that closing it, changing its subnets and counting what it has come before or after, never in between. Opening also
// locks the row of the project, so that a project that is being deleted does not get a service.
package tenant
