// Package directory is who there is and where: people, their groups, organisational units, and the messages that people are sent.
// What people have, and how their deletion ends that, is package assignment; how they sign in is package signin.
package directory
