// Package pool is sets of like desktops that many people share: who may use them, who gets which desktop, when they grow and shrink,
// resets, and new sizes and disks. Pure functions decide: Bind, Tidy, MayReset and Autoscale. pool/reconcile carries out what time brings.
package pool
