// Package address keeps the public addresses of projects: who has which one, and which desktop it leads to.
//
// The addresses come from ranges of the configuration, which are routed to the host. A row says who has one; its unique index decides between callers at
// once. Binding one only writes rows: a worker compiles it into the rules of the desktop's network (Forwards), and takes it out when it is bound no longer
// or the desktop is gone (Loose, Settle).
package address
