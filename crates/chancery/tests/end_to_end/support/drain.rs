// SPDX-License-Identifier: GPL-3.0-or-later
//! A relay that takes everything and keeps nothing: for fan-outs that would not fit into a test's memory.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// It listens until the test ends.
pub(crate) struct Drain {
    /// Where it listens.
    pub(crate) address: String,
    messages: Arc<AtomicUsize>,
}

impl Drain {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let messages = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&messages);
        std::thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                let count = Arc::clone(&count);
                // A client that hangs up has said all that it wanted.
                std::thread::spawn(move || converse(&stream, &count).unwrap_or_default());
            }
        });
        Self { address, messages }
    }

    /// How many messages it took.
    pub(crate) fn messages(&self) -> usize {
        self.messages.load(Ordering::SeqCst)
    }
}

fn converse(stream: &TcpStream, count: &AtomicUsize) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::with_capacity(1 << 16, stream);
    let mut writer = stream;
    writer.write_all(b"220 drain.example.org ESMTP\r\n")?;
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let verb: String = line.iter().take(4).map(|octet| char::from(octet.to_ascii_uppercase())).collect();
        let reply: &[u8] = match verb.as_str() {
            "EHLO" => b"250-drain.example.org\r\n250-PIPELINING\r\n250-SMTPUTF8\r\n250 8BITMIME\r\n",
            "DATA" => {
                writer.write_all(b"354 go on\r\n")?;
                while line != b".\r\n" {
                    line.clear();
                    if reader.read_until(b'\n', &mut line)? == 0 {
                        return Ok(());
                    }
                }
                count.fetch_add(1, Ordering::SeqCst);
                b"250 2.0.0 taken\r\n"
            }
            _ => b"250 2.0.0 ok\r\n",
        };
        writer.write_all(reply)?;
    }
}
