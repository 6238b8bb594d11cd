//! What all pages promise of their form, and how texts and scales are written.

/// Fails where a tag does not close, an id is there twice, or a link within the page leads nowhere.
#[track_caller]
pub(crate) fn check_form(what: &str, page: &str) {
    let (mut open, mut ids, mut links) = (Vec::new(), Vec::new(), Vec::new());
    let body = page.split_once("</style>").map_or(page, |(_, body)| body);
    for tag in body.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').unwrap_or_else(|| panic!("{what}: `{tag}` does not end"));
        if let Some(name) = tag.strip_prefix('/') {
            let opened = open.pop();
            if opened != Some(name) && !["head", "html"].contains(&name) {
                panic!("{what}: `{name}` closes {opened:?}");
            }
            continue;
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{what}: quotes in `{tag}`");
        ids.extend(tag.split(" id=\"").skip(1).filter_map(|it| it.split('"').next()));
        links.extend(tag.split(" href=\"#").skip(1).filter_map(|it| it.split('"').next()));
        let name = tag.split([' ', '/']).next().unwrap_or_default();
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{what}: {open:?} are not closed");
    let lost: Vec<_> = links.iter().filter(|link| !ids.contains(link)).collect();
    assert!(lost.is_empty(), "{what}: {lost:?} lead nowhere");
    let n = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), n, "{what}: an id is there twice");
}

mod of_text {
    use crate::html::text::{Esc, count, level, seconds, ticked, usd};

    #[track_caller]
    fn check(got: impl ToString, want: &str) {
        assert_eq!(got.to_string(), want);
    }

    #[test]
    fn counts_have_commas() {
        check(count(0), "0");
        check(count(999), "999");
        check(count(1_000), "1,000");
        check(count(1_234_567), "1,234,567");
    }

    #[test]
    fn small_amounts_keep_two_digits_that_count() {
        check(usd(0.0), "$0.00");
        check(usd(12.345), "$12.35");
        check(usd(0.5), "$0.50");
        check(usd(0.0123), "$0.012");
        check(usd(0.000_034_2), "$0.000034");
        check(seconds(0.0), "0.0 s");
        check(seconds(0.384), "0.38 s");
        check(seconds(0.003_84), "0.0038 s");
        check(seconds(1.96), "2.0 s");
        check(seconds(125.4), "125 s");
    }

    #[test]
    fn levels_have_no_needless_zeros() {
        check(level(0.95), "95 %");
        check(level(0.999), "99.9 %");
        check(level(0.9), "90 %");
    }

    #[test]
    fn only_paired_backticks_make_a_literal() {
        check(ticked("column `a<b`"), "column <code>a&lt;b</code>");
        check(ticked("it`s <b>"), "it`s &lt;b&gt;");
    }

    #[test]
    fn what_means_something_in_html_is_escaped() {
        check(Esc("a<b>&\"'\u{1b}\n中"), "a&lt;b&gt;&amp;&quot;&#39;\u{fffd}\n中");
    }
}

mod of_scales {
    use crate::html::plot::Scale;

    #[track_caller]
    fn check(scale: Scale, want: &str) {
        let axis = scale.axis();
        let title = axis.split("<title>").nth(1).and_then(|it| it.split("</title>").next());
        assert_eq!(title, Some(want));
    }

    #[test]
    fn a_scale_is_the_narrowest_round_one() {
        check(Scale::around([0.861, 0.9].into_iter()), "Scale in percent: 86, 87, 88, 89, 90");
        check(Scale::around([0.41, 0.98].into_iter()), "Scale in percent: 40, 60, 80, 100");
        check(Scale::around([0.0, 1.0].into_iter()), "Scale in percent: 0, 20, 40, 60, 80, 100");
    }

    #[test]
    fn one_value_has_a_scale_within_bounds() {
        check(Scale::around([1.0].into_iter()), "Scale in percent: 99, 100");
        check(Scale::around([0.0].into_iter()), "Scale in percent: 0, 1");
        check(Scale::around([0.3].into_iter()), "Scale in percent: 30, 31");
    }

    #[test]
    fn no_value_has_the_whole_scale() {
        check(Scale::around(std::iter::empty()), "Scale in percent: 0, 25, 50, 75, 100");
        check(Scale::around([f64::NAN].into_iter()), "Scale in percent: 0, 25, 50, 75, 100");
    }

    #[test]
    fn differences_are_shown_about_zero() {
        check(Scale::about_zero([-0.012, 0.05].into_iter()), "Scale in percentage points: −2, 0, +2, +4, +6");
        check(Scale::about_zero(std::iter::empty()), "Scale in percentage points: 0, +1");
    }
}
