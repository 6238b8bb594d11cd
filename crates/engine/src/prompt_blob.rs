//! A prompt as the journal keeps it: the system message, equal for all items, is a blob of its own and named by its hash.
//!
//! Stored as JSON: `[["system","@<hash>"],["user","…"]]`.

use std::borrow::Cow;
use std::sync::Arc;

use karat_core::Hash;
use karat_llm::{Message, Role};

use crate::asker::role_name;

/// Adds the blob of a prompt and returns its hash; `system` is the hash of the system message, whose blob is written once at
/// the beginning of a run.
pub(crate) fn keep(messages: &[Message], system: Hash, blobs: &mut Vec<(Hash, Arc<[u8]>)>) -> Hash {
    let mut parts = Vec::with_capacity(messages.len());
    for message in messages {
        let text = match message.role {
            Role::System => Cow::Owned(format!("@{system}")),
            Role::User | Role::Assistant => Cow::Borrowed(&*message.content),
        };
        parts.push((role_name(message.role), text));
    }
    let bytes = serde_json::to_vec(&parts).unwrap_or_default();
    let hash = Hash::of(&bytes);
    blobs.push((hash, bytes.into()));
    hash
}
