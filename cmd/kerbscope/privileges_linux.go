package main

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"
)

// dropPrivileges gives up every capability but those that a capture goes on to
// need: CAP_NET_RAW opens an interface again that was gone, and root without
// CAP_DAC_OVERRIDE could not write into the folders of others. No program that
// this process starts can get more.
func dropPrivileges() error {
	keep := uint64(1) << unix.CAP_NET_RAW
	if os.Geteuid() == 0 {
		keep |= 1 << unix.CAP_DAC_OVERRIDE
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var have [2]unix.CapUserData
	if err := unix.Capget(&header, &have[0]); err != nil {
		return err
	}
	for i := range have {
		part := uint32(keep >> (32 * i))
		have[i].Effective &= part
		have[i].Permitted &= part
		have[i].Inheritable = 0
	}
	// The kernel keeps capabilities for each thread; psx reaches all of them, with cgo too.
	if _, _, errno := psx.Syscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0); errno != 0 {
		return errno
	}
	if _, _, errno := psx.Syscall3(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&have[0])), 0); errno != 0 {
		return errno
	}
	return nil
}
