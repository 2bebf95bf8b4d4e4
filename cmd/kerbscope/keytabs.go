package main

import "kerbscope/decode"

// keys loads keytabs. One that cannot be read, or only in part, is reported;
// what was read of it and of the others is used.
func (a *app) keys(files []string) (*decode.Keys, int) {
	if len(files) == 0 {
		return nil, exitOK
	}
	keys, status := &decode.Keys{}, exitOK
	for _, path := range files {
		k, err := decode.ReadKeytab(path)
		if err != nil {
			status = a.fail(&failure{exitPartial, "keytab " + path + ": " + withoutPath(path, err), ""})
		}
		keys.Add(k)
	}
	return keys, status
}
