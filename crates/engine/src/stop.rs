//! The wish to stop: set once, seen everywhere, never undone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::Notify;

/// A wish to stop, shared by all who hold a clone.
#[derive(Clone, Default)]
pub struct Stop(Arc<(AtomicBool, Notify)>);

impl Stop {
    /// Wishes to stop: calls in flight are waited for and kept, no new ones are made.
    pub fn ask(&self) {
        self.0.0.store(true, Relaxed);
        self.0.1.notify_waiters();
    }

    /// Whether somebody wishes to stop.
    pub fn asked(&self) -> bool {
        self.0.0.load(Relaxed)
    }

    /// Waits, or returns `true` at once when somebody wishes to stop.
    pub(crate) async fn sleep(&self, pause: Duration) -> bool {
        let wish = self.0.1.notified();
        if self.asked() {
            return true;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => self.asked(),
            () = wish => true,
        }
    }
}
