// SPDX-License-Identifier: GPL-3.0-or-later
//! The passphrase of the site key: from a file, the environment's file, a systemd credential, or
//! the prompt; never from the command line, where everybody on the machine reads it.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use zeroize::Zeroizing;

/// The name of the systemd credential (`LoadCredential=chancery-passphrase:...`).
const CREDENTIAL: &str = "chancery-passphrase";

/// Finds the passphrase: the named file, `CHANCERY_PASSPHRASE_FILE` (which stands behind the same
/// option), the credential, the configured file, the prompt.
pub(crate) fn passphrase(named: Option<&Path>, configured: Option<&Path>) -> Result<Zeroizing<Vec<u8>>> {
    let credential = std::env::var_os("CREDENTIALS_DIRECTORY")
        .map(|folder| PathBuf::from(folder).join(CREDENTIAL))
        .filter(|file| file.exists());
    match named.map(Path::to_owned).or(credential).or(configured.map(Path::to_owned)) {
        Some(file) => from_file(&file),
        None if std::io::stdin().is_terminal() => prompt("Passphrase of the site key: "),
        None => bail!(
            "the passphrase of the site key is needed: give --passphrase-file FILE, set CHANCERY_PASSPHRASE_FILE, or \
             run it in a terminal to be asked"
        ),
    }
}

/// A new passphrase: from the file, or asked for twice.
pub(crate) fn new_passphrase(named: Option<&Path>) -> Result<Zeroizing<Vec<u8>>> {
    let passphrase = match named {
        Some(file) => from_file(file)?,
        None if std::io::stdin().is_terminal() => {
            let first = prompt("Choose a passphrase for the site key: ")?;
            if *first != *prompt("Once more: ")? {
                bail!("the two differ; nothing was made. Run it again");
            }
            first
        }
        None => bail!(
            "give --passphrase-file FILE with a passphrase for the site key (it seals every private key)"
        ),
    };
    if passphrase.is_empty() {
        bail!("the passphrase is empty; choose one, it seals every private key of the site");
    }
    Ok(passphrase)
}

fn from_file(file: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let mut octets = Zeroizing::new(
        std::fs::read(file).with_context(|| format!("cannot read the passphrase file {}", file.display()))?,
    );
    while octets.last().is_some_and(|last| *last == b'\n' || *last == b'\r') {
        octets.pop();
    }
    Ok(octets)
}

fn prompt(question: &str) -> Result<Zeroizing<Vec<u8>>> {
    let text = Zeroizing::new(rpassword::prompt_password(question).context("cannot read from the terminal")?);
    Ok(Zeroizing::new(text.as_bytes().to_vec()))
}
