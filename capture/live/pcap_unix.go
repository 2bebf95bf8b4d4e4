//go:build libpcap && !windows

package live

func deviceName(name string) string { return name }

func permissionHint() string {
	return "run it as root; on Linux: sudo setcap cap_net_raw,cap_net_admin+ep " + ownPath() + "; on macOS and BSD: the right to read /dev/bpf* (macOS: ChmodBPF of Wireshark)"
}
