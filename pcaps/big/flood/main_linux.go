// Command flood sends packets out of an interface at a steady rate, to measure
// a live capture with: a small share of Kerberos among TLS, SSH, media and
// other traffic that the default filter drops. It prints what it sent.
//
//	unshare -n sh -c 'ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up
//	    kerbscope capture -i v1 -a duration:65 & go run ./pcaps/big/flood -i v0 -pps 300000 -t 60s; wait'
package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func main() {
	name := flag.String("i", "", "send out of `INTERFACE`")
	pps := flag.Int("pps", 300000, "packets a second")
	length := flag.Duration("t", 10*time.Second, "for how long")
	share := flag.Float64("pass", 0.05, "share of packets that the default filter lets through")
	flag.Parse()
	if err := run(*name, *pps, *length, *share); err != nil {
		fmt.Fprintln(os.Stderr, "flood:", err)
		os.Exit(1)
	}
}

const (
	pool  = 8192 // different frames
	batch = 64   // sent by one system call
)

// mmsghdr is struct mmsghdr of sendmmsg(2).
type mmsghdr struct {
	hdr unix.Msghdr
	len uint32
}

func run(name string, pps int, length time.Duration, share float64) error {
	i, err := net.InterfaceByName(name)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: i.Index}); err != nil {
		return err
	}
	// Past the queueing discipline, as generators of packets do.
	unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1)

	rng := rand.New(rand.NewPCG(1, 1))
	vec := make([]unix.Iovec, pool)
	msgs := make([]mmsghdr, pool)
	passing := make([]bool, pool)
	var bytes, sent, passed, refused uint64
	for n := range pool {
		passing[n] = float64(n%1000) < share*1000
		f := frame(rng, passing[n])
		vec[n].Base = &f[0]
		vec[n].SetLen(len(f))
		msgs[n].hdr.Iov = &vec[n]
		msgs[n].hdr.SetIovlen(1)
	}
	rng.Shuffle(pool, func(a, b int) {
		vec[a], vec[b] = vec[b], vec[a]
		passing[a], passing[b] = passing[b], passing[a]
	})
	began := time.Now()
	for at := 0; ; {
		now := time.Since(began)
		if now > length {
			break
		}
		due := uint64(now.Seconds() * float64(pps))
		if sent+batch > due {
			time.Sleep(100 * time.Microsecond)
			continue
		}
		n, _, errno := syscall.Syscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(&msgs[at])), batch, 0, 0, 0)
		if errno == unix.ENOBUFS || errno == unix.EAGAIN {
			refused++
			continue
		}
		if errno != 0 {
			return errno
		}
		for k := at; k < at+int(n); k++ {
			bytes += uint64(vec[k].Len)
			if passing[k] {
				passed++
			}
		}
		sent += uint64(n)
		if at += int(n); at+batch > pool {
			at = 0
		}
	}
	took := time.Since(began).Seconds()
	var ru unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &ru); err != nil {
		return err
	}
	fmt.Printf(`{"sent":%d,"passing":%d,"bytes":%d,"refused":%d,"seconds":%.2f,"pps":%.0f,"cpu_seconds":%.2f}`+"\n",
		sent, passed, bytes, refused, took, float64(sent)/took,
		time.Duration(ru.Utime.Nano()+ru.Stime.Nano()).Seconds())
	return nil
}

// frame makes a packet of a flow like many: Kerberos, or what is none.
func frame(rng *rand.Rand, kerberos bool) []byte {
	size := 60 + rng.IntN(200)
	if rng.IntN(2) == 0 {
		size = 1000 + rng.IntN(515)
	}
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	client := uint16(49152 + rng.IntN(16000))
	kind := rng.IntN(100)
	server, proto, head := uint16(443), byte(6), "\x17\x03\x03\x20"
	switch {
	case kerberos:
		server, head = 88, "\x00\x00\x05\x00\x6a"
	case kind < 60:
	case kind < 75:
		server, proto, head = 5004, 17, "\x80\x60"
	case kind < 85:
		server, head = 22, ""
	default:
		server, head = uint16(20000+rng.IntN(20000)), ""
	}
	if rng.IntN(2) == 0 {
		client, server = server, client
	}
	copy(b, "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00\x45\x00")
	binary.BigEndian.PutUint16(b[16:], uint16(size-14))
	copy(b[18:], []byte{0, 0, 0x40, 0, 64, proto, 0, 0, 10, 1, byte(rng.IntN(256)), byte(rng.IntN(256)), 10, 2, 0, byte(rng.IntN(256))})
	binary.BigEndian.PutUint16(b[34:], client)
	binary.BigEndian.PutUint16(b[36:], server)
	data := 42
	if proto == 6 {
		data = 54
		b[46], b[47] = 0x50, 0x18
		b[54] |= 0x80 // no beginning that means anything
	}
	copy(b[data:], head)
	return b
}
