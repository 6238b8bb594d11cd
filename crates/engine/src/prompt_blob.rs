//! A prompt as the journal keeps it: the system message, equal for all items, is a blob of its own and named by its hash.
//!
//! Stored as JSON: `[["system","@<hash>"],["user","…"]]`.

use std::sync::Arc;

use karat_core::Hash;
use karat_llm::{Message, Role};

use crate::asker::role_name;

/// Adds the blobs of a prompt and returns the hash of the one that names the others.
pub(crate) fn keep(messages: &[Message], blobs: &mut Vec<(Hash, Arc<[u8]>)>) -> Hash {
    let mut parts = Vec::with_capacity(messages.len());
    for message in messages {
        let text = match message.role {
            Role::System => {
                let bytes = message.content.as_bytes();
                let hash = Hash::of(bytes);
                blobs.push((hash, bytes.into()));
                format!("@{hash}")
            }
            Role::User | Role::Assistant => message.content.to_string(),
        };
        parts.push((role_name(message.role), text));
    }
    let bytes = serde_json::to_vec(&parts).unwrap_or_default();
    let hash = Hash::of(&bytes);
    blobs.push((hash, bytes.into()));
    hash
}
