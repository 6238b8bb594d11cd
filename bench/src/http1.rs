//! As much of HTTP/1.1 as a benchmark needs: requests in, response bytes out.
//!
//! In: the bytes read so far. Out: a whole [`Request`] or the word that more is needed; and ready-made responses. The
//! fault server writes bytes itself, so that it can stop in the middle of a body and cost as little CPU as possible.
//!
//! Not here: sockets (`server.rs`), HTTP/2, TLS, trailers, request bodies above [`MAX_BODY`].

use std::borrow::Cow;

/// Larger bodies are refused, bytes.
pub const MAX_BODY: usize = 64 << 20;

/// A complete request, borrowed from the bytes read.
#[derive(Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// The path, without a query.
    pub path: &'a str,
    /// The body, decoded if it came in chunks.
    pub body: Cow<'a, [u8]>,
    /// How many bytes it took; the next request starts there.
    pub n_bytes: usize,
    /// Whether the client wants the connection closed afterwards.
    pub wants_close: bool,
}

/// How far the bytes read so far go.
#[derive(Debug, PartialEq, Eq)]
pub enum Progress<'a> {
    /// The request is not complete.
    Partial {
        /// Whether the client waits for `100 Continue` before it sends the body.
        waits_for_continue: bool,
    },
    /// A complete request.
    Whole(Request<'a>),
}

/// Reads the first request in `bytes`.
///
/// # Errors
/// Says what is not HTTP/1.1; the connection is of no use after that.
pub fn parse(bytes: &[u8]) -> Result<Progress<'_>, String> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Request::new(&mut headers);
    let head_len =
        match head.parse(bytes).map_err(|error| format!("the request head is no HTTP/1.1: {error}"))? {
            httparse::Status::Complete(n) => n,
            httparse::Status::Partial => {
                return Ok(Progress::Partial { waits_for_continue: false });
            }
        };
    let (mut length, mut is_chunked, mut wants_close, mut waits_for_continue) = (0, false, false, false);
    for header in head.headers.iter() {
        let value = std::str::from_utf8(header.value).unwrap_or_default().trim();
        if header.name.eq_ignore_ascii_case("content-length") {
            length = value.parse().map_err(|_| format!("`{value}` is no content length"))?;
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            is_chunked = value.eq_ignore_ascii_case("chunked");
        } else if header.name.eq_ignore_ascii_case("connection") {
            wants_close = value.eq_ignore_ascii_case("close");
        } else if header.name.eq_ignore_ascii_case("expect") {
            waits_for_continue = value.eq_ignore_ascii_case("100-continue");
        }
    }
    let rest = &bytes[head_len..];
    let body = if is_chunked { dechunk(rest)? } else { take(rest, length)? };
    let Some((body, body_len)) = body else {
        return Ok(Progress::Partial { waits_for_continue });
    };
    let path = head.path.unwrap_or_default();
    Ok(Progress::Whole(Request {
        method: head.method.unwrap_or_default(),
        path: path.split_once('?').map_or(path, |(path, _)| path),
        body,
        n_bytes: head_len + body_len,
        wants_close,
    }))
}

type Body<'a> = Option<(Cow<'a, [u8]>, usize)>;

fn take(rest: &[u8], length: usize) -> Result<Body<'_>, String> {
    if length > MAX_BODY {
        return Err(format!("a body of {length} bytes is larger than {MAX_BODY}"));
    }
    Ok(rest.get(..length).map(|body| (Cow::Borrowed(body), length)))
}

fn dechunk(rest: &[u8]) -> Result<Body<'_>, String> {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let parsed = httparse::parse_chunk_size(&rest[at..]).map_err(|_| "a chunk has no size".to_owned())?;
        let httparse::Status::Complete((size_len, size)) = parsed else {
            return Ok(None);
        };
        if size > MAX_BODY as u64 || body.len() > MAX_BODY {
            return Err(format!("a body of chunks is larger than {MAX_BODY} bytes"));
        }
        let start = at + size_len;
        // Each chunk, the last and empty one too, ends with a line end.
        let end = start + size as usize + 2;
        let Some(chunk) = rest.get(start..end) else {
            return Ok(None);
        };
        body.extend_from_slice(&chunk[..size as usize]);
        at = end;
        if size == 0 {
            return Ok(Some((Cow::Owned(body), at)));
        }
    }
}

/// A response with a JSON body. `headers` are further header lines, each with its line end.
pub fn response(status: u16, headers: &str, body: &str) -> Vec<u8> {
    let reason = match status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Status",
    };
    let n = body.len();
    format!(
        "HTTP/1.1 {status} {reason}\r\ncontent-type: application/json\r\ncontent-length: {n}\r\n{headers}\r\n{body}"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &str, want_body: &str, n_bytes: usize) {
        let Ok(Progress::Whole(request)) = parse(bytes.as_bytes()) else {
            panic!("{:?}", parse(bytes.as_bytes()));
        };
        assert_eq!((&*request.body, request.n_bytes), (want_body.as_bytes(), n_bytes));
        // No shorter part of it is a request.
        for cut in 0..n_bytes {
            assert!(matches!(parse(&bytes.as_bytes()[..cut]), Ok(Progress::Partial { .. })), "cut at {cut}");
        }
    }

    #[test]
    fn a_body_ends_where_its_length_says() {
        check("POST /v1/x?y=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhelloGET", "hello", 60);
    }

    #[test]
    fn a_chunked_body_is_put_together() {
        let bytes = "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        check(bytes, "abcde", bytes.len());
    }

    #[test]
    fn a_request_without_a_body_is_whole_after_its_head() {
        check("GET /stats HTTP/1.1\r\n\r\n", "", 23);
    }

    #[test]
    fn a_client_that_waits_for_continue_is_told_apart() {
        let bytes = b"POST / HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n";
        assert_eq!(parse(bytes), Ok(Progress::Partial { waits_for_continue: true }));
    }

    #[test]
    fn what_is_not_http_is_refused() {
        assert!(parse(b"\x16\x03\x01 hello\r\n\r\n").is_err());
        assert!(parse(b"POST / HTTP/1.1\r\ncontent-length: many\r\n\r\n").unwrap_err().contains("`many`"));
    }
}
