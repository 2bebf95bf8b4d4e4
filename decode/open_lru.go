package decode

// An lru maps what was used lately: when it is full, what was not used longest goes.
type lru[K comparable, V any] struct {
	most        int
	byKey       map[K]*lruItem[K, V]
	newest, old *lruItem[K, V]
}

type lruItem[K comparable, V any] struct {
	key          K
	value        V
	newer, older *lruItem[K, V]
}

func newLRU[K comparable, V any](most int) *lru[K, V] {
	return &lru[K, V]{most: most, byKey: map[K]*lruItem[K, V]{}}
}

// get returns what is kept under key; the zero value when nothing is.
func (l *lru[K, V]) get(key K) (v V, ok bool) {
	i := l.byKey[key]
	if i == nil {
		return v, false
	}
	l.unlink(i)
	l.push(i)
	return i.value, true
}

// put keeps v under key; full tells that something had to go.
func (l *lru[K, V]) put(key K, v V) (full bool) {
	if i := l.byKey[key]; i != nil {
		i.value = v
		l.unlink(i)
		l.push(i)
		return false
	}
	if len(l.byKey) >= l.most {
		i := l.old
		l.unlink(i)
		delete(l.byKey, i.key)
		full = true
	}
	i := &lruItem[K, V]{key: key, value: v}
	l.byKey[key] = i
	l.push(i)
	return full
}

func (l *lru[K, V]) push(i *lruItem[K, V]) {
	i.newer, i.older = nil, l.newest
	if l.newest != nil {
		l.newest.newer = i
	}
	l.newest = i
	if l.old == nil {
		l.old = i
	}
}

func (l *lru[K, V]) unlink(i *lruItem[K, V]) {
	if i.newer != nil {
		i.newer.older = i.older
	} else {
		l.newest = i.older
	}
	if i.older != nil {
		i.older.newer = i.newer
	} else {
		l.old = i.newer
	}
}
