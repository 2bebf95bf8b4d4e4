"""The one edit that the lab makes to a token: error 31 of MIT shown as 41, as a Windows acceptor would send it."""


def as_windows_says(token):
    """Returns the token with error-code 31 replaced by 41; other tokens unchanged.

    error-code is [6] INTEGER in KRB-ERROR (RFC 4120 section 5.9.1), [APPLICATION 30] = 0x7e."""
    at = token.find(b"\x7e")
    if at < 0:
        return token
    code = token.find(b"\xa6\x03\x02\x01\x1f", at)
    if code < 0:
        return token
    return token[:code + 4] + b"\x29" + token[code + 5:]
