//! Every hard bound on what a peer can make us do, with its reason.

/// Largest UDP payload and largest TCP frame: 65,535 octets (RFC 768 length field; RFC 3417 3.1, RFC 5426 3.2
/// ask for far less).
pub const DATAGRAM_OCTETS_MAX: usize = 65_535;

/// Datagrams taken with one `recvmmsg` call. The gain over one call each is spent by 32; 64 keeps room.
pub const RECEIVE_BATCH_DATAGRAMS: usize = 64;

/// Sub-identifiers of an OBJECT IDENTIFIER (RFC 2578 7.1.3).
pub const OID_SUB_IDENTIFIERS_MAX: usize = 128;

/// Varbinds read from one PDU; a 64 KiB datagram of the smallest varbinds would hold about 8,000.
pub const VARBINDS_MAX: usize = 2_048;

/// Octets of the decimal MSG-LEN of octet counting (RFC 6587 3.4.1); more digits are not a length.
pub const MSG_LEN_DIGITS_MAX: usize = 10;

/// Octets of a PROXY header (version 2), TLVs included: proxies that tell all about a TLS connection need some hundred.
pub const PROXY_HEADER_OCTETS_MAX: usize = 4 * 1024;

/// Octets of the command of a RELP frame.
pub const RELP_COMMAND_OCTETS_MAX: usize = 32;

/// SD-ELEMENTs and SD-PARAMs read from one RFC 5424 message.
pub const SD_PARAMS_MAX: usize = 1_024;

/// Names with values of one payload (CEF, LEEF, `name=value`), and SD-PARAMs of one message, that become JSON.
/// Firewalls send up to about 90. Repeated names are found by comparing each with each, so the bound keeps a hostile
/// message cheap; the message itself has the rest.
pub const JSON_PAIRS_MAX: usize = 128;

/// Octets of rendered text (`raw_message` of a notification) per message.
pub const RENDERED_TEXT_OCTETS_MAX: usize = 64 * 1024;

/// Octets of `enriched_data` JSON per message.
pub const ENRICHED_OCTETS_MAX: usize = 128 * 1024;

/// Octets of small parts of a message beside those: an OID in dots, a name, the head of a response.
pub const MESSAGE_SMALL_PARTS_OCTETS_MAX: usize = 8 * 1024;

/// Most octets that one message may take in a batch: as received, readable, enriched; an inform's community and
/// response besides, or the fields of a message that is not text, made readable.
pub const MESSAGE_OCTETS_MAX: usize = 3 * DATAGRAM_OCTETS_MAX
    + 3 * RENDERED_TEXT_OCTETS_MAX
    + ENRICHED_OCTETS_MAX
    + MESSAGE_SMALL_PARTS_OCTETS_MAX;

/// Octets of message data at which a batch is full and handed over.
pub const BATCH_OCTETS_TARGET: usize = 256 * 1024;

/// Events at which a batch is full and handed over.
pub const BATCH_EVENTS_MAX: usize = 512;

const _: () = assert!(MESSAGE_OCTETS_MAX + BATCH_OCTETS_TARGET < u32::MAX as usize, "spans are 32 bits wide");
const _: () = assert!(RECEIVE_BATCH_DATAGRAMS <= BATCH_EVENTS_MAX, "a receive batch must fit an event batch");
