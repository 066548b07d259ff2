use std::net::{IpAddr, Ipv6Addr};

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Whom limits are for: an address, or with IPv6 the network of 64 bits that one subscriber has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Client(IpAddr);

impl Client {
    pub(crate) fn at(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
        })
    }

    /// Who is behind a request that came from `peer`. What it says of that itself counts only where it came through a
    /// proxy of ours: anybody can write such a header.
    pub(crate) fn behind(peer: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> Self {
        let is_proxy = |address: &IpAddr| is_within(*address, proxies);
        let mut nearest = peer;
        if is_proxy(&peer) {
            let lines = headers.get_all(FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok());
            let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
            // Each hop adds the address that it saw, so from the end on they are ours, up to the first that is not.
            for hop in hops.iter().rev() {
                let Ok(address) = hop.parse() else { break };
                nearest = address;
                if !is_proxy(&address) {
                    break;
                }
            }
        }
        Self::at(nearest)
    }
}

pub(super) fn is_within(address: IpAddr, networks: &[IpNet]) -> bool {
    networks.iter().any(|network| network.contains(&address.to_canonical()))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn behind(peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(line).unwrap());
        }
        let proxies = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        Client::behind(peer.parse().unwrap(), &headers, &proxies).0.to_string()
    }

    #[test]
    fn a_header_is_believed_from_our_proxies_only() {
        assert_eq!(behind("192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(behind("10.1.1.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(behind("::ffff:10.1.1.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(behind("10.1.1.1", &[]), "10.1.1.1");
    }

    #[test]
    fn what_a_client_wrote_itself_is_left_of_what_our_proxies_saw() {
        assert_eq!(behind("10.1.1.1", &["1.2.3.4, 198.51.100.7, 10.2.2.2"]), "198.51.100.7");
        assert_eq!(behind("10.1.1.1", &["1.2.3.4", "198.51.100.7"]), "198.51.100.7");
        assert_eq!(behind("10.1.1.1", &["1.2.3.4, nonsense"]), "10.1.1.1");
        assert_eq!(behind("10.1.1.1", &["nonsense, 10.2.2.2"]), "10.2.2.2");
    }

    #[test]
    fn one_subscriber_is_one_client() {
        let at = |address: &str| Client::at(address.parse().unwrap());
        assert_eq!(at("2001:db8:1:2::1"), at("2001:db8:1:2:ffff::9"));
        assert_ne!(at("2001:db8:1:2::1"), at("2001:db8:1:3::1"));
        assert_eq!(at("::ffff:192.0.2.1"), at("192.0.2.1"));
        assert_ne!(at("192.0.2.1"), at("192.0.2.2"));
    }
}
