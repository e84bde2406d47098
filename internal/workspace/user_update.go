package workspace

func Set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}
