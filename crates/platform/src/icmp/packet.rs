//! The packets: built once per batch, patched per probe, read back with suspicion.

use std::time::Duration;

use pnet_packet::Packet;
use pnet_packet::icmp::echo_reply::EchoReplyPacket;
use pnet_packet::icmp::{IcmpTypes, echo_request::MutableEchoRequestPacket};
use pnet_packet::ipv4::Ipv4Packet;

/// ICMP header and our payload.
pub(super) const LENGTH: usize = 8 + PAYLOAD;
const PAYLOAD: usize = 8 + 8 + 8 + 8;

const ECHO_REQUEST_V6: u8 = 128;
const ECHO_REPLY_V6: u8 = 129;

/// What proves that a reply is ours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Identity {
    /// ICMP identifier. The kernel chooses its own on datagram sockets: then none.
    pub(super) identifier: Option<u16>,
    /// A secret of this process.
    pub(super) cookie: [u8; 8],
}

/// The clocks at the moment of sending, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) realtime: i64,
    pub(super) boottime: i64,
}

/// A reply that is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) token: u64,
    pub(super) sent: Stamp,
}

/// Writes an echo request. The checksum of ICMPv6 is left to the kernel, which knows the
/// source address (RFC 3542, section 3.1).
pub(super) fn write(
    buffer: &mut [u8; LENGTH],
    v6: bool,
    identity: &Identity,
    token: u64,
    stamp: Stamp,
) {
    let (_, payload) = buffer.split_at_mut(8);
    let fields = [
        identity.cookie,
        token.to_be_bytes(),
        stamp.realtime.to_be_bytes(),
        stamp.boottime.to_be_bytes(),
    ];
    for (chunk, field) in payload.chunks_exact_mut(8).zip(fields) {
        chunk.copy_from_slice(&field);
    }
    if let Some(mut packet) = MutableEchoRequestPacket::new(buffer) {
        packet.set_icmp_type(IcmpTypes::EchoRequest);
        packet.set_icmp_code(pnet_packet::icmp::IcmpCode(0));
        packet.set_identifier(identity.identifier.unwrap_or(0));
        packet.set_sequence_number(token as u16);
        packet.set_checksum(0);
    }
    if v6 {
        if let Some(kind) = buffer.first_mut() {
            *kind = ECHO_REQUEST_V6;
        }
    } else {
        let sum = pnet_packet::util::checksum(buffer, 1);
        if let Some(mut packet) = MutableEchoRequestPacket::new(buffer) {
            packet.set_checksum(sum);
        }
    }
}

/// Reads what arrived. `with_header`: raw IPv4 sockets deliver the IP header too.
pub(super) fn read(data: &[u8], v6: bool, with_header: bool, identity: &Identity) -> Option<Heard> {
    let data = if with_header {
        let header = Ipv4Packet::new(data)?;
        let length = usize::from(header.get_header_length()) * 4;
        data.get(length.max(20)..)?
    } else {
        data
    };
    // An echo brings back exactly what was sent (RFC 792), so any other length is foreign.
    if data.len() != LENGTH {
        return None;
    }
    let reply = EchoReplyPacket::new(data)?;
    let wanted = if v6 { ECHO_REPLY_V6 } else { IcmpTypes::EchoReply.0 };
    if reply.get_icmp_type().0 != wanted || reply.get_icmp_code().0 != 0 {
        return None;
    }
    if identity.identifier.is_some_and(|id| id != reply.get_identifier()) {
        return None;
    }
    // Raw IPv4 sockets get a packet before the kernel has looked at its checksum.
    if with_header && pnet_packet::util::checksum(data, usize::MAX) != 0 {
        return None;
    }
    let payload = reply.payload();
    let field = |n: usize| -> Option<[u8; 8]> { payload.get(n * 8..n * 8 + 8)?.try_into().ok() };
    if field(0)? != identity.cookie {
        return None;
    }
    let token = u64::from_be_bytes(field(1)?);
    if token as u16 != reply.get_sequence_number() {
        return None;
    }
    let sent =
        Stamp { realtime: i64::from_be_bytes(field(2)?), boottime: i64::from_be_bytes(field(3)?) };
    Some(Heard { token, sent })
}

