package store

// Nullable is NULL for a zero value, which IS NOT DISTINCT FROM compares with.
func Nullable[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}
