// SPDX-License-Identifier: GPL-3.0-or-later
//! Takes a message apart without any of Chancery's code: header fields, and the children of a multipart as the exact
//! octets between its boundaries (RFC 2046 5.1.1).

/// One entity: its octets, its header unfolded, its body.
#[derive(Clone)]
pub(crate) struct Part {
    /// All octets of the entity.
    pub(crate) octets: Vec<u8>,
    fields: Vec<(String, String)>,
    body: usize,
}

impl Part {
    pub(crate) fn of(octets: &[u8]) -> Self {
        let body = find(octets, b"\r\n\r\n")
            .map_or_else(|| find(octets, b"\n\n").map_or(octets.len(), |at| at + 2), |at| at + 4);
        let header = String::from_utf8_lossy(&octets[..body]).replace("\r\n", "\n");
        let unfolded = header.replace("\n ", " ").replace("\n\t", " ");
        let fields = unfolded
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
            .collect();
        Self { octets: octets.to_vec(), fields, body }
    }

    /// The value of the only field of this name; `None` if there is none.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut all = self.fields.iter().filter(|(each, _)| each.eq_ignore_ascii_case(name));
        let value = all.next().map(|(_, value)| value.as_str());
        assert!(all.next().is_none(), "the field {name} stands more than once");
        value
    }

    /// All field names, as written.
    pub(crate) fn field_names(&self) -> Vec<&str> {
        self.fields.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// Type and subtype in lower case.
    pub(crate) fn media_type(&self) -> String {
        let value = self.field("Content-Type").unwrap_or("text/plain");
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// A parameter of Content-Type.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let value = self.field("Content-Type")?;
        value.split(';').skip(1).find_map(|parameter| {
            let (each, value) = parameter.trim().split_once('=')?;
            each.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
        })
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.octets[self.body..]
    }

    /// The body as text, its transfer encoding undone by Python.
    pub(crate) fn text(&self) -> String {
        let encoding = self.field("Content-Transfer-Encoding").unwrap_or("7bit").to_ascii_lowercase();
        let codec = match encoding.as_str() {
            "base64" => "base64",
            "quoted-printable" => "quopri",
            _ => return String::from_utf8_lossy(self.body()).into_owned(),
        };
        let script = "import sys,codecs; \
            sys.stdout.buffer.write(codecs.decode(sys.stdin.buffer.read(), sys.argv[1]))";
        super::process::Program::new("python3").args(&["-c", script, codec]).input(self.body()).ok().text()
    }

    /// The children of a multipart, each with exactly the octets between its boundaries.
    pub(crate) fn children(&self) -> Vec<Part> {
        let boundary = self.parameter("boundary").expect("a multipart has a boundary");
        let delimiter = format!("--{boundary}");
        let body = self.body();
        let mut children = Vec::new();
        let mut child: Option<usize> = None;
        let mut at = 0;
        while at < body.len() {
            let end = find(&body[at..], b"\n").map_or(body.len(), |length| at + length + 1);
            let line = String::from_utf8_lossy(&body[at..end]);
            let line = line.trim_end();
            if line == delimiter || line == format!("{delimiter}--") {
                if let Some(start) = child {
                    // The line end before a boundary belongs to the boundary.
                    let stop = if body[..at].ends_with(b"\r\n") { at - 2 } else { at - 1 };
                    children.push(Part::of(&body[start..stop.max(start)]));
                }
                child = Some(end);
                if line.ends_with("--") && line != delimiter {
                    return children;
                }
            }
            at = end;
        }
        panic!("the multipart {boundary} does not end:\n{}", String::from_utf8_lossy(body));
    }

    /// This part and everything below it, in order.
    pub(crate) fn walk(&self) -> Vec<Part> {
        let mut all = vec![self.clone()];
        if self.media_type().starts_with("multipart/") {
            all.extend(self.children().iter().flat_map(Part::walk));
        }
        all
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.octets))
    }
}

/// Where `needle` first stands in `hay`.
pub(crate) fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|window| window == needle)
}

/// The same octets with every line ended by CRLF.
pub(crate) fn crlf(text: &str) -> Vec<u8> {
    text.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes()
}
