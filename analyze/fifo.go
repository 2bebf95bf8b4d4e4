package analyze

// A fifo is a queue in one piece of memory.
type fifo[T any] struct {
	list []T
	head int // of list; what is before is gone
}

func (q *fifo[T]) len() int  { return len(q.list) - q.head }
func (q *fifo[T]) first() *T { return &q.list[q.head] }

func (q *fifo[T]) push(v T) {
	if len(q.list) == cap(q.list) && q.head > len(q.list)/2 {
		n := copy(q.list, q.list[q.head:])
		clear(q.list[n:])
		q.list, q.head = q.list[:n], 0
	}
	q.list = append(q.list, v)
}

func (q *fifo[T]) pop() T {
	var none T
	v := q.list[q.head]
	q.list[q.head] = none
	if q.head++; q.head == len(q.list) {
		q.list, q.head = q.list[:0], 0
	}
	return v
}
