package main

import (
	"fmt"
	"html/template"
)

// markAt is the octagon with a cross, or the disc with a tick.
func markAt(x, y float64, mood string) string {
	if mood == "no" {
		return fmt.Sprintf(`<path class="badge no" d="M%.0f %.0fm-4.6-11h9.2l6.4 6.4v9.2l-6.4 6.4h-9.2l-6.4-6.4v-9.2z"/><path class="sign" d="M%.0f %.0fm-4.5-4.5l9 9m0-9l-9 9"/>`, x, y, x, y)
	}
	return fmt.Sprintf(`<path class="badge ok" d="M%.0f %.0fm-8 0a8 8 0 1 0 16 0a8 8 0 1 0-16 0"/><path class="sign" d="M%.0f %.0fm-3.8.2l2.8 2.8l5-5.6"/>`, x, y, x, y)
}

// chipAt draws a ticket: a slip with a notch at either side.
func chipAt(x, y float64, letter string, hue int) string {
	half := 12 + 4*float64(len(letter)-1)
	return fmt.Sprintf(`<path class="tk k%d" d="M%.0f %.0fh%.0fv6a3 3 0 0 0 0 6v6h-%.0fv-6a3 3 0 0 0 0-6z"/><text class="tkl" x="%.0f" y="%.1f">%s</text>`,
		hue, x-half, y-9, 2*half, 2*half, x, y+4.4, letter)
}

// chipHTML is a ticket's sign in running text.
func (h *htmlReport) chipHTML(ticket int) template.HTML {
	l := h.letter(ticket)
	w := 20 + 8*float64(len(l)-1)
	return template.HTML(fmt.Sprintf(`<svg class="chip" role="img" aria-label="ticket %s" viewBox="0 0 %.0f 18" width="%.0f" height="18">%s</svg>`, l, w, w, chipAt(w/2, 9, l, h.hue(ticket))))
}
