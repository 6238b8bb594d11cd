//! What the token reader sees and what it does not.

use super::Source;

fn read(text: &str) -> Source {
    Source::read("crates/core/src/x.rs", text)
}

#[track_caller]
fn check_paths(text: &str, want: &[&str]) {
    let got: Vec<String> = read(text).paths().iter().map(|path| path.segments.join("::")).collect();
    assert_eq!(got, want);
}

#[track_caller]
fn check_function(text: &str, n_lines: usize, n_params: usize) {
    let functions = read(text).functions();
    assert_eq!(functions.len(), 1, "{functions:?}");
    assert_eq!((functions[0].n_lines, functions[0].n_params), (n_lines, n_params), "{text}");
}

#[track_caller]
fn check_names(text: &str, want: &[&str]) {
    let got: Vec<String> = read(text).pub_names().into_iter().map(|name| name.name).collect();
    assert_eq!(got, want);
}

#[test]
fn a_use_group_is_spelled_out() {
    check_paths(
        "use std::{fs, io::{self, Read as _}, *};",
        &["std::fs", "std::io::self", "std::io::Read", "std::*"],
    );
}

#[test]
fn a_malformed_use_ends() {
    check_paths("use std::{", &[]);
    check_paths("use {{{,,", &[]);
}

#[test]
fn a_path_in_a_body_is_one_path() {
    check_paths("let x = std::time::Instant::now();", &["let", "x", "std::time::Instant::now"]);
}

#[test]
fn strings_and_comments_are_no_paths() {
    check_paths(r##"/* std::fs */ "std::fs" r#"std::"env"# // std::net"##, &[]);
}

#[test]
fn a_path_is_named_by_a_run_of_its_segments() {
    let path = &read("std::time::Instant::now").paths()[0];
    assert!(
        path.names("Instant::now")
            && path.names("std::time")
            && !path.names("time::now")
            && !path.names("Inst")
    );
}

#[test]
fn a_char_and_a_lifetime_do_not_open_a_string() {
    check_paths(
        "fn f<'a>(q: char) { q == '\"' || q == '\\'' || q == b'\"' }",
        &["fn", "f", "q", "char", "q", "q", "q"],
    );
}

#[test]
fn a_multi_line_string_keeps_the_lines_right() {
    let source = read("let a = \"one\ntwo\";\nstd::fs::read();");
    assert_eq!(source.paths().last().map(|path| path.line), Some(3));
    assert_eq!(source.code_lines().len(), 3);
}

#[test]
fn comments_and_blank_lines_are_not_code() {
    assert_eq!(read("//! a\n\nfn f() {\n    // why\n}\n/* b\n c */").code_lines().len(), 2);
}

#[test]
fn a_test_module_is_not_code() {
    let source = read("fn f() {}\n#[cfg(test)]\n#[rustfmt::skip]\nmod tests {\n    fn g() {}\n}\nfn h() {}");
    assert_eq!(source.code_lines().into_iter().collect::<Vec<_>>(), [1, 7]);
    assert_eq!(source.functions().len(), 2);
}

#[test]
fn code_that_is_compiled_without_tests_is_code() {
    assert_eq!(read("#[cfg(not(test))]\nfn f() {}").functions().len(), 1);
    assert_eq!(read("#[tokio::test]\nasync fn f() {}").functions().len(), 0);
    assert_eq!(Source::read("crates/core/src/x/tests.rs", "fn f() {}").functions().len(), 0);
}

#[test]
fn a_function_is_counted_in_code_lines_and_params() {
    check_function("fn f() {}", 1, 0);
    check_function("fn f(a: u8,\n b: u8,\n) -> [u8; 4] {\n // no\n\n a\n}", 5, 2);
    check_function("impl X { pub fn f(&'a mut self, a: HashMap<K, V>, b: (u8, u8)) {} }", 1, 2);
    check_function(
        "fn f<F: Fn(u8, u8) -> u8, const N: usize>(f: F, g: fn(u8, u8) -> u8) where F: Copy {}",
        1,
        2,
    );
    check_function("fn f(self: Box<Self>, [a, b]: [u8; 2], c: impl Fn(A, B) -> C) {}", 1, 2);
}

#[test]
fn a_declaration_without_a_body_is_not_counted() {
    assert_eq!(read("trait T { fn f(&self); }").functions(), []);
}

#[test]
fn public_names_are_items_fields_and_variants() {
    check_names(
        "pub struct A { pub b: u8, pub(crate) c: u8, d: u8 }\npub enum E<T> { #[x] F(u8, G), H { i: u8 }, J = 1 }",
        &["A", "b", "E", "F", "H", "J"],
    );
    check_names(
        "pub const fn f() {} pub const N: u8 = 0; pub async fn g() {} pub use a::b; fn h() {}",
        &["f", "N", "g"],
    );
}

#[test]
fn strings_come_without_their_quotes() {
    let source = read(r###"["a", r#"b"c"#, b"d", "e\"f"]"###);
    let got: Vec<&str> = source.strings().map(|mention| mention.text).collect();
    assert_eq!(got, ["a", "b\"c", "d", "e\\\"f"]);
}

#[test]
fn macros_are_named() {
    let source = read("println!(); a != b; std::eprintln!(\"x\");");
    let got: Vec<&str> = source.macros().map(|mention| mention.text).collect();
    assert_eq!(got, ["println", "eprintln"]);
}

#[test]
fn functions_inside_a_macro_are_named() {
    let source =
        read("fn a() {} proptest! { #![x] #[test] fn b(n in 0..3) { g(); } #[test] fn c() {} } fn d() {}");
    assert_eq!(source.functions_in("proptest"), ["b", "c"]);
    assert_eq!(source.functions_in("other"), [""; 0]);
}
