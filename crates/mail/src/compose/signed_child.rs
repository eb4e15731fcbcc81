// SPDX-License-Identifier: GPL-3.0-or-later
//! An author's entity without the author's signature around it.

use crate::{Entity, Provenance, Shape, shape};

/// The first part of a multipart/signed, byte for byte; `None` when it is none.
pub fn signed_child<P: Provenance>(entity: &Entity<P>) -> Option<Entity<P>> {
    match shape(entity) {
        Shape::Signed { part, .. } => entity.lend().get(part).map(|octets| Entity::new(octets.to_vec())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Public;

    #[test]
    fn the_signed_part_comes_out_as_it_was() {
        let signed = Entity::<Public>::new(
            b"Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=\"b\"\r\n\r\n--b\r\n\
              Content-Type: text/plain\r\n\r\nwords\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\nsig\r\n\
              --b--\r\n"
                .to_vec(),
        );
        let child = signed_child(&signed).unwrap();
        assert_eq!(child.octets(), b"Content-Type: text/plain\r\n\r\nwords");
        assert!(signed_child(&child).is_none());
    }
}
