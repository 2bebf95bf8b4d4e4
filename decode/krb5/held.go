package krb5

import "unsafe"

// Held is about how many bytes of memory m takes, with what it points to. A
// message of many short elements takes several times its length.
func (m *Message) Held() int {
	if m == nil {
		return 0
	}
	n := int(unsafe.Sizeof(*m)) + cap(m.Raw)
	for i := range m.Anomalies {
		n += int(unsafe.Sizeof(Anomaly{})) + len(m.Anomalies[i].What)
	}
	const pa, address, ticket = int(unsafe.Sizeof(PAData{})), int(unsafe.Sizeof(HostAddress{})), int(unsafe.Sizeof(Ticket{}))
	switch {
	case m.KDCReq != nil:
		q := m.KDCReq
		n += int(unsafe.Sizeof(*q)) + pa*cap(q.PAData) + 4*cap(q.ETypes) + address*cap(q.Addresses) + ticket*cap(q.Tickets)
		if q.APReq != nil {
			n += int(unsafe.Sizeof(*q.APReq))
		}
	case m.KDCRep != nil:
		n += int(unsafe.Sizeof(*m.KDCRep)) + pa*cap(m.KDCRep.PAData)
	case m.APReq != nil:
		n += int(unsafe.Sizeof(*m.APReq))
	case m.Error != nil:
		n += int(unsafe.Sizeof(*m.Error))
	case m.Cred != nil:
		n += int(unsafe.Sizeof(*m.Cred)) + ticket*cap(m.Cred.Tickets)
	default:
		n += 256
	}
	return n
}
