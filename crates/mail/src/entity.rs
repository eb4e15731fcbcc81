// SPDX-License-Identifier: GPL-3.0-or-later
//! A MIME entity (RFC 2045, section 2.4) together with where it came from.
//!
//! What arrived encrypted is an `Entity<Cleartext>`; what arrived unprotected is an
//! `Entity<Public>`. The two are different types, so that the compiler sees whether plaintext of an
//! encrypted letter could leave in clear: whatever writes to a disk, a log or the wire takes
//! `Entity<Public>` or sealed bytes, and nothing turns `Cleartext` back into `Public`.

use std::fmt;
use std::marker::PhantomData;

use zeroize::Zeroizing;

/// Where an entity came from. Implemented by [`Public`] and [`Cleartext`] alone.
pub trait Provenance: sealed::Sealed + Send + Sync + 'static {
    /// The word that `Debug` shows.
    const NAME: &'static str;
}

/// It arrived unprotected, or we wrote it ourselves without quoting anybody.
#[derive(Clone, Copy, Debug)]
pub enum Public {}

/// It arrived encrypted: it never touches a disk, and leaves only through `seal`.
#[derive(Clone, Copy, Debug)]
pub enum Cleartext {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Public {}
    impl Sealed for super::Cleartext {}
}

impl Provenance for Public {
    const NAME: &'static str = "Public";
}
impl Provenance for Cleartext {
    const NAME: &'static str = "Cleartext";
}

/// The octets of an entity: header fields, empty line, body. Zeroized on drop; `Debug` prints a
/// length; it cannot be serialized or displayed.
#[derive(Clone)]
pub struct Entity<P: Provenance> {
    octets: Zeroizing<Vec<u8>>,
    provenance: PhantomData<P>,
}

impl<P: Provenance> Entity<P> {
    /// Takes octets as an entity of this provenance.
    pub fn new(octets: Vec<u8>) -> Self {
        Self::from_zeroizing(Zeroizing::new(octets))
    }

    /// The same for octets that are already zeroized on drop.
    pub fn from_zeroizing(octets: Zeroizing<Vec<u8>>) -> Self {
        Self { octets, provenance: PhantomData }
    }

    /// How many octets it has.
    pub fn len(&self) -> usize {
        self.octets.len()
    }

    /// Whether it has no octets at all.
    pub fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// Lends the octets, whatever their provenance, to the parsers and composers of this room and
    /// to `crypto`. Everybody else is refused by the `disallowed-methods` lint: plaintext must not
    /// be copied where nobody guards it.
    pub fn lend(&self) -> &[u8] {
        &self.octets
    }
}

impl Entity<Public> {
    /// The octets, free to be stored sealed or sent.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }
}

impl<P: Provenance> fmt::Debug for Entity<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entity<{}>({} octets)", P::NAME, self.octets.len())
    }
}
