// SPDX-License-Identifier: GPL-3.0-or-later
//! The room from outside: dialogues as tables, real sockets line by line, TLS with real
//! certificates.

mod client;
mod server;
mod session;
mod support;
mod tls;
