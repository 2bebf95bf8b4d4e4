package krb5

// Etypes calls yield with every registered etype and its name, in the order
// of the table, until it returns false.
func Etypes(yield func(int32, string) bool) { eachNumber(etypes, yield) }

// Errors calls yield with every registered KRB-ERROR code and its name, in the
// order of the table, until it returns false.
func Errors(yield func(int32, string) bool) { eachNumber(errorCodes, yield) }

// NTStatuses calls yield with every NTSTATUS that has a name here, in the
// order of the table, until it returns false.
func NTStatuses(yield func(uint32, string) bool) { eachNumber(ntStatuses, yield) }

func eachNumber[T int32 | uint32](table []number, yield func(T, string) bool) {
	for _, row := range table {
		if !yield(T(row.n), row.name) {
			return
		}
	}
}
