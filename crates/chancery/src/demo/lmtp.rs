// SPDX-License-Identifier: GPL-3.0-or-later
//! Hands a message in over LMTP (RFC 2033), as an MTA does.

use anyhow::{Context, Result, ensure};
use chancery_mail::Address;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;

/// Speaks the whole dialogue; gives the server's last word on the message.
pub(super) async fn hand_in(door: &str, from: &Address, to: &Address, message: &[u8]) -> Result<String> {
    let stream = TcpStream::connect(door).await.with_context(|| format!("cannot reach {door}"))?;
    let mut stream = BufStream::new(stream);
    reply(&mut stream).await?;
    for command in
        ["LHLO demo.example.org".to_owned(), format!("MAIL FROM:<{from}>"), format!("RCPT TO:<{to}>")]
    {
        let answer = ask(&mut stream, &command).await?;
        ensure!(answer.starts_with('2'), "{command}: {answer}");
    }
    let answer = ask(&mut stream, "DATA").await?;
    ensure!(answer.starts_with('3'), "DATA: {answer}");
    // No line of these letters begins with a dot.
    stream.write_all(message).await?;
    let answer = ask(&mut stream, ".").await?;
    ask(&mut stream, "QUIT").await?;
    Ok(answer)
}

async fn ask(stream: &mut BufStream<TcpStream>, command: &str) -> Result<String> {
    stream.write_all(command.as_bytes()).await?;
    stream.write_all(b"\r\n").await?;
    stream.flush().await?;
    reply(stream).await
}

/// The last line of a reply.
async fn reply(stream: &mut BufStream<TcpStream>) -> Result<String> {
    loop {
        let mut line = String::new();
        ensure!(stream.read_line(&mut line).await? > 0, "the server hung up");
        if line.as_bytes().get(3) != Some(&b'-') {
            return Ok(line.trim_end().to_owned());
        }
    }
}
