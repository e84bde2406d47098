// Package pool is sets of like desktops that many people share: who may use them, who gets which desktop, when they grow and
// shrink, resets, and new sizes and disks. The decisions are pure functions: Bind, Tidy, MayReset and Autoscale. pool/reconcile
// applies those that become due with time.
package pool
