package decode

// rpcTypeName is the name of a PDU type, C706 §12.6.1.
func rpcTypeName(typ byte) string {
	switch typ {
	case rpcBind:
		return "bind"
	case rpcBindAck:
		return "bind_ack"
	case rpcAlter:
		return "alter_context"
	case rpcAlterResp:
		return "alter_context_resp"
	case rpcAuth3:
		return "auth3"
	}
	return ""
}

// rpcRejectNames are the reasons of a bind_nak, C706 §12.6.3.1 (p_reject_reason_t)
// and [MS-RPCE] §2.2.2.5.
var rpcRejectNames = [...]string{
	"reason_not_specified", "temporary_congestion", "local_limit_exceeded", "called_paddr_unknown", "protocol_version_not_supported",
	"default_context_not_supported", "user_data_not_readable", "no_psap_available", "authentication_type_not_recognized", "invalid_checksum",
}

func rpcRejectName(reason uint16) string {
	if int(reason) < len(rpcRejectNames) {
		return rpcRejectNames[reason]
	}
	return ""
}

// rpcFaults are the statuses of a fault that this carrier meets: C706 appendix
// E, and Win32 codes that Windows sends in their place ([MS-RPCE] §3.3.3.5).
var rpcFaults = []struct {
	status   uint32
	name     string
	security bool // said of an authentication that failed
}{
	{5, "ERROR_ACCESS_DENIED", true},
	{0x52e, "ERROR_LOGON_FAILURE", true},
	{0x6b5, "RPC_S_UNKNOWN_IF", false},
	{0x6bb, "RPC_S_SERVER_TOO_BUSY", false},
	{0x6d1, "RPC_S_PROCNUM_OUT_OF_RANGE", false},
	{0x6d3, "RPC_S_UNKNOWN_AUTHN_SERVICE", true},
	{0x6d4, "RPC_S_UNKNOWN_AUTHN_LEVEL", true},
	{0x6d5, "RPC_S_INVALID_AUTH_IDENTITY", true},
	{0x6e4, "RPC_S_CANNOT_SUPPORT", false},
	{0x6f7, "RPC_X_BAD_STUB_DATA", false},
	{0x721, "RPC_S_SEC_PKG_ERROR", true},
	{0x1c000008, "nca_s_rpc_version_mismatch", false},
	{0x1c000009, "nca_s_unspec_reject", false},
	{0x1c00000b, "nca_s_who_are_you_failed", false},
	{0x1c00000c, "nca_s_manager_not_entered", false},
	{0x1c00000d, "nca_s_fault_cancel", false},
	{0x1c000012, "nca_s_fault_unspec", false},
	{0x1c010001, "nca_s_comm_failure", false},
	{0x1c010002, "nca_s_op_rng_error", false},
	{0x1c010003, "nca_s_unk_if", false},
	{0x1c010006, "nca_s_wrong_boot_time", false},
	{0x1c01000b, "nca_s_proto_error", false},
	{0x1c010013, "nca_s_out_args_too_big", false},
	{0x1c010014, "nca_s_server_too_busy", true},
	{0x1c00001a, "nca_s_fault_context_mismatch", false},
	{0x1c00001b, "nca_s_fault_remote_no_memory", false},
	{0x1c00001c, "nca_s_invalid_pres_context_id", false},
	{0x1c00001d, "nca_s_unsupported_authn_level", true},
	{0x1c00001f, "nca_s_invalid_checksum", true},
	{0x1c000020, "nca_s_invalid_crc", false},
}

// rpcFaultName is the name of a fault's status, "" when it is not known.
func rpcFaultName(status uint32) string {
	for _, f := range rpcFaults {
		if f.status == status {
			return f.name
		}
	}
	return ""
}

// rpcSecurityFault tells whether a status in answer to the first request after
// an authentication is about that authentication.
func rpcSecurityFault(status uint32) bool {
	for _, f := range rpcFaults {
		if f.status == status {
			return f.security
		}
	}
	return false
}
