package directory

// Limits of what is known about a person, in characters.
const (
	MaxUserDescription = 255
	MaxAlias           = 64
	MaxPhone           = 32
)
