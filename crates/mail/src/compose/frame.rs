// SPDX-License-Identifier: GPL-3.0-or-later
//! What stands around the OpenPGP message of each copy (RFC 3156, section 4).

use rand::RngCore;

use super::message_id::boundary;

/// The octets before and after the armored OpenPGP message of a sealed post.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// The outer header, multipart/encrypted, its first part, and the header of the second.
    pub head: Vec<u8>,
    /// The end of the second part.
    pub tail: Vec<u8>,
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Frame({} and {} octets)", self.head.len(), self.tail.len())
    }
}

/// The frame of a sealed post with this outer header, which ends with a line end and has no empty
/// line. The armored message goes between head and tail; its last line end may be there or not.
pub fn sealed_message_frame(outer: &[u8], rng: &mut dyn RngCore) -> Frame {
    let boundary = boundary(rng);
    let mut head = Vec::with_capacity(outer.len() + 512);
    head.extend_from_slice(outer);
    head.extend_from_slice(
        format!(
            "MIME-Version: 1.0\r\n\
             Content-Type: multipart/encrypted;\r\n protocol=\"application/pgp-encrypted\";\r\n boundary=\"{boundary}\"\r\n\
             \r\n\
             This is an OpenPGP/MIME encrypted message (RFC 3156).\r\n\
             --{boundary}\r\n\
             Content-Type: application/pgp-encrypted\r\n\
             Content-Description: PGP/MIME version identification\r\n\
             \r\n\
             Version: 1\r\n\
             \r\n\
             --{boundary}\r\n\
             Content-Type: application/octet-stream; name=\"encrypted.asc\"\r\n\
             Content-Description: OpenPGP encrypted message\r\n\
             Content-Disposition: inline; filename=\"encrypted.asc\"\r\n\
             \r\n"
        )
        .as_bytes(),
    );
    Frame { head, tail: format!("\r\n--{boundary}--\r\n").into_bytes() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::fixture::{chance, friends, lunch};
    use crate::compose::outer_header;
    use crate::{Entity, Public, Shape, shape};

    #[test]
    fn a_framed_message_has_the_encrypted_shape() {
        let frame = sealed_message_frame(outer_header(&friends(), &lunch()).octets(), &mut chance());
        for armored in [&b"-----BEGIN PGP MESSAGE-----\r\n"[..], b"-----BEGIN PGP MESSAGE-----"] {
            let message = Entity::<Public>::new([&frame.head, armored, &frame.tail].concat());
            let Shape::Encrypted { message } = shape(&message) else { panic!("{:?}", shape(&message)) };
            assert_eq!(&*message, armored);
        }
    }

    #[test]
    fn the_frame_is_ascii_in_short_lines() {
        let frame = sealed_message_frame(outer_header(&friends(), &lunch()).octets(), &mut chance());
        for line in frame.head.split(|octet| *octet == b'\n') {
            assert!(line.is_ascii() && line.len() <= 79);
        }
    }
}
