//! Labels by batches, against a vendor that misbehaves: nothing is sent twice, each row has one answer, the budget holds,
//! and the journal and the vendor's bill agree.

use std::fs;
use std::io::{BufRead, BufReader};

use crate::place::{Place, finish, signal};
use crate::server::{Gate, Reply, Switch};
use crate::vendor::{Asked, Line, Manners, Vendor};

/// A token in costs a millionth of a dollar, a token out two; a batch costs half.
const PRICES: &str = "version = \"test\"\n[[price]]\nendpoint = \"*\"\nmodel = \"*\"\ndate = \"2026-01-01\"\n\
                      input = 1.0\noutput = 2.0\nbatch = 0.5\n";

struct Shop {
    place: Place,
    vendor: Vendor,
}

impl Shop {
    fn new(n_texts: usize, manners: Manners, play: impl Fn(&Asked) -> Line + Send + Sync + 'static) -> Self {
        Self::of("openai", n_texts, manners, play)
    }

    fn of(
        endpoint: &str,
        n_texts: usize,
        manners: Manners,
        play: impl Fn(&Asked) -> Line + Send + Sync + 'static,
    ) -> Self {
        let texts: Vec<String> = (0..n_texts).map(|n| format!("text {n}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let vendor = Vendor::new(manners, play);
        let mut place = Place::new(&texts, |_| Reply::Label("positive"));
        let task = ["--labels", "positive,negative", "--id", "id", "--text", "text", "--max-tokens", "20"];
        let model = format!("{endpoint}/m");
        let rest = ["--model", &model, "--base-url", &vendor.url, "--prices", "prices.toml"];
        place.flags = task.iter().chain(&rest).map(|&flag| flag.to_owned()).collect();
        fs::write(
            place.path().join("prices.toml"),
            PRICES.replace('*', endpoint).replacen(&format!("model = \"{endpoint}\""), "model = \"*\"", 1),
        )
        .unwrap();
        Self { place, vendor }
    }

    /// Labels by batches, without pauses between looks.
    #[track_caller]
    fn label(&self, more: &str, code: i32) -> String {
        let told = self.place.check(&format!("label --batch --look-every 0 {more}"), code);
        told.err
    }

    #[track_caller]
    fn check_labeled(&self, n: usize) {
        assert_eq!(self.place.cells("outcome"), vec!["labeled"; n]);
        self.check_books();
    }

    /// The journal and the vendor agree on the bill, nothing is set aside any more, and the journal is whole.
    #[track_caller]
    fn check_books(&self) {
        assert_eq!(self.cost(), self.vendor.bill(), "the journal and the vendor agree");
        assert!(!self.place.plain("status").out.contains("in flight at a crash"));
        self.place.plain("verify");
    }

    fn cost(&self) -> u64 {
        self.place.status()["annotators"][0]["cost"].as_u64().unwrap()
    }
}

fn usd(micro: u64) -> String {
    format!("--max-cost {:.6}", micro as f64 / 1e6)
}

#[test]
fn each_row_is_answered_once_at_half_the_price_and_the_first_one_live() {
    let shop = Shop::new(20, Manners { n_running: 3, ..Manners::default() }, |_| Line::Label("positive"));
    let told = shop.label("", 0);
    assert!(told.contains("20 labeled") && !told.contains("done before"), "{told}");
    shop.check_labeled(20);
    assert_eq!((shop.vendor.sizes(), shop.vendor.n_live()), (vec![19], 1));
    let notes = shop.place.notes();
    assert!(notes.iter().all(Vec::is_empty), "an answer of a batch is an answer like any other: {notes:?}");

    let live = Shop::new(20, Manners::default(), |_| Line::Label("positive"));
    live.place.check("label", 0);
    let (half, whole) = (shop.vendor.bill() as f64, live.vendor.bill() as f64);
    assert!((half / whole - 0.525).abs() < 0.01, "{half} of {whole}");
    shop.label("", 0);
    assert_eq!((shop.vendor.n_batches(), shop.vendor.n_live()), (1, 1), "what is labeled is not sent again");
}

#[test]
fn after_a_kill_an_open_batch_is_collected_and_not_sent_again() {
    let running = Switch::on();
    let manners = Manners { stays_running: Some(running.clone()), ..Manners::default() };
    let shop = Shop::new(30, manners, |_| Line::Label("positive"));
    let child = shop.place.start("label --batch --look-every 0 --max-cost 1");
    shop.vendor.wait_until("the batch is looked at", |it| it.n_looks() > 3);
    signal(child.id(), "KILL");
    assert_eq!(finish(child).code, -1);
    assert!(shop.place.plain("status").out.contains("1 batch open with 29 rows"));
    running.turn_off();
    shop.label("--max-cost 1", 0);
    shop.check_labeled(30);
    assert_eq!((shop.vendor.n_batches(), shop.vendor.n_live()), (1, 1));
}

#[test]
fn a_kill_between_sending_a_batch_and_noting_its_id_does_not_send_it_twice() {
    for endpoint in ["openai", "anthropic"] {
        let gate = Gate::default();
        let manners = Manners { hold_made: Some(gate.clone()), ..Manners::default() };
        let shop = Shop::of(endpoint, 12, manners, |_| Line::Label("negative"));
        let child = shop.place.start("label --batch --look-every 0 --max-cost 1");
        gate.wait_for(1);
        signal(child.id(), "KILL");
        finish(child);
        gate.open();
        let told = shop.place.check("batches", 0);
        assert!(told.out.contains("karat-") && told.out.contains("sent?"), "{}", told.out);
        shop.label("--max-cost 1", 0);
        shop.check_labeled(12);
        assert_eq!(shop.vendor.n_batches(), 1, "{endpoint}");
    }
}

#[test]
fn a_kill_before_the_batch_was_made_gives_its_money_back_and_sends_it() {
    let gate = Gate::default();
    let manners = Manners { hold_made: Some(gate.clone()), ..Manners::default() };
    let shop = Shop::new(12, manners, |_| Line::Label("negative"));
    let child = shop.place.start("label --batch --look-every 0 --max-cost 1");
    gate.wait_for(1);
    signal(child.id(), "KILL");
    finish(child);
    gate.open();
    // As if the request had never arrived.
    shop.vendor.forget_batches();
    shop.label("--max-cost 1", 0);
    shop.check_labeled(12);
    assert_eq!(shop.vendor.n_batches(), 1);
}

#[test]
fn kills_at_any_moment_send_nothing_twice() {
    let shop = Shop::new(60, Manners { n_running: 2, ..Manners::default() }, |_| Line::Label("positive"));
    for n in 1..=6 {
        let child = shop.place.start("label --batch --batch-rows 10 --look-every 0 --max-cost 1");
        shop.vendor.wait_until("one more batch, or all", |it| it.n_batches() >= n || it.n_looks() > 18);
        signal(child.id(), "KILL");
        finish(child);
    }
    shop.label("--batch-rows 10 --max-cost 1", 0);
    assert_eq!(shop.place.cells("outcome"), vec!["labeled"; 60]);
    // A live call in flight at a kill may be paid twice, a row of a batch never is.
    let in_batches: usize = shop.vendor.sizes().iter().sum();
    assert!(in_batches <= 59, "{:?}", shop.vendor.sizes());
    shop.place.plain("verify");
}

#[test]
fn an_upload_that_breaks_off_and_an_answer_that_is_lost_make_one_batch() {
    for manners in [
        Manners { n_cut_uploads: 2, ..Manners::default() },
        Manners { n_lost_answers: 1, ..Manners::default() },
    ] {
        let shop = Shop::new(10, manners, |_| Line::Label("positive"));
        shop.label("--max-cost 1", 0);
        shop.check_labeled(10);
        assert_eq!(shop.vendor.sizes(), [9]);
    }
}

#[test]
fn what_an_expired_batch_left_goes_into_the_next_one() {
    let manners = Manners { ends_with: Some("expired"), n_end_so: 1, ..Manners::default() };
    let shop = Shop::new(21, manners, |asked| match (asked.batch, asked.item.ends_with('7')) {
        (Some(0), true) => Line::Expired,
        _ => Line::Label("positive"),
    });
    shop.label("--max-cost 1", 0);
    shop.check_labeled(21);
    assert_eq!(shop.vendor.sizes(), [20, 2]);
}

#[test]
fn rows_that_fail_are_sent_again_and_fail_for_good_after_three_batches() {
    let shop = Shop::new(30, Manners::default(), |asked| match (asked.item.as_str(), asked.batch) {
        ("text 5", Some(0)) => Line::Fails(500, "out of order"),
        ("text 6", Some(0 | 1)) => Line::Missing,
        ("text 7", Some(_)) => Line::Fails(503, "overloaded"),
        ("text 8", Some(_)) => Line::Fails(400, "this text cannot be processed"),
        _ => Line::Label("positive"),
    });
    let told = shop.label("", 1);
    assert!(told.contains("28 labeled · 2 failed"), "{told}");
    assert_eq!(shop.vendor.sizes(), [29, 3, 2]);
    let outcomes = shop.place.cells("outcome");
    assert_eq!(
        [outcomes[5].as_str(), &outcomes[6], &outcomes[7], &outcomes[8]],
        ["labeled", "labeled", "failed", "failed"]
    );
    assert!(shop.place.cells("reason")[8].contains("this text cannot be processed"));
    shop.check_books();
    assert_eq!(shop.vendor.n_live(), 1, "nothing was asked live at the full price");
    shop.label("", 0);
    assert_eq!(shop.vendor.n_batches(), 3, "what failed stands until it is retried");
}

#[test]
fn lines_come_in_any_order_twice_and_under_unknown_ids() {
    let shop = Shop::new(12, Manners::default(), |asked| match (asked.item.as_str(), asked.batch) {
        ("text 3", Some(_)) => Line::Twice("negative", "positive"),
        ("text 4", Some(0)) => Line::Stranger,
        _ if asked.item.len() % 2 == 0 => Line::Label("positive"),
        _ => Line::Label("negative"),
    });
    shop.label("", 0);
    shop.check_labeled(12);
    assert_eq!(shop.place.cells("label")[3], "negative", "the first line stands");
    assert_eq!(shop.vendor.sizes(), [11, 1]);
    let told = shop.place.check("batches", 0).err;
    assert!(
        told.contains("1 lines under an unknown id") && told.contains("1 lines that came twice"),
        "{told}"
    );
}

#[test]
fn a_line_that_cannot_be_read_counts_as_paid_and_is_sent_again() {
    let shop = Shop::new(5, Manners::default(), |asked| match (asked.item.as_str(), asked.batch) {
        ("text 3", Some(0)) => Line::Broken,
        _ => Line::Label("positive"),
    });
    shop.label("", 0);
    assert_eq!(shop.place.cells("outcome"), ["labeled"; 5]);
    assert_eq!(shop.vendor.sizes(), [4, 1]);
    assert!(shop.cost() > shop.vendor.bill());
}

#[test]
fn looks_that_fail_are_borne() {
    let manners = Manners { n_broken_looks: 7, n_running: 2, ..Manners::default() };
    let shop = Shop::new(8, manners, |_| Line::Label("positive"));
    shop.label("", 0);
    shop.check_labeled(8);
    assert_eq!(shop.vendor.n_batches(), 1);
}

#[test]
fn a_batch_that_is_refused_as_a_whole_is_told_and_loses_nothing() {
    let manners = Manners { ends_with: Some("failed"), n_end_so: 1, ..Manners::default() };
    let shop = Shop::new(8, manners, |_| Line::Label("positive"));
    let told = shop.label("--max-cost 1", 2);
    assert!(told.contains("Enqueued token limit reached") && told.contains("--batch-rows"), "{told}");
    let done = shop.place.cells("outcome").iter().filter(|it| *it == "labeled").count();
    assert_eq!(done, 1);
    shop.label("--max-cost 1", 0);
    shop.check_labeled(8);
}

#[test]
fn a_batch_that_is_refused_finds_room_when_another_is_through() {
    let manners = Manners { ends_with: Some("failed"), n_end_so: 1, ..Manners::default() };
    let shop = Shop::new(11, manners, |_| Line::Label("positive"));
    shop.label("--batch-rows 5 --max-cost 1", 0);
    shop.check_labeled(11);
    assert_eq!(shop.vendor.sizes(), [5, 5, 5]);
}

#[test]
fn a_batch_in_which_every_row_is_refused_ends_the_run_and_asks_nothing_live() {
    let shop = Shop::new(9, Manners::default(), |asked| match asked.batch {
        Some(_) => Line::Fails(400, "this model takes no batches"),
        None => Line::Label("positive"),
    });
    let told = shop.label("", 2);
    assert!(told.contains("this model takes no batches"), "{told}");
    assert_eq!((shop.vendor.n_batches(), shop.vendor.n_live()), (1, 1));
    assert_eq!(shop.place.cells("outcome")[1..], ["not_yet"; 8]);
}

#[test]
fn a_wrong_key_shows_at_once_and_nothing_is_sent_as_a_batch() {
    let shop = Shop::new(9, Manners::default(), |_| Line::Fails(401, "key expired"));
    let told = shop.label("", 2);
    assert!(told.contains("key expired"), "{told}");
    assert_eq!(shop.vendor.n_batches(), 0);
}

#[test]
fn answers_that_cannot_be_read_are_asked_again_live() {
    let shop = Shop::new(10, Manners::default(), |asked| match (asked.item.as_str(), asked.nth) {
        ("text 4" | "text 9", 0) => Line::Label("purple"),
        _ => Line::Label("positive"),
    });
    shop.label("--max-cost 1", 0);
    shop.check_labeled(10);
    assert_eq!((shop.vendor.sizes(), shop.vendor.n_live()), (vec![9], 3));
}

#[test]
fn votes_are_cast_in_one_batch() {
    let mut shop = Shop::new(6, Manners::default(), |asked| match asked.nth {
        1 => Line::Label("negative"),
        _ => Line::Label("positive"),
    });
    shop.place.flags.extend(["--samples".to_owned(), "3".to_owned()]);
    shop.label("", 0);
    shop.check_labeled(6);
    assert_eq!((shop.vendor.sizes(), shop.vendor.n_live()), (vec![15], 3));
    assert_eq!(shop.place.cells("label"), ["positive"; 6]);
}

#[test]
fn equal_texts_are_sent_once() {
    let shop = Shop::new(0, Manners::default(), |_| Line::Label("positive"));
    shop.place.write_data(&["one", "same", "two", "same", "same"]);
    shop.label("", 0);
    shop.check_labeled(5);
    assert_eq!(shop.vendor.sizes(), [2]);
}

#[test]
fn batches_keep_to_the_limit_and_a_higher_one_goes_on() {
    let shop = Shop::new(60, Manners { n_running: 1, ..Manners::default() }, |_| Line::Label("positive"));
    let mut before = 0;
    for max in [3000, 5000] {
        let told = shop.label(&usd(max), 2);
        assert!(told.contains("allows no further batch") && told.contains("raise `max_cost_usd`"), "{told}");
        let now = shop.vendor.bill();
        assert!(before < now && now <= max, "{before} to {now} of {max}");
        before = now;
    }
    shop.label("--max-cost 1", 0);
    shop.check_labeled(60);
    let rows: usize = shop.vendor.sizes().iter().sum();
    assert_eq!(rows + shop.vendor.n_live(), 60, "nothing was paid twice");
}

#[test]
fn what_is_set_aside_for_an_open_batch_is_not_spent_by_others() {
    let running = Switch::on();
    let manners = Manners { stays_running: Some(running.clone()), ..Manners::default() };
    let shop = Shop::new(20, manners, |_| Line::Label("positive"));
    // Without a limit of its own, the batch sets its money aside all the same.
    shop.label("--no-wait", 1);
    shop.place.write_data(&["another", "text"]);
    let told = shop.place.check(&format!("label {}", usd(2500)), 2);
    assert!(told.err.contains("set aside"), "{}", told.err);
    assert_eq!(shop.vendor.n_live(), 1);
}

#[test]
fn without_waiting_live_calls_leave_what_is_in_a_batch_alone() {
    let running = Switch::on();
    let manners = Manners { stays_running: Some(running.clone()), ..Manners::default() };
    let shop = Shop::new(10, manners, |_| Line::Label("positive"));
    let told = shop.label("--no-wait", 1);
    assert!(told.contains("open: batch batch_0") && told.contains("karat label --batch"), "{told}");
    shop.label("--no-wait", 1);
    shop.place.check("label", 1);
    assert_eq!((shop.vendor.n_batches(), shop.vendor.n_live()), (1, 1));
    let listed = shop.place.check("batches", 0).out;
    assert!(listed.contains("running") && listed.contains("0 of 9"), "{listed}");
    running.turn_off();
    shop.label("--no-wait", 0);
    shop.check_labeled(10);
    let listed = shop.place.plain("batches").out;
    assert!(listed.contains("ended") && listed.contains("9 of 9"), "{listed}");
}

#[test]
fn ctrl_c_stops_waiting_and_says_how_to_go_on() {
    let running = Switch::on();
    let manners = Manners { stays_running: Some(running.clone()), ..Manners::default() };
    let shop = Shop::new(10, manners, |_| Line::Label("positive"));
    let mut child = shop.place.start("label --batch");
    shop.vendor.wait_until("the batch is made", |it| it.n_batches() == 1);
    shop.place.wait_for_calls(1);
    signal(child.id(), "INT");
    let told: Vec<String> =
        BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap).collect();
    assert_eq!(finish(child).code, 1);
    let told = told.join("\n");
    assert!(
        told.contains("the batches go on without us") && told.contains("`karat label --batch` collects"),
        "{told}"
    );
    running.turn_off();
    shop.label("", 0);
    shop.check_labeled(10);
    assert_eq!(shop.vendor.n_batches(), 1);
}

#[test]
fn a_canceled_batch_keeps_what_was_answered_and_the_rest_is_sent_again() {
    let running = Switch::on();
    let manners = Manners { stays_running: Some(running.clone()), ..Manners::default() };
    let shop = Shop::new(11, manners, |_| Line::Label("positive"));
    shop.label("--no-wait --max-cost 1", 1);
    shop.place.check("batches --cancel batch_7", 2);
    shop.place.check("batches --cancel batch_0", 0);
    running.turn_off();
    shop.label("--max-cost 1", 0);
    shop.check_labeled(11);
    assert_eq!(shop.vendor.sizes(), [10, 5]);
}

#[test]
fn a_batch_that_the_vendor_forgot_can_be_given_up() {
    let running = Switch::on();
    let manners = Manners { stays_running: Some(running.clone()), ..Manners::default() };
    let shop = Shop::new(6, manners, |_| Line::Label("positive"));
    shop.label("--no-wait --max-cost 1", 1);
    shop.vendor.forget_batches();
    running.turn_off();
    let told = shop.label("--max-cost 1", 2);
    assert!(told.contains("karat batches --forget"), "{told}");
    shop.place.check("batches --forget batch_0", 0);
    shop.label("--max-cost 1", 0);
    assert_eq!(shop.place.cells("outcome"), ["labeled"; 6]);
}

#[test]
fn an_endpoint_that_takes_no_batches_is_refused_before_anything_is_sent() {
    let shop = Shop::of("vllm", 3, Manners::default(), |_| Line::Label("positive"));
    for line in ["label --batch", "plan --batch"] {
        let told = shop.place.check(line, 2);
        assert!(told.err.contains("cannot be asked by batches"), "{}", told.err);
    }
    assert_eq!(shop.vendor.n_live(), 0);
}

#[test]
fn the_plan_says_half_the_price() {
    let shop = Shop::new(50, Manners::default(), |_| Line::Label("positive"));
    let likely = |line: &str| {
        let told = shop.place.check(line, 0);
        crate::place::event(&told, "plan")["annotators"][0]["cost"]["likely"].as_f64().unwrap()
    };
    let (half, whole) = (likely("plan --json --batch"), likely("plan --json"));
    assert!((half / whole - 0.5).abs() < 0.01, "{half} of {whole}");
}

#[test]
fn messages_are_sent_as_batches_too() {
    let manners = Manners { n_running: 2, ends_with: Some("expired"), n_end_so: 1, ..Manners::default() };
    let shop = Shop::of("anthropic", 20, manners, |asked| match (asked.item.as_str(), asked.batch) {
        ("text 3", Some(0)) => Line::Expired,
        ("text 4", Some(0)) => Line::Fails(500, "overloaded"),
        ("text 5", Some(0)) => Line::Missing,
        ("text 6", Some(_)) => Line::Fails(400, "this text cannot be processed"),
        _ => Line::Label("negative"),
    });
    let told = shop.label("--max-cost 1", 1);
    assert!(told.contains("19 labeled · 1 failed"), "{told}");
    assert_eq!(shop.vendor.sizes(), [19, 3]);
    shop.check_books();
}

#[test]
fn the_second_tier_waits_for_the_batches_of_the_first() {
    let running = Switch::on();
    let manners = Manners { stays_running: Some(running.clone()), ..Manners::default() };
    let mut shop = Shop::new(12, manners, |asked| match (asked.model.as_str(), asked.item.ends_with('3')) {
        ("one", true) => Line::Label("negative"),
        _ => Line::Label("positive"),
    });
    let annotator = |name: &str, tier: u32| {
        format!(
            "[[annotators]]\nmodel = \"openai/{name}\"\nname = \"{name}\"\ntier = {tier}\nmax_tokens = 20\nbase_url = \"{}\"\n",
            shop.vendor.url
        )
    };
    let toml = format!(
        "[data]\nfiles = [\"data.csv\"]\nid = \"id\"\ntext = \"text\"\n[task]\nkind = \"classify\"\n\
         labels = [{{ name = \"positive\" }}, {{ name = \"negative\" }}]\n[budget]\nprices = \"prices.toml\"\n\
         [policy]\nsettle = {{ votes = 2 }}\n{}{}{}",
        annotator("one", 1),
        annotator("two", 1),
        annotator("three", 2)
    );
    fs::write(shop.place.path().join("karat.toml"), toml).unwrap();
    shop.place.flags.clear();
    shop.label("--no-wait", 1);
    assert_eq!(shop.vendor.sizes(), [11, 11], "the second tier does not know yet what is left to it");
    running.turn_off();
    shop.label("", 0);
    assert_eq!(shop.vendor.n_live(), 3, "each annotator asked one item live");
    assert_eq!(shop.vendor.sizes().len(), 2, "of the one item that was left to the second tier, that is all");
    shop.place.plain("verify");
}

#[test]
fn labels_in_levels_are_refused_since_a_later_question_depends_on_an_earlier_answer() {
    let mut shop = Shop::new(3, Manners::default(), |_| Line::Label("positive"));
    let toml = format!(
        "[data]\nfiles = [\"data.csv\"]\nid = \"id\"\ntext = \"text\"\n[task]\nkind = \"classify\"\nlevels = \" > \"\n\
         labels = [\"Food > Fruit\", \"Food > Bread\", \"Toy > Ball\", \"Toy > Doll\"]\n\
         [[annotators]]\nmodel = \"openai/m\"\nbase_url = \"{}\"\n",
        shop.vendor.url
    );
    fs::write(shop.place.path().join("karat.toml"), toml).unwrap();
    shop.place.flags.clear();
    let told = shop.label("", 2);
    assert!(told.contains("a later question about an item depends on an earlier answer"), "{told}");
    assert_eq!((shop.vendor.n_batches(), shop.vendor.n_live()), (0, 0));
}
