// Package directory is who there is: people, their groups, and the messages that they are sent. What people have, and how their
// deletion ends that, is package assignment; how they sign in is package signin.
package directory
