package analyze

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestFilledSteps(t *testing.T) {
	steps, other := []string{"setspn -Q SPN", "klist purge"}, []string{"setspn -D SPN"}
	pairs := []string{"SPN", "http/x"}
	filled := newFilledSteps()
	a := filled.fill(steps, pairs)
	assert.Equal(t, []string{"setspn -Q http/x", "klist purge"}, a)
	assert.Equal(t, []string{"setspn -D http/x"}, filled.fill(other, pairs))
	assert.Equal(t, []string{"setspn -Q http/y", "klist purge"}, filled.fill(steps, []string{"SPN", "http/y"}))
	same := func() bool { return &a[0] == &filled.fill(steps, []string{"SPN", "http/x"})[0] }
	assert.True(t, same(), "made once")
	filled.turn()
	assert.True(t, same(), "and kept for the next look")
	filled.turn()
	filled.turn()
	assert.False(t, same(), "but not for ever")
	assert.Len(t, filled.now, 1)
	var none *filledSteps
	assert.Equal(t, a, none.fill(steps, pairs))
}
