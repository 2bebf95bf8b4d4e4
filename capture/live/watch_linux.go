//go:build !libpcap

package live

import (
	"fmt"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"kerbscope/capture"
)

// watchLinks returns a socket that becomes readable when an interface comes,
// goes or changes (rtnetlink(7)); -1 if there is none to be had: then it is
// looked from time to time.
func watchLinks() int {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return -1
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: unix.RTMGRP_LINK}); err != nil {
		unix.Close(fd)
		return -1
	}
	return fd
}

// drainEvents empties that socket. What the events say is looked up instead:
// some may have been lost.
func drainEvents(fd int) bool {
	var buf [4096]byte
	any := false
	for range 64 {
		n, _, err := unix.Recvfrom(fd, buf[:], 0)
		if err == unix.ENOBUFS {
			any = true
			continue
		}
		if n <= 0 || err != nil {
			break
		}
		any = true
	}
	return any
}

// lookSoon plans a look at the interfaces; many events are one look.
func (s *packetSockets) lookSoon() {
	if at := time.Now().Add(lookApart); s.lookAt.IsZero() || at.Before(s.lookAt) {
		s.lookAt = at
	}
}

// look finds which interfaces are down, gone or back, and opens the latter.
func (s *packetSockets) look(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lookAt = time.Time{}
	if s.watch < 0 {
		s.lookAt = now.Add(lookEvery)
	}
	s.learnNames()
	if !s.shutAt.IsZero() {
		return
	}
	for _, sl := range s.slots {
		if sl.name == Any {
			continue
		}
		i, err := net.InterfaceByName(sl.name)
		if t := sl.tap; t != nil {
			if err == nil && i.Index == t.dev.index {
				t.dev.up = i.Flags&net.FlagUp != 0
				continue
			}
			t.leftAt = now
			s.leaving = append(s.leaving, t)
			sl.tap = nil
		}
		if err == nil {
			if sl.tap, err = s.openTap(sl.name); err == nil {
				s.reopened++
			}
		}
		if err != nil {
			s.lookAt = now.Add(lookEvery)
		}
	}
}

// learnNames notes the names of all interfaces, as packets of one that is gone
// may still be to come.
func (s *packetSockets) learnNames() {
	all, err := net.Interfaces()
	if err != nil {
		return
	}
	for _, i := range all {
		n := uint32(i.Index)
		if s.names[n] != i.Name {
			s.names[n] = i.Name
			delete(s.byIndex, n)
		}
		if i.Flags&net.FlagLoopback != 0 {
			s.lo = n
		}
	}
}

// ifaceOf returns the index in ifaces of the interface with that number of the
// kernel's, which may be new.
func (s *packetSockets) ifaceOf(index uint32) uint32 {
	if i, ok := s.byIndex[index]; ok {
		return i
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.names[index] == "" {
		s.learnNames()
	}
	name := s.names[index]
	if name == "" {
		name = fmt.Sprintf("(interface %d)", index)
		s.names[index] = name
	}
	i := s.addInterface(name, capture.LinkSLL2)
	s.byIndex[index] = i
	return i
}
