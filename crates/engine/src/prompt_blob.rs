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

/// How many bytes of messages were sent, where the journal keeps a prompt in so many. Quoting is not undone: where a text
/// needs much of it, this is a few bytes too many.
pub(crate) fn sent_bytes(kept: u64, system: &str) -> u64 {
    const FRAME: usize = r#"[["system","@"],["user",""]]"#.len() + 2 * size_of::<Hash>();
    kept.saturating_sub(FRAME as u64) + system.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_that_were_sent_are_known_from_the_bytes_that_are_kept() {
        let messages = [Message::new(Role::System, "You label."), Message::new(Role::User, "Ещё один текст")];
        let mut blobs = Vec::new();
        keep(&messages, Hash::of(b"You label."), &mut blobs);
        let sent: u64 = messages.iter().map(|it| it.content.len() as u64).sum();
        assert_eq!(sent_bytes(blobs[0].1.len() as u64, "You label."), sent);
    }
}
