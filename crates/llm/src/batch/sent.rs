//! Batches over the network: which API an endpoint has, and the calls that each step takes.
//!
//! In: a provider's [`Http`] and what the pure files of this folder write. Out: [`Batches`].
//!
//! Not here: trying again and waiting, which is the caller's.

use std::sync::Arc;

use futures::{FutureExt, future::BoxFuture};
use serde_json::Value;

use super::{
    BatchLimits, BatchLine, BatchRequest, BatchState, Batches, Lines, Seen, Wanted, anthropic, file_name,
    gemini, mistral, openai, read_body, said,
};
use crate::{
    CallError, CallErrorClass, Http, ModelAnswer, ModelRequest,
    dialect::Dialect,
    http::{Body, FilePart, Method, Received},
};

/// The most pages of a list that are looked through for a lost batch, newest first.
const MAX_PAGES: usize = 20;

/// The families of batch APIs.
#[derive(Clone, Copy, Debug)]
enum Api {
    OpenAi(openai::Flavor),
    Mistral,
    Anthropic,
    Gemini,
}

/// The batches of one provider.
pub struct SentBatches {
    http: Arc<Http>,
    api: Api,
}

impl SentBatches {
    /// The batches of a provider; `None` where its row of the table says that it has none.
    #[must_use]
    pub fn of(http: Arc<Http>) -> Option<SentBatches> {
        let row = http.endpoint();
        if !row.can.batch {
            return None;
        }
        let api = match (row.dialect, row.name) {
            (Dialect::OpenAiChat, "mistral") => Api::Mistral,
            (Dialect::OpenAiChat | Dialect::OpenAiResponses, name) => {
                Api::OpenAi(openai::flavor(name, row.dialect))
            }
            (Dialect::Anthropic, _) => Api::Anthropic,
            (Dialect::Gemini, _) => Api::Gemini,
            (Dialect::Ollama, _) => return None,
        };
        Some(SentBatches { http, api })
    }

    async fn get(&self, path: &str) -> Result<Value, CallError> {
        let received = self.http.send(Method::Get, path, Body::Empty).await?;
        received.json("list or batch")
    }

    async fn post(&self, path: &str, body: Vec<u8>) -> Result<Received, CallError> {
        self.http.send(Method::Post, path, Body::Json(body)).await
    }

    /// The path of a batch.
    fn path(&self, id: &str) -> String {
        match self.api {
            Api::OpenAi(_) => format!("batches/{id}"),
            Api::Mistral => format!("batch/jobs/{id}"),
            Api::Anthropic => format!("messages/batches/{id}"),
            Api::Gemini => id.to_owned(),
        }
    }

    fn seen(&self, batch: &Value) -> Result<Seen, CallError> {
        let seen = match self.api {
            Api::OpenAi(_) => openai::seen(batch),
            Api::Mistral => mistral::seen(batch),
            Api::Anthropic => anthropic::seen(batch),
            Api::Gemini => gemini::seen(batch),
        };
        seen.map_err(|message| CallError::new(CallErrorClass::BadBody, message))
    }

