use std::net::{Ipv4Addr, TcpListener};

use super::LocalError;

/// Ports of 127.0.0.1 that nobody listens on now, all different.
///
/// Nothing reserves them: another process may take one before the server binds it, so starting can fail and
/// is then tried again with others.
pub(super) fn free_ports<const N: usize>() -> Result<[u16; N], LocalError> {
    let mut listeners = Vec::with_capacity(N);
    let mut ports = [0; N];
    for port in &mut ports {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .map_err(LocalError::io("cannot find a free port on 127.0.0.1"))?;
        *port = listener.local_addr().map_err(LocalError::io("cannot read the free port"))?.port();
        listeners.push(listener);
    }
    Ok(ports)
}
