// SPDX-License-Identifier: GPL-3.0-or-later
//! What a list sends.
//!
//! The shape is fixed, as real mail programs show it best. Of a post: a root `multipart/mixed` with
//! the protected header, and in it the list's *result*, the author's entity byte for byte, and the
//! list's footer. Which function:
//!
//! * to members with keys: [`sealed_payload`] is what is signed and encrypted once;
//!   [`outer_header`] and [`sealed_message_frame`] stand around each copy;
//! * in clear, signed by the list: [`public_part`] is what is signed, [`public_signed`] the message;
//! * in clear, unsigned: [`public_post`];
//! * our own words to one person: [`notice`].
//!
//! It decides nothing (which parts, which texts, whether a signature may be carried) and signs
//! nothing. No text that is handed in can add a header field or a part.

mod author;
pub(crate) mod field;
#[cfg(test)]
pub(crate) mod fixture;
mod frame;
mod message_id;
mod notice;
mod outer;
mod part;
mod post;
mod signed_child;

pub use author::{AuthorPart, author_entity};
pub use frame::{Frame, sealed_message_frame};
pub use message_id::random_message_id;
pub use notice::{Attachment, Notice, notice, plain_text};
pub use outer::{HeaderProtection, ListFace, OuterHeader, PostHeader, outer_header};
pub use post::{public_part, public_post, public_signed, sealed_payload};
pub use signed_child::signed_child;
