//! Bounds the hosts that servers may point to: the list `erp_sync.allowed_hosts`.
//!
//! An entry is a host name, `*.example.com` (every name below it) or `*` (every name), each with
//! `:port` behind it where only that port is meant, an address, or a network such as `10.0.0.0/8`.
//! A host must match an entry as it is written. Where the list holds networks, every address that
//! an allowed name resolves to must lie in one of them too, so that a name server cannot point inside.

use std::net::{IpAddr, SocketAddr};

use url::Host;

use crate::error::{Error, Kind, Result};

/// Ports that a host may be asked on: one, or all.
type Port = Option<u16>;

/// The hosts that are allowed; none named means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts {
    /// Whether there is a list at all. One of which nothing can be read allows nothing.
    bounded: bool,
    names: Vec<(Name, Port)>,
    addresses: Vec<(IpAddr, Port)>,
    networks: Vec<Network>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Name {
    Any,
    /// With the point before it.
    Below(String),
    Exactly(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    bits: u8,
}

impl Hosts {
    /// Reads a list. The second member names the entries that cannot be read: they allow nothing.
    pub fn parse(list: &str) -> (Hosts, Vec<String>) {
        let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let (mut hosts, mut wrong) = (Hosts::default(), Vec::new());
        for entry in entries {
            hosts.bounded = true;
            if !hosts.add(entry) {
                wrong.push(entry.to_string());
            }
        }
        (hosts, wrong)
    }

    fn add(&mut self, entry: &str) -> bool {
        if let Some(network) = Network::parse(entry) {
            self.networks.push(network);
            return true;
        }
        let Some((host, port)) = split(entry) else { return false };
        match (literal(host), pattern(host)) {
            (Some(address), _) => self.addresses.push((address, port)),
            (None, Some(name)) => self.names.push((name, port)),
            (None, None) => return false,
        }
        true
    }

    /// Whether the host may be asked, as far as that shows before its name is looked up. The error is the same whether the host is there or not.
    pub fn admit(&self, host: &str, port: u16) -> Result<()> {
        let admitted = !self.bounded
            || match literal(host) {
                Some(address) => self.holds(address, port),
                None => plain(host).is_some_and(|host| self.names(&host, port)),
            };
        if admitted { Ok(()) } else { Err(refused(host, port)) }
    }

    /// Those of the addresses, which the host's name resolved to, that may be connected to.
    pub fn admitted(&self, host: &str, mut addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>> {
        let port = addresses.first().map_or(0, SocketAddr::port);
        if self.bounds_addresses() {
            addresses.retain(|address| self.holds(address.ip(), address.port()));
        }
        if addresses.is_empty() { Err(refused(host, port)) } else { Ok(addresses) }
    }

    /// Whether what a name resolves to must be looked at.
    pub fn bounds_addresses(&self) -> bool {
        !self.networks.is_empty()
    }

    fn names(&self, host: &str, port: u16) -> bool {
        self.names.iter().any(|(name, only)| {
            is_port(*only, port)
                && match name {
                    Name::Any => true,
                    Name::Below(domain) => host.ends_with(domain) && host.len() > domain.len(),
                    Name::Exactly(name) => host == name,
                }
        })
    }

    fn holds(&self, address: IpAddr, port: u16) -> bool {
        let address = address.to_canonical();
        let named = |(one, only): &(IpAddr, Port)| *one == address && is_port(*only, port);
        self.addresses.iter().any(named) || self.networks.iter().any(|network| network.holds(address))
    }
}

/// Whether a port is the one that is meant.
fn is_port(only: Port, port: u16) -> bool {
    only.is_none_or(|only| only == port)
}

impl Network {
    fn parse(entry: &str) -> Option<Self> {
        let (address, bits) = entry.split_once('/')?;
        let address: IpAddr = address.trim_matches(['[', ']']).parse().ok()?;
        let bits: u8 = bits.parse().ok()?;
        let all = if address.is_ipv4() { 32 } else { 128 };
        (bits <= all).then_some(Network { address, bits })
    }

    fn holds(&self, address: IpAddr) -> bool {
        let outside = |width: u32, differing: u128| match u32::from(self.bits) {
            0 => false,
            bits => differing >> (width - bits) != 0,
        };
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => !outside(32, (own.to_bits() ^ other.to_bits()).into()),
            (IpAddr::V6(own), IpAddr::V6(other)) => !outside(128, own.to_bits() ^ other.to_bits()),
            _ => false,
        }
    }
}

/// `host:port`, `[::1]:port`, or a host alone.
fn split(entry: &str) -> Option<(&str, Port)> {
    if let Some(rest) = entry.strip_prefix('[') {
        let (host, behind) = rest.split_once(']')?;
        return match behind.strip_prefix(':') {
            Some(port) => Some((host, Some(port.parse().ok()?))),
            None => behind.is_empty().then_some((host, None)),
        };
    }
    match entry.matches(':').count() {
        1 => entry.split_once(':').and_then(|(host, port)| Some((host, Some(port.parse().ok()?)))),
        _ => Some((entry, None)),
    }
}

/// A host that is an address, in one spelling.
fn literal(host: &str) -> Option<IpAddr> {
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

fn pattern(host: &str) -> Option<Name> {
    if host == "*" {
        return Some(Name::Any);
    }
    match host.strip_prefix("*.") {
        Some(domain) => plain(domain).map(|domain| Name::Below(format!(".{domain}"))),
        None => plain(host).map(Name::Exactly),
    }
}

/// A name in one spelling; `None` for what is none, and for odd spellings of an address.
fn plain(name: &str) -> Option<String> {
    match Host::parse(name).ok()? {
        Host::Domain(name) if !name.contains(['*', '%']) => {
            Some(name.trim_end_matches('.').to_string()).filter(|name| !name.is_empty())
        }
        _ => None,
    }
}

fn refused(host: &str, port: u16) -> Error {
    Error::new(Kind::Denied, format!("\"{host}:{port}\" is no host that this database may connect to"))
        .detail("the setting erp_sync.allowed_hosts does not name it")
        .hint("a superuser adds it with: alter system set erp_sync.allowed_hosts = '...', then select pg_reload_conf()")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hosts(list: &str) -> Hosts {
        let (hosts, wrong) = Hosts::parse(list);
        assert!(wrong.is_empty(), "{wrong:?}");
        hosts
    }

    fn admits(list: &str, host: &str) -> bool {
        hosts(list).admit(host, 443).is_ok()
    }

    fn resolves(list: &str, address: &str) -> bool {
        let address = SocketAddr::new(address.parse().unwrap(), 443);
        hosts(list).admitted("name", vec![address]).is_ok()
    }

    #[test]
    fn an_empty_list_allows_all() {
        for list in ["", " ", ",", " , "] {
            assert!(admits(list, "erp.example.com") && admits(list, "127.0.0.1"), "{list}");
            assert!(resolves(list, "10.0.0.1"));
        }
    }

    #[test]
    fn a_name_is_compared_in_one_spelling() {
        let list = "erp.example.com, Bücher.example";
        for host in ["erp.example.com", "ERP.Example.COM", "erp.example.com.", "xn--bcher-kva.example"] {
            assert!(admits(list, host), "{host}");
        }
        let strange = ["example.com", "a.erp.example.com", "erp.example.com.evil.test", "erp-example.com"];
        for host in strange {
            assert!(!admits(list, host), "{host}");
        }
    }

    #[test]
    fn a_pattern_means_every_name_below_it_and_not_itself() {
        assert!(admits("*.example.com", "a.example.com") && admits("*.example.com", "a.b.example.com"));
        assert!(!admits("*.example.com", "example.com") && !admits("*.example.com", "badexample.com"));
        assert!(!admits("*.example.com", ".example.com"));
        assert!(admits("*", "anything") && !admits("*", "10.0.0.1"), "an address is no name");
    }

    #[test]
    fn a_port_is_the_only_one() {
        for (list, port, admitted) in [
            ("erp.example.com:8069", 8069, true),
            ("erp.example.com:8069", 443, false),
            ("*.example.com:443", 443, true),
            ("*.example.com:443", 22, false),
        ] {
            assert_eq!(hosts(list).admit("erp.example.com", port).is_ok(), admitted, "{list} {port}");
        }
        assert!(hosts("[::1]:1433").admit("::1", 1433).is_ok());
        assert!(hosts("[::1]:1433").admit("::1", 1434).is_err());
        assert!(hosts("10.0.0.5:1433").admit("10.0.0.5", 1433).is_ok());
        assert!(hosts("10.0.0.5:1433").admit("10.0.0.5", 22).is_err());
    }

    #[test]
    fn an_address_lies_in_a_network_in_whichever_spelling() {
        let list = "10.0.0.0/8, fd00::/8, 192.0.2.7";
        for host in ["10.1.2.3", "::ffff:10.1.2.3", "[::ffff:a01:203]", "fd12::1", "[fd12::1]", "192.0.2.7"] {
            assert!(admits(list, host), "{host}");
        }
        for host in
            ["11.0.0.1", "fe80::1", "192.0.2.8", "::1", "10.1", "0x0a010203", "167838211", "012.1.2.3"]
        {
            assert!(!admits(list, host), "{host}");
        }
        assert!(admits("0.0.0.0/0", "8.8.8.8") && !admits("0.0.0.0/0", "::1") && admits("::/0", "::1"));
    }

    #[test]
    fn where_there_are_networks_a_name_must_resolve_into_them_and_be_named() {
        let list = "*.example.com, 10.0.0.0/8, 192.0.2.7";
        assert!(admits(list, "erp.example.com") && !admits(list, "erp.elsewhere.test"));
        assert!(resolves(list, "10.9.9.9") && resolves(list, "192.0.2.7"));
        assert!(!resolves(list, "127.0.0.1") && !resolves(list, "::1") && !resolves(list, "192.0.2.8"));
        assert!(resolves("erp.example.com, 192.0.2.7", "127.0.0.1"), "there is no network");
        let inside: SocketAddr = "10.0.0.1:443".parse().unwrap();
        let mixed = vec!["127.0.0.1:443".parse().unwrap(), inside];
        assert_eq!(hosts(list).admitted("name", mixed).unwrap(), [inside], "the other one is left alone");
    }

    #[test]
    fn what_cannot_be_read_allows_nothing() {
        let wrong = [
            "10.0.0.0/33",
            "::/129",
            "a/8",
            "a:b",
            "a:70000",
            "[::1",
            "*.",
            "a*b",
            "*.*.com",
            "http://a",
            "a b",
        ];
        for entry in wrong {
            let (hosts, wrong) = Hosts::parse(entry);
            assert_eq!(wrong, [entry]);
            assert!(hosts.admit("a", 80).is_err() && hosts.admit("10.0.0.1", 80).is_err(), "{entry}");
        }
    }

    #[test]
    fn the_refusal_names_the_host_and_what_to_type() {
        let error = hosts("a").admit("b", 22).unwrap_err();
        assert_eq!(error.kind, Kind::Denied);
        assert_eq!(error.message, "\"b:22\" is no host that this database may connect to");
        assert!(error.hint.unwrap().contains("alter system set erp_sync.allowed_hosts"));
    }

    proptest! {
        #[test]
        fn no_host_is_a_panic_and_only_a_list_refuses(list: String, host: String, port: u16) {
            let (hosts, wrong) = Hosts::parse(&list);
            let _ = hosts.admit(&host, port);
            prop_assert!(Hosts::default().admit(&host, port).is_ok());
            prop_assert!(wrong.len() <= list.len());
        }

        #[test]
        fn an_address_is_in_a_network_when_its_first_bits_are(address: u32, other: u32, bits in 0u8..=32) {
            let (address, other) = (std::net::Ipv4Addr::from(address), std::net::Ipv4Addr::from(other));
            let same = bits == 0 || (address.to_bits() ^ other.to_bits()) >> (32 - u32::from(bits)) == 0;
            prop_assert_eq!(admits(&format!("{address}/{bits}"), &other.to_string()), same);
        }
    }
}
