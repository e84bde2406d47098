package workspace

// Set writes what value points to into field, unless value is nil.
func Set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}
