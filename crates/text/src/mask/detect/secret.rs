//! Secrets in running text: keys by their beginning, what URLs carry, what stands after the word password.

use std::ops::Range;

/// The user and password of a URL; the value of a query parameter whose name says that it is secret.
pub(super) const URLS: &[&str] = &[
    r#"[A-Za-z][A-Za-z0-9+.-]{1,14}://([^\s/@:"'<>\\]{1,100}:[^\s/@"'<>\\]{1,100})@"#,
    concat!(
        r"(?i)[?&;#](?:access_?token|refresh_?token|id_?token|auth_?token|token|api_?key|key|client_secret|secret|",
        r"password|passwd|pwd|pass|signature|sig|auth|session(?:_?id)?|sid|x-amz-signature|x-amz-credential|code)=",
        r#"([^\s&#;"'<>\\]{6,2000})"#
    ),
];

/// Keys that say what they are by how they begin.
pub(super) const KEYS: &[&str] = &[
    concat!(
        r"(?-u:\b)(?:sk-[A-Za-z0-9_-]{16,200}|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,200}|gh[pousr]_[A-Za-z0-9]{20,200}|",
        r"github_pat_[A-Za-z0-9_]{20,200}|glpat-[A-Za-z0-9_-]{16,100}|xox[abeprs]-[A-Za-z0-9-]{10,200}|",
        r"(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,300}|hf_[A-Za-z0-9]{20,100}|",
        r"gsk_[A-Za-z0-9]{20,100}|npm_[A-Za-z0-9]{30,100}|pypi-[A-Za-z0-9_-]{30,300}|SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}|",
        r"AQVN[A-Za-z0-9_-]{20,100}|[0-9]{8,10}:AA[A-Za-z0-9_-]{33})"
    ),
    r"(?-u:\b)eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,8000}\.[A-Za-z0-9_-]{8,2000}",
    r"(?i)(?-u:\b)bearer[ \t]{1,4}([A-Za-z0-9._~+/-]{16,4000}=*)",
    r"(?i)(?-u:\b)basic[ \t]{1,4}([A-Za-z0-9+/]{12,400}={1,2})",
];

/// A password, or another secret, after its name.
pub(super) const NAMED: &[&str] = &[concat!(
    r"(?i)(?:(?:^|[^A-Za-zА-Яа-яЁё0-9])(?:password|passwd|passphrase|pwd|pass|пароль|пин-?код|pin|cvv2?|cvc2?|api[_ -]?key|access[_ -]?key|",
    r"secret(?:[_ -](?:access[_ -])?key)?|auth[_ -]?token|access[_ -]?token|token|ключ(?: api)?|токен)|密码|口令|密钥|验证码)",
    r#"["']?[ \t]{0,3}?(?:[:=]| - | is |是|为)[ \t]{0,3}["'«“]?([^\s"'«»“”<>\\,;。、]{3,200})"#
)];

/// The head of a private key in PEM.
pub(super) const PEM: &str = concat!(r"-----BEGIN (?:[A-Z]{1,12} ){0,2}PRI", "VATE KEY-----");

/// A value as far as it is one: without the punctuation of the sentence around it.
pub(super) fn value(text: &str, at: Range<usize>, out: &mut Vec<Range<usize>>) {
    let trimmed = text[at.clone()].trim_end_matches(['.', ',', ')', ']', '!', '?', ';', '}']);
    if !trimmed.is_empty() {
        out.push(at.start..at.start + trimmed.len());
    }
}

/// A key: it mixes letters and digits; a name in prose does not.
pub(super) fn key(text: &str, at: Range<usize>, out: &mut Vec<Range<usize>>) {
    let quote = text[at.clone()].trim_end_matches(['.', '-', '_', '/']);
    let has = |is: fn(&char) -> bool| quote.chars().any(|c| is(&c));
    if has(char::is_ascii_digit) && has(char::is_ascii_alphabetic) {
        out.push(at.start..at.start + quote.len());
    }
}

/// What stands after a name: it must look like no word. `password: required` is none, `password: hunter2` is one.
pub(super) fn named(text: &str, at: Range<usize>, out: &mut Vec<Range<usize>>) {
    let quote = &text[at.clone()];
    // The next parameter of a query: `token=x1&lang=en`.
    let quote =
        quote.split_once('&').filter(|(_, next)| next.contains('=')).map_or(quote, |(first, _)| first);
    let trimmed = quote.trim_end_matches(['.', ',', ')', ']', ';', '}', ':']);
    let has_digit = trimmed.contains(|c: char| c.is_ascii_digit());
    let has_letter = trimmed.contains(char::is_alphabetic);
    let has_sign = trimmed.contains(['!', '@', '#', '$', '%', '^', '&', '*', '+', '=', '~', '?']);
    let rest = trimmed.trim_start_matches(char::is_uppercase);
    let mixes_case = rest.contains(char::is_lowercase) && rest.contains(char::is_uppercase);
    let n_chars = trimmed.chars().count();
    let is_like_one = match (has_digit, has_letter) {
        (true, true) => true,
        (true, false) => has_sign || trimmed.chars().all(|c| c.is_ascii_digit()),
        (false, true) => has_sign && n_chars >= 6 || mixes_case && n_chars >= 8,
        (false, false) => false,
    };
    let is_filled_in_later = trimmed.starts_with(['[', '{', '$', '*']) || trimmed.contains("://");
    if is_like_one && !is_filled_in_later {
        out.push(at.start..at.start + trimmed.len());
    }
}

/// The lines of the key that begins after this head, each for itself: what is masked holds no line break.
pub(super) fn pem(text: &str, at: Range<usize>, out: &mut Vec<Range<usize>>) {
    const MAX_LINES: usize = 120;
    if !text[at.end..].starts_with(['\n', '\r']) {
        return;
    }
    let mut start = at.end;
    for line in text[at.end..].split_inclusive('\n').take(MAX_LINES) {
        let body = line.trim();
        if body.contains("-----") {
            break;
        }
        if body.len() >= 8 && body.chars().all(|c| c.is_ascii_alphanumeric() || "+/=".contains(c)) {
            let begin = start + (line.len() - line.trim_start().len());
            out.push(begin..begin + body.len());
        }
        start += line.len();
    }
}
