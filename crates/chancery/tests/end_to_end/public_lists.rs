// SPDX-License-Identifier: GPL-3.0-or-later
//! Lists that send on in clear what came in clear: signed by the list, the author's signature whole.

use crate::gpg_composes::two_members;
use crate::support::compose::{Letter, Protection, protect};
use crate::support::copy::Copy;
use crate::support::mime::Part;
use crate::support::server::TestServer;
use crate::support::sink::Arrivals as _;

#[test]
fn a_clear_post_leaves_signed_by_the_list_and_an_encrypted_one_encrypted() {
    let server = TestServer::start();
    let list = server.list(
        "town",
        &[
            "encrypt_policy=voluntary",
            "sign_policy=voluntary",
            "encrypt_outgoing=as_received",
            "sign_outgoing=always",
        ],
    );
    let (alice, bob) = two_members(&server, &list);
    let list_key = alice.fingerprint_of(&list.address);

    let clear = Letter::new(&alice, &list.address, "Town meeting", "On Monday.\n. dot\nFrom now on.");
    server.post(&alice.address, &list.address, &clear.clear());
    let message = Part::of(&server.sink.nth_for(&bob.address, 1).octets);
    assert_signed_by_the_list(&message, &bob, &list_key);
    assert!(message.field("Subject").unwrap().contains("Town meeting"));
    assert!(message.walk().iter().any(|part| part.text().contains("On Monday.")));

    let signed = Letter::new(&alice, &list.address, "Minutes", "Signed by me, Grüße.");
    server.post(&alice.address, &list.address, &protect(&alice, &list_key, &signed, Protection::SignedOnly));
    let message = Part::of(&server.sink.nth_for(&bob.address, 2).octets);
    assert_signed_by_the_list(&message, &bob, &list_key);
    let all = message.walk();
    let mut signatures = all.iter().filter(|part| part.media_type() == "multipart/signed").skip(1);
    let carried = signatures.next().expect("the author's signature is carried").children();
    assert_eq!(carried[0].octets, signed.entity());
    bob.verify(&carried[0].octets, carried[1].body()).assert_signed_by(&alice.fingerprint);

    let sealed = Letter::new(&alice, &list.address, "For us alone", "Encrypted.");
    server.post(&alice.address, &list.address, &protect(&alice, &list_key, &sealed, Protection::Combined));
    Copy::open(&server.sink.nth_for(&bob.address, 3), &list, &bob);
}

fn assert_signed_by_the_list(message: &Part, bob: &crate::support::gpg::GpgPerson, list_key: &str) {
    assert_eq!(message.media_type(), "multipart/signed", "{message}");
    let children = message.children();
    bob.verify(&children[0].octets, children[1].body()).assert_signed_by(list_key);
}
