//! What is sent to an endpoint's other resources (files, batches, lists of models) and what comes back.
//!
//! In: a [`Method`], a path and a [`Body`]. Out: a [`Received`] of any status; [`Received::ok`] turns a failure into a
//! [`CallError`] of the same classes as a call's.
//!
//! Not here: sending it (`http.rs`), and what the resources mean (the files that ask for them).

use std::time::Duration;

use crate::{
    CallError, CallErrorClass,
    dialect::{Fault, fault},
};

/// What is done with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads it.
    Get,
    /// Makes it, or asks it to do something.
    Post,
    /// Removes it.
    Delete,
}

/// What goes with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    Empty,
    /// JSON, written out.
    Json(Vec<u8>),
    /// A form with one file, as `multipart/form-data`.
    Multipart {
        /// Plain fields, name and value, in front of the file.
        fields: Vec<(&'static str, String)>,
        /// The file.
        file: FilePart,
    },
}

/// The file of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePart {
    /// The name of the form's field, mostly `file`.
    pub field: &'static str,
    /// The name that the other side sees: letters, digits, `.`, `-` and `_`; what else stands in it becomes `_`.
    pub name: String,
    /// Its kind, such as `application/jsonl`.
    pub content_type: &'static str,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// What came back, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The HTTP status.
    pub status: u16,
    /// The headers whose values are text, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body. In the body of a failure the key is blotted out.
    pub body: Vec<u8>,
    /// How long the other side asks to wait; `None` for a success.
    pub retry_after: Option<Duration>,
}

impl Received {
    /// The value of a header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The same, where the status says success.
    ///
    /// # Errors
    /// What the body of a failure means, by the same rules as for a call.
    pub fn ok(self) -> Result<Received, CallError> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        match fault::read(self.status, self.retry_after, &self.body) {
            Fault::Failed(error) | Fault::Refuses(_, error) => Err(error),
            Fault::Blocked(message) => {
                Err(CallError::new(CallErrorClass::BadRequest, message).with_status(self.status))
            }
        }
    }

    /// The body of a success as JSON; `what` names it in the error.
    ///
    /// # Errors
    /// As [`Received::ok`], and [`CallErrorClass::BadBody`] where the body is not what `T` wants.
    pub fn json<T: serde::de::DeserializeOwned>(self, what: &str) -> Result<T, CallError> {
        let received = self.ok()?;
        serde_json::from_slice(&received.body).map_err(|error| {
            CallError::new(CallErrorClass::BadBody, format!("no {what}: {error}"))
                .with_status(received.status)
        })
    }
}

/// A form as bytes, and its content type.
pub(super) fn write_form(fields: &[(&'static str, String)], file: &FilePart) -> (String, Vec<u8>) {
    let boundary = boundary(fields, file);
    let mut body = Vec::with_capacity(file.bytes.len() + 512);
    for (name, value) in fields {
        let head = format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(value.as_bytes());
        body.extend_from_slice(b"\r\n");
    }
    let safe = |c: char| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '_' };
    let name: String = file.name.chars().map(safe).collect();
    let head = format!(
        "--{boundary}\r\ncontent-disposition: form-data; name=\"{}\"; filename=\"{name}\"\r\ncontent-type: {}\r\n\r\n",
        file.field, file.content_type
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(&file.bytes);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

/// A line that stands nowhere in the form. The same form gives the same one: no random source is needed.
fn boundary(fields: &[(&'static str, String)], file: &FilePart) -> String {
    let mut n = 0_u64;
    loop {
        let boundary = format!("karat-form-{n:016x}");
        let stands_in = |bytes: &[u8]| bytes.windows(boundary.len()).any(|seen| seen == boundary.as_bytes());
        if !stands_in(&file.bytes) && !fields.iter().any(|(_, value)| stands_in(value.as_bytes())) {
            return boundary;
        }
        n += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: &str) -> FilePart {
        FilePart {
            field: "file",
            name: "a \"b\".jsonl".into(),
            content_type: "application/jsonl",
            bytes: bytes.into(),
        }
    }

    #[test]
    fn a_form_is_written_as_the_standard_wants_it() {
        let (content_type, body) = write_form(&[("purpose", "batch".into())], &file("{}\n"));
        assert_eq!(content_type, "multipart/form-data; boundary=karat-form-0000000000000000");
        let want = "--karat-form-0000000000000000\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n\
            --karat-form-0000000000000000\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a__b_.jsonl\"\r\n\
            content-type: application/jsonl\r\n\r\n{}\n\r\n--karat-form-0000000000000000--\r\n";
        assert_eq!(String::from_utf8(body).unwrap(), want);
    }

    #[test]
    fn the_line_between_the_parts_stands_in_none_of_them() {
        let (content_type, _) = write_form(&[], &file("--karat-form-0000000000000000"));
        assert!(content_type.ends_with("karat-form-0000000000000001"), "{content_type}");
    }

    #[test]
    fn a_failure_keeps_its_class_and_wait() {
        let received = Received {
            status: 429,
            headers: vec![("x-a".into(), "b".into())],
            body: br#"{"error":{"message":"slow down"}}"#.to_vec(),
            retry_after: Some(Duration::from_secs(7)),
        };
        assert_eq!(received.header("x-a"), Some("b"));
        let error = received.clone().ok().unwrap_err();
        assert_eq!(
            (error.class, error.retry_after),
            (CallErrorClass::RateLimited, Some(Duration::from_secs(7)))
        );
        let empty = Received { status: 200, body: b"{".to_vec(), ..received };
        assert_eq!(empty.json::<serde_json::Value>("list").unwrap_err().class, CallErrorClass::BadBody);
    }
}
