//go:build amd64

package live

import (
	"strings"

	"github.com/google/gopacket/pcap"
)

// deviceName takes an interface's description for its name, which is a GUID
// that nobody types, if it is the only one of that description.
func deviceName(name string) string {
	if strings.HasPrefix(name, `\Device\`) {
		return name
	}
	found := ""
	all, _ := pcap.FindAllDevs() // an error comes again when the device is opened
	for _, d := range all {
		if strings.EqualFold(d.Description, name) {
			if found != "" {
				return name
			}
			found = d.Name
		}
	}
	if found == "" {
		return name
	}
	return found
}

func permissionHint() string {
	return "run it from an elevated prompt, or install Npcap without the option that restricts it to administrators"
}
