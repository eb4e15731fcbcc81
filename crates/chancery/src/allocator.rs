// SPDX-License-Identifier: GPL-3.0-or-later
//! One knob of the C library's allocator.

/// From which size on a block is mapped for itself, in octets.
const LARGE: i32 = 256 * 1024;

/// Lets every large block go back to the system as soon as it is freed. Left alone, the C library
/// learns from the first large message to keep such blocks, and a server that has handled one post
/// of ten mebibytes stays as large as all the copies that its steps held one after the other.
#[cfg(target_env = "gnu")]
pub(crate) fn give_large_blocks_back() {
    #[expect(unsafe_code, reason = "the only way to this knob; it is called before any thread is started")]
    // SAFETY: mallopt takes two integers and changes a parameter of the allocator.
    let _ = unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE) };
}

/// Other C libraries have no such knob.
#[cfg(not(target_env = "gnu"))]
pub(crate) fn give_large_blocks_back() {}