/// The round trip by the kernel's clock of receipt; by the monotonic one where the wall
/// clock was set in between, which would make it negative or longer than it can be.
pub(super) fn round_trip(sent: Stamp, received: Option<i64>, now: Stamp) -> Duration {
    let ns = |n: i64| Duration::from_nanos(u64::try_from(n).unwrap_or(0));
    let monotonic = ns(now.boottime - sent.boottime);
    match received.map(|at| at - sent.realtime) {
        Some(kernel) if kernel >= 0 && ns(kernel) <= monotonic => ns(kernel),
        Some(_) | None => monotonic,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDENTITY: Identity = Identity { identifier: Some(0x1234), cookie: *b"a cookie" };
    const STAMP: Stamp = Stamp { realtime: 1_000, boottime: 50 };

    fn request(v6: bool, token: u64) -> [u8; LENGTH] {
        let mut buffer = [0; LENGTH];
        write(&mut buffer, v6, &IDENTITY, token, STAMP);
        buffer
    }

    fn reply(v6: bool, token: u64) -> [u8; LENGTH] {
        let mut buffer = request(v6, token);
        buffer[0] = if v6 { 129 } else { 0 };
        if !v6 {
            let sum = pnet_packet::util::checksum(&buffer, 1).to_be_bytes();
            buffer[2..4].copy_from_slice(&sum);
        }
        buffer
    }

    fn ip(inner: &[u8]) -> Vec<u8> {
        let mut packet = vec![0u8; 20];
        packet[0] = 0x45;
        packet.extend_from_slice(inner);
        packet
    }

    #[test]
    fn a_reply_that_carries_everything_back_is_ours() {
        let heard = Some(Heard { token: 0xABCD_1234_5678, sent: STAMP });
        assert_eq!(read(&reply(false, 0xABCD_1234_5678), false, false, &IDENTITY), heard);
        assert_eq!(read(&reply(true, 0xABCD_1234_5678), true, false, &IDENTITY), heard);
        assert_eq!(read(&ip(&reply(false, 0xABCD_1234_5678)), false, true, &IDENTITY), heard);
    }

    #[test]
    fn the_checksum_of_a_request_is_right() {
        assert_eq!(pnet_packet::util::checksum(&request(false, 77), usize::MAX), 0);
    }

    #[test]
    fn strangers_and_altered_replies_are_foreign() {
        for position in [4, 5, 6, 7, 8, 15, 23] {
            let mut altered = reply(false, 9);
            altered[position] ^= 1;
            assert_eq!(read(&altered, false, false, &IDENTITY), None, "byte {position}");
        }
        assert_eq!(read(&request(false, 9), false, false, &IDENTITY), None, "our own request");
    }

    #[test]
    fn a_raw_reply_damaged_on_the_way_is_foreign() {
        for position in 0..LENGTH {
            let mut damaged = reply(false, 9);
            damaged[position] ^= 4;
            assert_eq!(read(&ip(&damaged), false, true, &IDENTITY), None, "byte {position}");
        }
    }

    #[test]
    fn a_longer_reply_is_foreign() {
        let mut longer = reply(false, 9).to_vec();
        longer.push(0);
        assert_eq!(read(&longer, false, false, &IDENTITY), None);
    }

    #[test]
    fn options_in_the_ip_header_are_stepped_over() {
        let mut packet = vec![0u8; 24];
        packet[0] = 0x46;
        packet.extend_from_slice(&reply(false, 9));
        assert_eq!(read(&packet, false, true, &IDENTITY), Some(Heard { token: 9, sent: STAMP }));
    }

    /// T13.
    #[test]
    fn t13_unreachable_replies_are_not_life() {
        for kind in [3u8, 4, 5, 11, 12] {
            let mut message = vec![kind, 1, 0, 0, 0, 0, 0, 0];
            message.extend_from_slice(&ip(&request(false, 9)));
            assert_eq!(read(&message, false, false, &IDENTITY), None);
            assert_eq!(read(&ip(&message), false, true, &IDENTITY), None);
        }
        let mut message = vec![1u8, 3, 0, 0, 0, 0, 0, 0];
        message.extend_from_slice(&[0; 40]);
        message.extend_from_slice(&request(true, 9));
        assert_eq!(read(&message, true, false, &IDENTITY), None);
    }

    #[test]
    fn truncated_packets_and_rubbish_are_survived() {
        let whole = ip(&reply(false, 9));
        for end in 0..whole.len() {
            assert_eq!(read(&whole[..end], false, true, &IDENTITY), None);
        }
        for fill in 0..=255u8 {
            for length in [0, 1, 7, 8, 20, 28, 60, 200] {
                let rubbish = vec![fill; length];
                assert_eq!(read(&rubbish, false, true, &IDENTITY), None);
                assert_eq!(read(&rubbish, true, false, &IDENTITY), None);
            }
        }
    }

    #[test]
    fn a_set_wall_clock_does_not_bend_the_round_trip() {
        let now = Stamp { realtime: 0, boottime: 50 + 900 };
        assert_eq!(round_trip(STAMP, Some(1_400), now), Duration::from_nanos(400));
        assert_eq!(round_trip(STAMP, Some(-5_000_000), now), Duration::from_nanos(900));
        assert_eq!(round_trip(STAMP, Some(9_000_000), now), Duration::from_nanos(900));
        assert_eq!(round_trip(STAMP, None, now), Duration::from_nanos(900));
    }
}