    /// Uploads the requests as a file and gives its id.
    async fn upload(
        &self,
        key: &str,
        upload: &str,
        purpose: Vec<(&'static str, String)>,
        bytes: Vec<u8>,
    ) -> Result<String, CallError> {
        let file = FilePart { field: "file", name: file_name(key), content_type: "application/jsonl", bytes };
        let body = Body::Multipart { fields: purpose, file };
        let made: Value = self.http.send(Method::Post, upload, body).await?.json("file")?;
        said(&made["id"])
            .ok_or_else(|| CallError::new(CallErrorClass::BadBody, "the uploaded file was given no id"))
    }

    async fn make(&self, key: &str, model: &str, requests: &[BatchRequest]) -> Result<String, CallError> {
        let made = match &self.api {
            Api::OpenAi(flavor) => {
                let fields = openai::fields(flavor, &file_name(key));
                let file = self.upload(key, flavor.upload, fields, openai::lines(requests, flavor)).await?;
                self.post("batches", openai::create(&file, key, flavor)).await?
            }
            Api::Mistral => {
                let fields = vec![("purpose", "batch".to_owned())];
                let file = self.upload(key, "files", fields, mistral::lines(requests)).await?;
                self.post("batch/jobs", mistral::create(&file, key, model)).await?
            }
            Api::Anthropic => self.post("messages/batches", anthropic::create(requests)).await?,
            Api::Gemini => self.post(&gemini::path(model), gemini::create(key, requests)).await?,
        };
        Ok(self.seen(&made.json("batch")?)?.id)
    }

    async fn look(&self, wanted: Wanted<'_>) -> Result<Option<String>, CallError> {
        // Where a batch keeps no key, the file that it was made of has one as its name.
        let files = match &self.api {
            Api::OpenAi(flavor) if !flavor.keeps_key => {
                let files = openai::files_named(&self.get("files").await?, &file_name(wanted.key));
                if files.is_empty() {
                    return Ok(None);
                }
                files
            }
            Api::OpenAi(_) | Api::Mistral | Api::Anthropic | Api::Gemini => Vec::new(),
        };
        let is_it = |seen: &Seen| match &self.api {
            Api::Anthropic => wanted.may_be(seen),
            Api::OpenAi(flavor) if !flavor.keeps_key => {
                seen.input.as_ref().is_some_and(|input| files.contains(input))
            }
            Api::OpenAi(_) | Api::Mistral | Api::Gemini => wanted.has_key(seen),
        };
        let mut next = None;
        for page in 0..MAX_PAGES {
            let (all, after) = self.page(next.as_deref(), page).await?;
            if let Some(found) = all.into_iter().find(is_it) {
                return Ok(Some(found.id));
            }
            next = after;
            if next.is_none() {
                break;
            }
        }
        Ok(None)
    }

    /// A page of the list of batches, and what names the next one.
    async fn page(&self, after: Option<&str>, page: usize) -> Result<(Vec<Seen>, Option<String>), CallError> {
        let with = |path: &str, name: &str| match after {
            Some(after) => format!("{path}&{name}={after}"),
            None => path.to_owned(),
        };
        Ok(match self.api {
            Api::OpenAi(_) => openai::list(&self.get(&with("batches?limit=100", "after")).await?),
            Api::Anthropic => {
                anthropic::list(&self.get(&with("messages/batches?limit=100", "after_id")).await?)
            }
            Api::Gemini => gemini::list(&self.get(&with("batches?pageSize=100", "pageToken")).await?),
            Api::Mistral => {
                let all = mistral::list(&self.get(&format!("batch/jobs?page_size=100&page={page}")).await?);
                let next = (all.len() == 100).then(String::new);
                (all, next)
            }
        })
    }

    async fn read(
        &self,
        id: &str,
        sink: &mut (dyn FnMut(Result<BatchLine, String>) + Send),
    ) -> Result<(), CallError> {
        let path = self.path(id);
        if let Api::Gemini = self.api {
            // The answers may stand in the batch itself, which is then as large as they are.
            let mut whole = Vec::new();
            self.http.download(&path, |piece| whole.extend_from_slice(piece)).await?;
            let bad = |message| CallError::new(CallErrorClass::BadBody, message);
            gemini::inlined(&whole, |body| self.answer(body), &mut *sink).map_err(bad)?;
            let batch = serde_json::from_slice(&whole).map_err(|error| bad(error.to_string()))?;
            return self.read_files(&self.seen(&batch)?, sink).await;
        }
        let seen = self.seen(&self.get(&path).await?)?;
        self.read_files(&seen, sink).await
    }

    async fn read_files(
        &self,
        seen: &Seen,
        sink: &mut (dyn FnMut(Result<BatchLine, String>) + Send),
    ) -> Result<(), CallError> {
        for path in &seen.results {
            let mut lines = Lines::default();
            self.http.download(path, |piece| lines.push(piece, |line| sink(self.line(line)))).await?;
            lines.finish(|line| sink(self.line(line)));
        }
        Ok(())
    }

    fn line(&self, line: &[u8]) -> Result<BatchLine, String> {
        match self.api {
            Api::OpenAi(_) | Api::Mistral => openai::line(line, |body| self.answer(body)),
            Api::Anthropic => anthropic::line(line, |body| self.answer(body)),
            Api::Gemini => gemini::line(line, |body| self.answer(body)),
        }
    }

    fn answer(&self, body: &[u8]) -> Result<ModelAnswer, CallError> {
        read_body(self.http.endpoint().dialect, body)
    }

    async fn stop(&self, id: &str) -> Result<(), CallError> {
        let path = match self.api {
            Api::Gemini => format!("{}:cancel", self.path(id)),
            Api::OpenAi(_) | Api::Mistral | Api::Anthropic => format!("{}/cancel", self.path(id)),
        };
        self.http.send(Method::Post, &path, Body::Empty).await?.ok().map(|_| ())
    }
}

impl Batches for SentBatches {
    fn limits(&self) -> BatchLimits {
        match &self.api {
            Api::OpenAi(flavor) => flavor.limits,
            Api::Mistral => mistral::LIMITS,
            Api::Anthropic => anthropic::LIMITS,
            Api::Gemini => gemini::LIMITS,
        }
    }

    fn keeps_keys(&self) -> bool {
        !matches!(self.api, Api::Anthropic)
    }

    fn body(&self, request: &ModelRequest) -> Result<Vec<u8>, CallError> {
        self.http.body_of(request)
    }

    fn submit<'a>(
        &'a self,
        key: &'a str,
        model: &'a str,
        requests: &'a [BatchRequest],
    ) -> BoxFuture<'a, Result<String, CallError>> {
        self.make(key, model, requests).boxed()
    }

    fn find<'a>(&'a self, wanted: Wanted<'a>) -> BoxFuture<'a, Result<Option<String>, CallError>> {
        self.look(wanted).boxed()
    }

    fn state<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<BatchState, CallError>> {
        async move { Ok(self.seen(&self.get(&self.path(id)).await?)?.state) }.boxed()
    }

    fn results<'a>(
        &'a self,
        id: &'a str,
        sink: &'a mut (dyn FnMut(Result<BatchLine, String>) + Send),
    ) -> BoxFuture<'a, Result<(), CallError>> {
        self.read(id, sink).boxed()
    }

    fn cancel<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), CallError>> {
        self.stop(id).boxed()
    }
}

#[cfg(test)]
mod tests;
