// SPDX-License-Identifier: GPL-3.0-or-later
//! What the process does before it touches a secret: no core is ever dumped, no other process of
//! the same user reads its memory, and no file that it makes can be read by others.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit, umask};

/// Best effort: a kernel that refuses one of these does not stop the server, and `SECURITY.md` says
/// what each protects.
pub(crate) fn keep_memory_private() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let _ = setrlimit(Resource::Core, none);
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    umask(rustix::fs::Mode::from_raw_mode(0o077));
}
