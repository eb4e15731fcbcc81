// SPDX-License-Identifier: GPL-3.0-or-later
//! Where a server listens: TCP or a Unix socket.

use std::io;
use std::net::IpAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener as StdUnixListener, UnixStream as StdUnixStream};
use std::path::{Path, PathBuf};

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

/// An open listening socket. A Unix socket's file is removed when it is dropped.
#[derive(Debug)]
pub struct Listener(Kind);

#[derive(Debug)]
enum Kind {
    Tcp(TcpListener),
    Unix(UnixListener, SocketFile),
}

/// What a client's connection is.
#[derive(Debug)]
pub(crate) enum Accepted {
    Tcp(TcpStream, IpAddr),
    Unix(UnixStream),
}

impl Listener {
    /// Listens on `127.0.0.1:8024`, `[::1]:8024` (port 0: any that is free), or
    /// `unix:/run/chancery/lmtp.sock`. Called from within a Tokio runtime.
    ///
    /// The file of a Unix socket gets the mode 0660, so that the mail server's group can connect;
    /// one that a dead process left behind is replaced, one that somebody listens on is not.
    ///
    /// # Errors
    /// When the address cannot be read or is taken.
    pub fn bind(address: &str) -> io::Result<Self> {
        if let Some(path) = address.strip_prefix("unix:") {
            let path = Path::new(path);
            remove_stale(path)?;
            let listener = StdUnixListener::bind(path)?;
            let file = SocketFile(path.to_owned());
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))?;
            listener.set_nonblocking(true)?;
            return Ok(Self(Kind::Unix(UnixListener::from_std(listener)?, file)));
        }
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(Self(Kind::Tcp(TcpListener::from_std(listener)?)))
    }

    /// Where it listens, in the form that [`bind`](Self::bind) takes, with the real port.
    pub fn local_address(&self) -> String {
        match &self.0 {
            Kind::Tcp(listener) => {
                listener.local_addr().map(|address| address.to_string()).unwrap_or_default()
            }
            Kind::Unix(_, file) => format!("unix:{}", file.0.display()),
        }
    }

    pub(crate) async fn accept(&self) -> io::Result<Accepted> {
        match &self.0 {
            Kind::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                Ok(Accepted::Tcp(stream, address.ip()))
            }
            Kind::Unix(listener, _) => Ok(Accepted::Unix(listener.accept().await?.0)),
        }
    }
}

/// Removes the file of a socket that nobody listens on any more; leaves all else to `bind`, which
/// then fails with "address in use".
fn remove_stale(path: &Path) -> io::Result<()> {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|facts| facts.file_type().is_socket());
    if is_socket
        && let Err(error) = StdUnixStream::connect(path)
        && error.kind() == io::ErrorKind::ConnectionRefused
    {
        std::fs::remove_file(path)?;
    }
    Ok(())
}

#[derive(Debug)]
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Nobody is left to tell; the next start replaces a file that stayed.
        let _ = std::fs::remove_file(&self.0);
    }
}
