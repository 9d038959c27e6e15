//! Addresses as numbers, those of IPv4 within `::ffff:0:0/96` (RFC 4291, 2.5.5.2).

use std::net::{IpAddr, Ipv6Addr};

const MAPPED: u128 = 0xffff_0000_0000;

/// Reads an address.
pub(super) fn parse(text: &[u8]) -> Option<u128> {
    if let Some(four) = parse_v4(text) {
        return Some(MAPPED | u128::from(four));
    }
    let address: Ipv6Addr = std::str::from_utf8(text).ok()?.parse().ok()?;
    Some(address.to_bits())
}

fn parse_v4(text: &[u8]) -> Option<u32> {
    let (mut address, mut part, mut digits, mut dots) = (0_u32, 0_u32, 0, 0);
    for byte in text {
        match byte {
            b'0'..=b'9' => {
                part = part * 10 + u32::from(byte - b'0');
                digits += 1;
                if digits > 3 || part > 255 {
                    return None;
                }
            }
            b'.' if digits > 0 => {
                address = address << 8 | part;
                dots += 1;
                (part, digits) = (0, 0);
                if dots > 3 {
                    return None;
                }
            }
            _ => return None,
        }
    }
    (dots == 3 && digits > 0).then_some(address << 8 | part)
}

/// The address of a number.
pub(super) fn of(number: u128) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from_bits(number)).to_canonical()
}

pub(super) const fn is_v4(number: u128) -> bool {
    number >> 32 == 0xffff
}

/// The IPv4 address in an address of NAT64 (RFC 6052, 2.1), which AWS routes through a NAT gateway; others are
/// left as they are.
pub(super) const fn without_nat64(number: u128) -> u128 {
    if number >> 32 == 0x0064_ff9b_u128 << 64 { MAPPED | (number & 0xffff_ffff) } else { number }
}

/// Whether an address can be that of a host on the internet: not of a special range of the registries (RFC 6890;
/// 100.64.0.0/10 too, which EKS gives to pods).
pub(super) const fn is_public(number: u128) -> bool {
    if is_v4(number) {
        let [.., a, b, c, _] = number.to_be_bytes();
        return !matches!(
            (a, b, c),
            (0 | 10 | 127 | 224..=255, ..)
                | (100, 64..=127, _)
                | (169, 254, _)
                | (172, 16..=31, _)
                | (192, 168, _)
                | (192, 0, 0)
                | (198, 18 | 19, _)
        );
    }
    // 2000::/3 is what is given out (RFC 4291, 2.4 and IANA's registry), and NAT64's prefix stands for IPv4.
    number >> 125 == 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_that_are_nobodys_on_the_internet() {
        for (text, public) in [
            ("10.255.0.1", false),
            ("100.63.255.255", true),
            ("100.64.0.1", false),
            ("100.128.0.1", true),
            ("172.15.0.1", true),
            ("172.31.255.1", false),
            ("192.168.1.1", false),
            ("192.167.1.1", true),
            ("169.254.169.254", false),
            ("224.0.0.1", false),
            ("52.218.0.1", true),
            ("fd00:ec2::254", false),
            ("fe80::1", false),
            ("2600:1f14::1", true),
            ("::1", false),
        ] {
            assert_eq!(is_public(parse(text.as_bytes()).unwrap()), public, "{text}");
        }
        let nat64 = parse(b"64:ff9b::34da:1").unwrap();
        assert_eq!(of(without_nat64(nat64)).to_string(), "52.218.0.1");
        assert_eq!(without_nat64(parse(b"64:ff9c::1").unwrap()), parse(b"64:ff9c::1").unwrap());
    }

    proptest! {
        #[test]
        fn addresses_are_read_as_the_standard_library_reads_them(
            text in "[0-9]{1,3}(\\.[0-9]{1,3}){2,4}|[0-9a-f:]{2,20}|[0-9.]{0,8}",
        ) {
            // The library refuses leading zeros, which logs do not have.
            let zeros = text.split('.').any(|part| part.len() > 1 && part.starts_with('0'));
            prop_assume!(!zeros);
            prop_assert_eq!(parse(text.as_bytes()).map(of), text.parse::<IpAddr>().ok().map(|a| a.to_canonical()));
        }

        #[test]
        fn addresses_come_back(bits in any::<u32>(), more in any::<u128>()) {
            for address in [IpAddr::V4(bits.into()), IpAddr::V6(more.into()).to_canonical()] {
                prop_assert_eq!(parse(address.to_string().as_bytes()).map(of), Some(address));
            }
        }
    }
}
