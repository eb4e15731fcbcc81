// SPDX-License-Identifier: GPL-3.0-or-later
//! Ids of rows, each a type of its own. None is ever used again for another row.

use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    )*};
}

ids! {
    /// A list.
    ListId;
    /// A key of a list.
    ListKeyId;
    /// An address in one role on one list.
    SubscriptionId;
    /// A key pinned to an address on a list.
    PinId;
    /// A received message. It keeps this id when it is held, approved or parked.
    InboundId;
    /// A held post.
    HeldId;
    /// Something that leaves: sealed once, for one or many recipients.
    DepartureId;
    /// One recipient's copy of a departure.
    DeliveryId;
    /// A line of an owner's log.
    LogId;
}
