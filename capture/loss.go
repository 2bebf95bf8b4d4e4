package capture

import (
	"slices"
	"time"
)

// A Loss is packets that a recorder knows it did not keep, between two times.
type Loss struct {
	From, To int64 // ns since 1970
	N        uint64
	What     string // the name of its count in Info.Lost
}

// Names of what recorders of packets lose, in Info.Lost.
const (
	DroppedByKernel    = "dropped_by_kernel"    // for want of buffer, after the filter
	DroppedByInterface = "dropped_by_interface" // by the card, before the filter
)

// maxLosses is how many losses are remembered with their times.
const maxLosses = 1024

// AddLoss appends l to a list in time order: to its last entry when that is of
// the same kind and less than a second before. The oldest make room.
func AddLoss(list []Loss, l Loss) []Loss {
	if k := len(list); k > 0 && list[k-1].What == l.What && l.From >= list[k-1].From && l.From-list[k-1].To < int64(time.Second) {
		list[k-1].To = max(list[k-1].To, l.To)
		list[k-1].N += l.N
		return list
	}
	if len(list) >= maxLosses {
		list = slices.Delete(list, 0, maxLosses/8)
	}
	return append(list, l)
}

// AddCounts returns the sums of the counts of both lists, which it leaves as
// they are.
func AddCounts(list, more []Count) []Count {
	list = slices.Clone(list)
	for _, c := range more {
		if i := slices.IndexFunc(list, func(o Count) bool { return o.Name == c.Name }); i >= 0 {
			list[i].N += c.N
		} else {
			list = append(list, c)
		}
	}
	return list
}
