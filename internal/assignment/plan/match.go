package plan

import "container/heap"

// match pairs seekers with offers. Each seeker takes the offer with the least load, of equals the first. It ends early if it has
// made more than limit pairs.
//
// The result is maximal: of every seeker and offer with capacity left, the pair was made or is apart. It need not be the largest
// possible.
type match struct {
	seekers []int // capacity of each
	offers  offers
	pair    func(seeker, offer int) edge
	apart   map[edge]bool // pairs that must not be made, and those made
	limit   int
	made    []edge
}

// edge is a pair of indexes in the snapshot.
type edge struct{ desktop, person int }

// run serves the seekers in the order of queue: each up to its capacity or, with turns, one at a time until nobody gets more.
func (m *match) run(queue []int, turns bool) {
	m.offers.open()
	for len(queue) > 0 && len(m.made) <= m.limit {
		var again []int
		for _, s := range queue {
			if len(m.made) > m.limit {
				break
			}
			wants := m.seekers[s]
			if turns {
				wants = min(wants, 1)
			}
			got := m.serve(s, wants)
			m.seekers[s] -= got
			if turns && got > 0 && m.seekers[s] > 0 {
				again = append(again, s)
			}
		}
		queue = again
	}
}

// serve gives a seeker up to n offers and returns how many. Offers only lose capacity, so a seeker that gets none now gets none
// later.
func (m *match) serve(seeker, n int) int {
	var aside []int
	got := 0
	for got < n && m.offers.Len() > 0 {
		offer := heap.Pop(&m.offers).(int)
		aside = append(aside, offer)
		pair := m.pair(seeker, offer)
		if m.apart[pair] {
			continue
		}
		m.apart[pair] = true
		m.made = append(m.made, pair)
		m.offers.capacity[offer]--
		m.offers.load[offer]++
		got++
	}
	for _, offer := range aside {
		if m.offers.capacity[offer] > 0 {
			heap.Push(&m.offers, offer)
		}
	}
	return got
}

// offers is a heap of the offers with capacity, the least load first.
type offers struct {
	capacity []int
	load     []int
	heap     []int
}

func (o *offers) open() {
	for i, capacity := range o.capacity {
		if capacity > 0 {
			o.heap = append(o.heap, i)
		}
	}
	heap.Init(o)
}

func (o *offers) Len() int { return len(o.heap) }

func (o *offers) Less(i, j int) bool {
	a, b := o.heap[i], o.heap[j]
	return o.load[a] < o.load[b] || o.load[a] == o.load[b] && a < b
}

func (o *offers) Swap(i, j int) { o.heap[i], o.heap[j] = o.heap[j], o.heap[i] }

func (o *offers) Push(x any) { o.heap = append(o.heap, x.(int)) }

func (o *offers) Pop() any {
	last := len(o.heap) - 1
	top := o.heap[last]
	o.heap = o.heap[:last]
	return top
}
