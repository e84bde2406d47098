// Package namepolicy is the name policies of a project: what they may be, and which names they make. Which names desktops have
// already, and the names that no policy makes, are package desktop's.
package namepolicy
