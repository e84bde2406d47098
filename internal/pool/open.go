package pool

// DecisionsKept is how many entries of a pool's decision log are kept.
const DecisionsKept = 1000
