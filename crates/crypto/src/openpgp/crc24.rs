// SPDX-License-Identifier: GPL-3.0-or-later
//! The check sum of ASCII armour (RFC 9580, section 6.1.1), and how to combine two of them.
//!
//! It protects nothing and RFC 9580 lets one leave it out, but GnuPG 2.2 calls a message without it
//! manipulated whenever its length is divisible by three. Since the register is linear over GF(2),
//! the sum of `prefix + body` follows from the prefix's and the body's alone: the body is read once
//! for all readers.

/// The polynomial without its highest term.
const POLYNOMIAL: u32 = 0x0086_4CFB;
const MASK: u32 = 0x00FF_FFFF;
/// What the register holds before the first octet.
pub(super) const INITIAL: u32 = 0x00B7_04CE;

static TABLE: [u32; 256] = table();

#[expect(clippy::indexing_slicing, reason = "evaluated when compiling")]
const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut octet = 0;
    while octet < 256 {
        let mut register = (octet as u32) << 16;
        let mut bit = 0;
        while bit < 8 {
            register = times_x(register);
            bit += 1;
        }
        table[octet] = register;
        octet += 1;
    }
    table
}

/// One bit further: times x, modulo the polynomial.
const fn times_x(register: u32) -> u32 {
    let shifted = register << 1;
    if shifted & 0x0100_0000 == 0 { shifted } else { (shifted & MASK) ^ POLYNOMIAL }
}

/// The register after these octets.
pub(super) fn update(register: u32, octets: &[u8]) -> u32 {
    octets.iter().fold(register, |register, octet| {
        let index = (((register >> 16) ^ u32::from(*octet)) & 0xFF) as usize;
        ((register << 8) & MASK) ^ TABLE.get(index).copied().unwrap_or_default()
    })
}

/// The factor that stands for so many further octets: x^(8n) modulo the polynomial.
pub(super) fn shift(octets: usize) -> u32 {
    let mut result = 1;
    let mut square = 0x100; // x^8
    let mut rest = octets;
    while rest > 0 {
        if rest & 1 == 1 {
            result = multiply(result, square);
        }
        square = multiply(square, square);
        rest >>= 1;
    }
    result
}

/// The register after a prefix that left `register` and a body that, begun with an empty register,
/// leaves `body`; `shift` is that of the body's length.
pub(super) fn combine(register: u32, body: u32, shift: u32) -> u32 {
    multiply(register, shift) ^ body
}

fn multiply(a: u32, b: u32) -> u32 {
    (0..24).rev().fold(0, |product, bit| {
        let product = times_x(product);
        if (a >> bit) & 1 == 1 { product ^ b } else { product }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_sum_is_the_one_that_programs_write() {
        // Of "123456789", in the catalogue of parametrised CRC algorithms.
        assert_eq!(update(INITIAL, b"123456789"), 0x0021_CF02);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn combined_is_the_same_as_computed(
            prefix in prop::collection::vec(any::<u8>(), 0..600),
            body in prop::collection::vec(any::<u8>(), 0..6000),
        ) {
            let combined = combine(update(INITIAL, &prefix), update(0, &body), shift(body.len()));
            let whole: Vec<u8> = [prefix, body].concat();
            prop_assert_eq!(combined, update(INITIAL, &whole));
        }
    }
}
