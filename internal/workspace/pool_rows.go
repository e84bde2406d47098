package workspace

// PoolRows is what the domain asks of the store about pools. Pools are read whole, with their counts, in a fixed number of
// statements however many there are.
type PoolRows interface {
}
