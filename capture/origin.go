package capture

import "fmt"

// An Origin is what some formats tell of a packet beside its bytes.
type Origin struct {
	Direction Direction
	// Process and Thread are those that happened to run when the packet
	// passed: a hint, not its owner. HasProcess tells whether they are known.
	Process, Thread uint32
	HasProcess      bool
	// Dropped: the host did not let the packet through. DropReason and
	// DropLocation are the numbers of Windows' packet monitor.
	Dropped                  bool
	DropReason, DropLocation uint32
}

// A Direction is the way of a packet as the interface saw it, in the numbers
// of pcapng's epb_flags.
type Direction uint8

const (
	DirectionUnknown Direction = iota
	Inbound
	Outbound
)

// Options are the options of pcapng that tell the same.
func (o Origin) Options() PacketOptions {
	p := PacketOptions{Flags: uint32(o.Direction)}
	if o.HasProcess {
		p.Comments = append(p.Comments, fmt.Sprintf("PID=%d TID=%d", o.Process, o.Thread))
	}
	if o.Dropped {
		p.Comments = append(p.Comments, fmt.Sprintf("dropped by Windows: reason %d at location %#x", o.DropReason, o.DropLocation))
	}
	return p
}
