package analyze

import "slices"

// A shape is what a request list looks like.
type shape uint8

const (
	shapeOther       shape = iota
	shapeWindows2003       // Windows 2000, XP, Server 2003: no AES in the system
	shapeTool              // a single etype, or RC4 with 3DES and DES behind it: a forced list, or a program's own
)

// listShape tells what a list without AES looks like. Windows 2000 to 2003
// send -133 and -128 ([MS-KILE] §3.3.5 product note on etypes); later systems
// with AES switched off send 23, 24, -135 at most.
func listShape(list []int32) shape {
	switch {
	case hasEtype(list, 23) && hasEtype(list, -133) && hasEtype(list, -128):
		return shapeWindows2003
	case len(list) == 1, len(list) >= 3 && slices.Equal(list[:3], []int32{23, 16, 3}):
		return shapeTool
	}
	return shapeOther
}
