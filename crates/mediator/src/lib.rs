// SPDX-License-Identifier: GPL-3.0-or-later
//! The operations, and the walk of a message: the only room where plaintext and a key meet.
//!
//! A door (mail, command line, later pages and REST) calls an operation with an [`Actor`]; all doors
//! call the same ones. A running server feeds [`Intake`] from its sockets and runs [`judge_inbound`],
//! [`deliver_outgoing`] and [`look_after_site`]. The story of one post reads in `intake`, `post`,
//! `distribute`, `delivery`, `deliver`, in this order.
//!
//! This room decides nothing by itself: what a list accepts is decided by `chancery-lists`, what a
//! signature is worth by `chancery-crypto`.

mod actor;
mod blocking;
mod deliver;
mod delivery;
mod departure;
mod distribute;
mod effective_header;
mod enrol;
mod error;
mod face;
mod intake;
mod key_request;
mod list_keys;
mod loaded;
mod operations;
mod overwrite;
mod owner_mail;
mod pin;
mod post;
mod reach;
mod sealed_bodies;
mod settings;
mod site;
mod staff_letter;
mod upkeep;
mod vault;
mod work;
mod worker;

pub use actor::Actor;
pub use error::OperationError;
pub use intake::Intake;
pub use operations::add_member::{NewMember, add_member};
pub use operations::create_list::{NewList, create_list};
pub use operations::decide_held::{HeldDecision, decide_held};
pub use operations::delete_list::delete_list;
pub use operations::export_key::{export_key, export_revocation};
pub use operations::import_key::import_key;
pub use operations::import_members::{ImportReport, MemberImport, import_members};
pub use operations::list_held::{HeldView, list_held};
pub use operations::list_lists::{ListLine, list_lists};
pub use operations::list_members::list_members;
pub use operations::queue::{ParkedView, QueueView, queue};
pub use operations::read_log::{LogLine, read_log};
pub use operations::remove_member::remove_member;
pub use operations::replace_key::Rollover;
pub use operations::requeue::{drop_parked, retry_now, retry_parked};
pub use operations::revoke_key::{Revoked, revoke_key};
pub use operations::rollover_key::rollover_key;
pub use operations::set_list::set_list;
pub use operations::set_member::{MemberChange, set_member};
pub use operations::show_held::show_held;
pub use operations::show_keys::{ListKeyView, show_keys};
pub use operations::show_list::{ListView, WithoutCopies, show_list};
pub use operations::show_member::{MemberKeyView, MemberView, show_member};
pub use site::{Site, SiteConfig};
pub use vault::Vault;
pub use worker::{deliver_outgoing, judge_inbound, look_after_site};

pub(crate) use blocking::blocking;
