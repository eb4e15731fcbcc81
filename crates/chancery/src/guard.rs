// SPDX-License-Identifier: GPL-3.0-or-later
//! What the process does before it touches a secret: no core is ever dumped, no other process of
//! the same user reads its memory, no file that it makes can be read by others, and no panic says
//! what it was about.

use std::io::Write as _;
use std::panic::{Location, PanicHookInfo};

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit, umask};

/// Best effort: a kernel that refuses one of these does not stop the server, and `SECURITY.md` says
/// what each protects.
pub(crate) fn keep_memory_private() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let _ = setrlimit(Resource::Core, none);
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    umask(rustix::fs::Mode::from_raw_mode(0o077));
}

/// A panic says where it happened and nothing else. The usual message quotes what the code was at: a
/// text that is cut amid a character, deep in some library, would be printed into the journal, and the
/// text may be a letter that was just decrypted.
pub(crate) fn keep_panics_silent() {
    std::panic::set_hook(Box::new(|panic: &PanicHookInfo<'_>| {
        // With nowhere to write to there is nobody to tell.
        let _ = std::io::stderr().write_all(words(panic.location()).as_bytes());
    }));
}

fn words(location: Option<&Location<'_>>) -> String {
    let place = location.map_or_else(|| "an unknown place".to_owned(), Location::to_string);
    format!(
        "chancery: a step crashed at {place}; what it was about is not shown, it may be somebody's letter\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_core_is_dumped_and_nobody_else_reads_the_memory() {
        keep_memory_private();
        assert_eq!(rustix::process::getrlimit(Resource::Core).maximum, Some(0));
        assert_eq!(rustix::process::dumpable_behavior(), Ok(DumpableBehavior::NotDumpable));
    }

    #[test]
    fn a_panic_says_where_and_not_what() {
        let said = words(Some(Location::caller()));
        assert!(said.contains("guard.rs:"), "{said}");
        assert!(words(None).contains("an unknown place"));
    }
}
