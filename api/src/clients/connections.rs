use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use ipnet::IpNet;

use super::{Client, address::is_within};

/// Open connections of each client, so that none of them takes all places.
#[derive(Clone, Debug)]
pub(crate) struct Connections {
    open: Arc<Mutex<HashMap<Client, usize>>>,
    most: usize,
    proxies: Arc<[IpNet]>,
}

/// One connection's place, given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    open: Arc<Mutex<HashMap<Client, usize>>>,
    client: Option<Client>,
}

impl Connections {
    pub(crate) fn new(most: usize, proxies: &[IpNet]) -> Self {
        Self { open: Arc::default(), most, proxies: proxies.into() }
    }

    /// `None` when the client at `peer` has as many as it may. A proxy of ours may have all.
    pub(crate) fn admit(&self, peer: IpAddr) -> Option<Place> {
        let open = Arc::clone(&self.open);
        if is_within(peer, &self.proxies) {
            return Some(Place { open, client: None });
        }
        let client = Client::at(peer);
        let mut counts = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(client).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Place { open, client: Some(client) })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(client) = self.client else { return };
        let mut counts = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&client) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_so_many_places_and_gets_them_back() {
        let connections = Connections::new(2, &["10.0.0.0/8".parse().unwrap()]);
        let (one, other, proxy) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into(), IpAddr::from([10, 0, 0, 1]));
        let first = connections.admit(one);
        let second = connections.admit(one);
        assert!(first.is_some() && second.is_some() && connections.admit(one).is_none());
        assert!(connections.admit(other).is_some());
        let proxied: Vec<_> = (0..10).map(|_| connections.admit(proxy)).collect();
        assert!(proxied.iter().all(Option::is_some));
        drop(first);
        assert!(connections.admit(one).is_some());
        drop(second);
        assert!(connections.open.lock().unwrap().is_empty(), "clients that left are forgotten");
    }
}
