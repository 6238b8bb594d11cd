//! Strings in JSON as models write it: where they end, though quotes inside are not escaped, and what escapes mean.

use super::json::Parser;

/// The mark that closes a string opened by `mark`; `None` where it opens none.
pub(super) fn closing_mark(mark: char) -> Option<char> {
    Some(match mark {
        '"' => '"',
        '\'' => '\'',
        '“' | '”' | '„' => '”',
        '‘' | '’' => '’',
        '«' => '»',
        '「' => '」',
        '＂' => '＂',
        '`' => '`',
        _ => return None,
    })
}

/// Reads the string that begins here; `None` where the text ends inside it.
pub(super) fn read_string(parser: &mut Parser) -> Option<String> {
    let open = parser.peek()?;
    let close = closing_mark(open)?;
    match open {
        '"' => {}
        '\'' | '`' => parser.mend("single quotes"),
        _ => parser.mend("typographic marks"),
    }
    parser.skip_char();
    let mut out = String::new();
    loop {
        let rest = parser.rest();
        let plain = match close {
            '"' | '\'' => rest.bytes().position(|b| b == close as u8 || b == b'\\' || b < b' '),
            _ => rest.find(|c: char| c == close || c == '\\' || c < ' '),
        };
        let plain = plain.unwrap_or(rest.len());
        out.push_str(&rest[..plain]);
        parser.at += plain;
        match parser.peek()? {
            '\\' => read_escape(parser, &mut out)?,
            c if c < ' ' => {
                if c != '\r' {
                    parser.mend("a raw line break");
                }
                out.push(c);
                parser.at += 1;
            }
            c => {
                parser.skip_char();
                if ends_here(parser.rest()) {
                    return Some(out);
                }
                parser.mend("an unescaped quote");
                out.push(c);
            }
        }
    }
}

/// Whether a quotation mark closes its string, by what follows it.
fn ends_here(rest: &str) -> bool {
    if rest.starts_with(['}', ',', ':', ']']) {
        return true;
    }
    let next = rest.trim_start();
    let Some(c) = next.chars().next() else { return true };
    if matches!(c, ',' | ':' | '}' | ']' | ')' | '，' | '：' | '、' | '=')
        || next.starts_with("//")
        || next.starts_with("/*")
    {
        return true;
    }
    if c == '#' && next.len() < rest.len() {
        return true;
    }
    // A comma is missing before the next key, or before the next line.
    let Some(close) = closing_mark(c) else {
        return false;
    };
    let new_line = rest[..rest.len() - next.len()].contains('\n');
    let inside = &next[c.len_utf8()..];
    let key = inside
        .find(close)
        .is_some_and(|n| n < 40 && inside[n + close.len_utf8()..].trim_start().starts_with([':', '：']));
    new_line || key
}

fn read_escape(parser: &mut Parser, out: &mut String) -> Option<()> {
    parser.at += 1;
    let c = parser.peek()?;
    parser.skip_char();
    match c {
        'n' => out.push('\n'),
        't' => out.push('\t'),
        'r' => out.push('\r'),
        'b' => out.push('\u{8}'),
        'f' => out.push('\u{c}'),
        '"' | '\\' | '/' => out.push(c),
        'u' => match read_unicode(parser) {
            Some(c) => out.push(c),
            None => {
                parser.mend("a wrong escape");
                out.push_str("\\u");
            }
        },
        'x' if parser.rest().get(..2).is_some_and(|hex| u8::from_str_radix(hex, 16).is_ok()) => {
            parser.mend("Python words");
            let code = parser.rest().get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
            out.extend(code.map(char::from));
            parser.at += 2;
        }
        _ => {
            parser.mend("a wrong escape");
            if c != '\'' && c != '_' && c != '*' {
                out.push('\\');
            }
            out.push(c);
        }
    }
    Some(())
}

/// Four hexadecimal digits, or eight in two halves.
fn read_unicode(parser: &mut Parser) -> Option<char> {
    let unit = |text: &str| text.get(..4).and_then(|hex| u32::from_str_radix(hex, 16).ok());
    let first = unit(parser.rest())?;
    if let Some(c) = char::from_u32(first) {
        parser.at += 4;
        return Some(c);
    }
    let second = unit(parser.rest().get(4..)?.strip_prefix("\\u")?)?;
    if !(0xD800..0xDC00).contains(&first) || !(0xDC00..0xE000).contains(&second) {
        return None;
    }
    parser.at += 10;
    char::from_u32(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
}
