package decode

// opened lets the keys at hand open what m carries.
func (d *Decoder) opened(m *Message) {
	if d.opts.Keys == nil || m.Krb == nil {
		return
	}
}
