package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"kerbscope/analyze"
	"kerbscope/capture"
)

// What a look finds out of a finding that is new is what the whole report says
// of it: what it is set beside, and the frames that it rests on.
func TestFreshEvidenceIsThatOfTheReport(t *testing.T) {
	for _, dir := range corpusCases(t, corpusRoot) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			inputs, err := capture.Expand([]string{dir})
			require.NoError(t, err)
			c, _ := analyze.Read(t.Context(), inputs, analyze.Options{})
			whole := c.Report(analyze.Options{MaxExchanges: annotatedExchanges})
			for i := range whole.Findings {
				id := whole.Findings[i].ID
				one := *whole
				one.Findings = whole.Findings[i : i+1]
				findings := c.Findings(analyze.Rules())
				part := c.Evidence(findings, map[string]bool{id: true})
				require.Len(t, part.Findings, 1)
				require.Equal(t, one.Findings[0].Contrast, part.Findings[0].Contrast, id)
				require.Equal(t, one.Findings[0].Issuers, part.Findings[0].Issuers, id)
				require.Equal(t, citedFrames(&one), citedFrames(part), id)
				require.LessOrEqual(t, len(part.Exchanges), len(whole.Exchanges))
				for n := range findings {
					if findings[n].ID == id {
						require.Equal(t, part.Findings[0].Contrast, findings[n].Contrast)
					}
				}
			}
		})
	}
}
