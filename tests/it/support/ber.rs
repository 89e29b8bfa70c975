//! SNMP messages written octet by octet, for the tests only: an encoder of our own beside the decoder would share
//! its mistakes.

/// Tag, length, content.
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut all = vec![tag];
    match content.len() {
        short @ 0..=127 => all.push(short as u8),
        long => all.extend([0x82, (long >> 8) as u8, long as u8]),
    }
    all.extend(content);
    all
}

/// SEQUENCE of `parts`.
pub fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// INTEGER, not negative, in the shortest form.
pub fn integer(value: i32) -> Vec<u8> {
    let octets = value.to_be_bytes();
    let mut content = octets.as_slice();
    while let [0, second, ..] = content
        && *second < 0x80
    {
        content = &content[1..];
    }
    tlv(0x02, content)
}

/// OCTET STRING.
pub fn octets(value: &[u8]) -> Vec<u8> {
    tlv(0x04, value)
}

/// OBJECT IDENTIFIER whose content is given.
pub fn oid(content: &[u8]) -> Vec<u8> {
    tlv(0x06, content)
}

/// sysUpTime.0
pub const SYS_UP_TIME: [u8; 8] = [0x2b, 6, 1, 2, 1, 1, 3, 0];
/// snmpTrapOID.0
pub const SNMP_TRAP_OID: [u8; 10] = [0x2b, 6, 1, 6, 3, 1, 1, 4, 1, 0];
/// linkDown
pub const LINK_DOWN: [u8; 9] = [0x2b, 6, 1, 6, 3, 1, 1, 5, 3];
/// sysDescr.0
const SYS_DESCR: [u8; 8] = [0x2b, 6, 1, 2, 1, 1, 1, 0];

/// A v2c message with a notification PDU: `pdu` 0xa7 is a trap, 0xa6 an inform. Its sysDescr.0 is `text`.
pub fn notification(pdu: u8, request_id: i32, text: &[u8]) -> Vec<u8> {
    let varbinds = sequence(&[
        sequence(&[oid(&SYS_UP_TIME), tlv(0x43, &[0x12, 0x34])]),
        sequence(&[oid(&SNMP_TRAP_OID), oid(&LINK_DOWN)]),
        sequence(&[oid(&SYS_DESCR), octets(text)]),
    ]);
    let pdu = tlv(pdu, &[integer(request_id), integer(0), integer(0), varbinds].concat());
    sequence(&[integer(1), octets(b"s3cret"), pdu])
}

/// A v2c trap.
pub fn trap(request_id: i32, text: &[u8]) -> Vec<u8> {
    notification(0xa7, request_id, text)
}

/// A v2c inform.
pub fn inform(request_id: i32, text: &[u8]) -> Vec<u8> {
    notification(0xa6, request_id, text)
}

/// What the answer to [`inform`] looks like: the same, as a Response-PDU.
pub fn response(request_id: i32, text: &[u8]) -> Vec<u8> {
    notification(0xa2, request_id, text)
}

/// A v1 trap: linkUp (generic 3) with the enterprise 1.3.6.1.4.1.8072 and sysDescr.0.
pub fn trap_v1(text: &[u8]) -> Vec<u8> {
    let varbinds = sequence(&[sequence(&[oid(&SYS_DESCR), octets(text)])]);
    let pdu = [
        oid(&[0x2b, 6, 1, 4, 1, 0xbf, 0x08]),
        tlv(0x40, &[192, 0, 2, 1]),
        integer(3),
        integer(0),
        tlv(0x43, &[5]),
        varbinds,
    ];
    sequence(&[integer(0), octets(b"s3cret"), tlv(0xa4, &pdu.concat())])
}
