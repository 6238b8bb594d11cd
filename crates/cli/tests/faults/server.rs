//! A tiny chat endpoint on 127.0.0.1 that answers as a test says and keeps a list of what it was asked.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

/// No test needs that long; one that does hangs.
const FOREVER: Duration = Duration::from_secs(120);

/// One request.
#[derive(Clone)]
pub(crate) struct Ask {
    /// What stands between the item marks of the first user message.
    pub(crate) item: String,
    /// How many requests for this item came before.
    pub(crate) nth: usize,
    /// The model that was named.
    pub(crate) model: String,
    /// Everything that was sent.
    pub(crate) body: Value,
}

/// What to do with a request.
pub(crate) enum Reply {
    /// An answer with this label.
    Label(&'static str),
    /// A failure: status and message. It invites to come back at once, so that tests need no time.
    Fails(u16, &'static str),
    /// A refusal that asks to come back in so many seconds.
    Later(u32),
    /// An answer with this text.
    Says(&'static str),
    /// The head of an answer and half of its body, and then nothing.
    Cut,
    /// The connection is closed without a word.
    Gone,
    /// An answer with this text, made for the request.
    Tells(String),
    /// A refusal for good: no invitation to come back, as where a parameter or a length is not taken.
    Refuses(u16, &'static str),
}

/// What the server was asked and what it sold.
#[derive(Default)]
struct Book {
    asks: Vec<Ask>,
    seen: HashMap<(String, String), usize>,
    tokens_in: u64,
    tokens_out: u64,
}

pub(crate) struct Server {
    pub(crate) url: String,
    book: Arc<Mutex<Book>>,
    news: Arc<Condvar>,
}

type Play = dyn Fn(&Ask) -> Reply + Send + Sync;

impl Server {
    pub(crate) fn new(play: impl Fn(&Ask) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let book = Arc::new(Mutex::new(Book::default()));
        let (play, kept): (Arc<Play>, _) = (Arc::new(play), Arc::clone(&book));
        let news = Arc::new(Condvar::new());
        let told = Arc::clone(&news);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (play, book, told) = (Arc::clone(&play), Arc::clone(&book), Arc::clone(&told));
                std::thread::spawn(move || serve(stream.unwrap(), &*play, &book, &told));
            }
        });
        Self { url, book: kept, news }
    }

    /// Everything that was asked so far, in order of arrival.
    pub(crate) fn asks(&self) -> Vec<Ask> {
        self.book.lock().unwrap().asks.clone()
    }

    /// How often something was asked so far.
    pub(crate) fn n(&self) -> usize {
        self.book.lock().unwrap().asks.len()
    }

    /// Waits until so much was asked.
    #[track_caller]
    pub(crate) fn wait_for(&self, n: usize) {
        let book = self.book.lock().unwrap();
        let (book, waited) = self.news.wait_timeout_while(book, FOREVER, |book| book.asks.len() < n).unwrap();
        assert!(!waited.timed_out(), "{} of {n} calls came", book.asks.len());
    }

    /// How often this item was asked for.
    pub(crate) fn n_of(&self, item: &str) -> usize {
        self.asks().iter().filter(|ask| ask.item == item).count()
    }

    /// Everything that this model was sent, message by message, as one text for each request.
    pub(crate) fn sent_to(&self, model: &str) -> Vec<String> {
        let asks = self.asks();
        let whole = |ask: &Ask| {
            let messages = ask.body["messages"].as_array().unwrap();
            messages.iter().map(|it| it["content"].as_str().unwrap()).collect::<Vec<_>>().join("\n")
        };
        asks.iter().filter(|ask| ask.model == model).map(whole).collect()
    }

    /// The items that this model was asked about, in order of arrival.
    pub(crate) fn items_of(&self, model: &str) -> Vec<String> {
        self.asks().into_iter().filter(|ask| ask.model == model).map(|ask| ask.item).collect()
    }

    /// Tokens sold so far: in and out.
    pub(crate) fn sold(&self) -> (u64, u64) {
        let book = self.book.lock().unwrap();
        (book.tokens_in, book.tokens_out)
    }
}

/// Answers the requests of one connection until the other side goes away.
fn serve(stream: TcpStream, play: &Play, book: &Mutex<Book>, told: &Condvar) {
    let mut lines = BufReader::new(stream.try_clone().unwrap());
    let mut out = stream;
    while let Some(body) = read_request(&mut lines) {
        let ask = note(book, body);
        told.notify_all();
        let whole = match play(&ask) {
            Reply::Label(label) => {
                let answer = json!({ "label": label }).to_string();
                response(200, "", &sell(book, &ask, &answer))
            }
            Reply::Says(text) => response(200, "", &sell(book, &ask, text)),
            Reply::Later(seconds) => {
                let body = json!({"error": {"message": "slow down"}});
                response(429, &format!("retry-after: {seconds}\r\n"), &body)
            }
            Reply::Tells(text) => response(200, "", &sell(book, &ask, &text)),
            Reply::Refuses(status, message) => response(status, "", &json!({"error": {"message": message}})),
            Reply::Gone => return,
            Reply::Cut => {
                let whole = response(200, "", &sell(book, &ask, "half"));
                let _ = out.write_all(&whole.as_bytes()[..whole.len() / 2]);
                return;
            }
            Reply::Fails(status, message) => {
                let body = json!({"error": {"message": message}});
                response(status, "retry-after: 0\r\n", &body)
            }
        };
        if out.write_all(whole.as_bytes()).is_err() {
            return;
        }
    }
}

fn note(book: &Mutex<Book>, body: Value) -> Ask {
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    let user = body["messages"].as_array().unwrap().iter().find(|it| it["role"] == "user").unwrap();
    let user = text(&user["content"]);
    let inside = user.split_once("<item>\n").and_then(|(_, rest)| rest.split_once("\n</item>"));
    let item = inside.map_or(user.as_str(), |(item, _)| item).to_owned();
    let model = text(&body["model"]);
    let mut book = book.lock().unwrap();
    let seen = book.seen.entry((model.clone(), item.clone())).or_default();
    *seen += 1;
    let ask = Ask { item, nth: *seen - 1, model, body };
    book.asks.push(ask.clone());
    ask
}

/// Four bytes are a token.
fn sell(book: &Mutex<Book>, ask: &Ask, answer: &str) -> Value {
    let messages = ask.body["messages"].as_array().unwrap();
    let sent: usize = messages.iter().map(|it| it["content"].as_str().unwrap().len()).sum();
    let (tokens_in, tokens_out) = (sent.div_ceil(4) as u64, answer.len().div_ceil(4) as u64);
    let mut book = book.lock().unwrap();
    book.tokens_in += tokens_in;
    book.tokens_out += tokens_out;
    json!({
        "model": ask.model,
        "choices": [{"message": {"content": answer}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": tokens_in, "completion_tokens": tokens_out},
    })
}

fn response(status: u16, headers: &str, body: &Value) -> String {
    let body = body.to_string();
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
}

fn read_request(lines: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(bytes) = line.strip_prefix("content-length: ") {
            length = bytes.parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    lines.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

/// Holds back whoever passes until it is opened, and lets a test wait until somebody is held back.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<(usize, bool)>, Condvar)>);

impl Gate {
    /// Waits until the gate is open.
    pub(crate) fn pass(&self) {
        let (state, news) = &*self.0;
        let mut now = state.lock().unwrap();
        now.0 += 1;
        news.notify_all();
        drop(news.wait_timeout_while(now, FOREVER, |now| !now.1).unwrap());
    }

    /// Waits until so many have come to the gate.
    #[track_caller]
    pub(crate) fn wait_for(&self, n: usize) {
        let (state, news) = &*self.0;
        let now = state.lock().unwrap();
        let (now, waited) = news.wait_timeout_while(now, FOREVER, |now| now.0 < n).unwrap();
        assert!(!waited.timed_out(), "{} of {n} came to the gate", now.0);
    }

    /// Lets all pass, now and later.
    pub(crate) fn open(&self) {
        let (state, news) = &*self.0;
        state.lock().unwrap().1 = true;
        news.notify_all();
    }
}

/// Something that a test turns off while a server runs.
#[derive(Clone)]
pub(crate) struct Switch(Arc<AtomicBool>);

impl Switch {
    pub(crate) fn on() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }

    pub(crate) fn is_on(&self) -> bool {
        self.0.load(SeqCst)
    }

    pub(crate) fn turn_off(&self) {
        self.0.store(false, SeqCst);
    }
}
