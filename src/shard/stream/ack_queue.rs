//! Commit acknowledgements, from the sink to the connections.
//!
//! Invariant: pushing never waits for a peer; what lies here is at most what was in flight, since each message is
//! acknowledged once.

use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::model::batch::Acknowledgement;

/// Acknowledgements on their way from the sink to the stream thread.
#[derive(Debug)]
pub struct AckQueue {
    /// `None` once nobody takes them any more.
    committed: Mutex<Option<Vec<Acknowledgement>>>,
    filled: Notify,
}

impl Default for AckQueue {
    fn default() -> Self {
        Self { committed: Mutex::new(Some(Vec::new())), filled: Notify::new() }
    }
}

impl AckQueue {
    /// Tells that these messages are committed.
    pub fn push(&self, acknowledgements: &[Acknowledgement]) {
        if acknowledgements.is_empty() {
            return;
        }
        let mut committed = self.committed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(committed) = committed.as_mut() {
            committed.extend_from_slice(acknowledgements);
        }
        drop(committed);
        self.filled.notify_one();
    }

    /// Waits until there is something, and exchanges it for `empty`.
    pub async fn wait(&self, empty: &mut Vec<Acknowledgement>) {
        loop {
            if let Some(committed) = self.committed.lock().unwrap_or_else(PoisonError::into_inner).as_mut()
                && !committed.is_empty()
            {
                std::mem::swap(committed, empty);
                return;
            }
            self.filled.notified().await;
        }
    }

    /// Nobody takes anything any more.
    pub fn close(&self) {
        *self.committed.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::sync::Arc;

    #[test]
    fn acknowledgements_of_another_thread_are_waited_for_and_refused_after_the_end() {
        let acks = Arc::new(AckQueue::default());
        let word = |transaction| Acknowledgement { connection: 1, transaction };
        let pushing = Arc::clone(&acks);
        let thread =
            std::thread::spawn(move || (1..=100).for_each(|n| pushing.push(&[word(n), word(n + 100)])));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut got = 0;
        while got < 200 {
            let mut taken = Vec::new();
            runtime.block_on(acks.wait(&mut taken));
            got += taken.len();
        }
        thread.join().unwrap();
        assert_eq!(got, 200);
        acks.close();
        acks.push(&[word(1)]);
        assert!(acks.committed.lock().unwrap().is_none());
    }
}
