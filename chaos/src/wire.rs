//! Just enough of the PostgreSQL protocol to know where a client says COMMIT.

use bytes::{Buf, Bytes, BytesMut};

const SSL_REQUEST: u32 = 80_877_103;
const GSS_REQUEST: u32 = 80_877_104;

/// One message of a client, as it came.
#[derive(Debug, PartialEq, Eq)]
pub struct ClientMessage {
    pub bytes: Bytes,
    pub is_commit: bool,
}

/// Cuts what a client sends into messages.
#[derive(Debug, Default)]
pub struct ClientMessages {
    pub received: BytesMut,
    is_started: bool,
}

impl ClientMessages {
    /// The next message that is complete.
    pub fn next(&mut self) -> Option<ClientMessage> {
        // Until the session is opened messages carry no type.
        let head = usize::from(self.is_started);
        let mut length = self.received.get(head..head + 4)?;
        let length = head + usize::try_from(length.get_u32()).ok()?.max(4);
        if self.received.len() < length {
            return None;
        }
        let bytes = self.received.split_to(length).freeze();
        if self.is_started {
            let is_commit = bytes[0] == b'Q' && bytes[5..].eq_ignore_ascii_case(b"COMMIT\0");
            return Some(ClientMessage { bytes, is_commit });
        }
        let code = bytes.get(4..8).map(|mut code| code.get_u32());
        self.is_started = !matches!(code, Some(SSL_REQUEST | GSS_REQUEST));
        Some(ClientMessage { bytes, is_commit: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_commit_however_the_bytes_arrive() {
        let mut sent = Vec::new();
        sent.extend_from_slice(&[0, 0, 0, 8, 4, 210, 22, 47]);
        sent.extend_from_slice(b"\0\0\0\x0c\0\x03\0\0u\0m\0");
        sent.extend_from_slice(b"Q\0\0\0\x0aBEGIN\0Q\0\0\0\x0bCOMMIT\0X\0\0\0\x04");
        for step in 1..sent.len() {
            let mut messages = ClientMessages::default();
            let mut found = Vec::new();
            for chunk in sent.chunks(step) {
                messages.received.extend_from_slice(chunk);
                while let Some(message) = messages.next() {
                    found.push(message);
                }
            }
            let commits: Vec<bool> = found.iter().map(|message| message.is_commit).collect();
            assert_eq!(commits, [false, false, false, true, false], "in steps of {step}");
            let bytes: Vec<u8> = found.iter().flat_map(|message| message.bytes.to_vec()).collect();
            assert_eq!(bytes, sent);
        }
    }
}
