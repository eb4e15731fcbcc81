// SPDX-License-Identifier: GPL-3.0-or-later
//! The room from outside: dialogues as tables, real sockets line by line, TLS with real
//! certificates.

#[cfg(test)]
mod client;
#[cfg(test)]
mod server;
#[cfg(test)]
mod session;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tls;
