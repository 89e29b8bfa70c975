//! What RELP senders may repeat: after a lost connection they send again what was not acknowledged, and it may be in
//! the store all the same, because only the answer was lost.
//!
//! Of each sender the last messages are remembered, by a keyed hash of their octets. The first messages of a new session
//! are looked up among those of earlier ones; each of those explains one repetition. For messages of before the start
//! of the program the store is asked once, and its messages count for every sender's first messages since then.
//!
//! Invariant: a repetition is a guess (two equal messages may be meant), so the message is marked and nothing is dropped for it; and
//! what is remembered has a bound: [`SENDERS_MAX`] senders of at most [`REMEMBERED_MAX`] messages.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;

/// Senders remembered; beyond it the one that was silent for longest is forgotten.
pub const SENDERS_MAX: usize = 1_024;

/// Most messages remembered of a sender, whatever its window.
pub const REMEMBERED_MAX: usize = 4_096;

/// Octets that all of it may occupy with a window of `unacknowledged_max`.
#[must_use]
pub fn memory_octets(unacknowledged_max: usize) -> usize {
    SENDERS_MAX * unacknowledged_max.min(REMEMBERED_MAX) * size_of::<Remembered>()
}

/// A message of a sender.
#[derive(Debug, Clone, Copy)]
struct Remembered {
    hash: u64,
    /// The session in which it came, or came again.
    session: u64,
}

/// The last messages of one sender.
#[derive(Debug, Default)]
struct Sender {
    messages: VecDeque<Remembered>,
    /// Number of the last session that sent something.
    last_session: u64,
    /// Messages since the start of the program, counted up to the window.
    since_start: usize,
}

/// A session's claim on what was sent before it.
#[derive(Debug, Clone, Copy)]
pub struct SessionCursor {
    sender: IpAddr,
    session: u64,
    /// Messages that may still be repetitions.
    unchecked_remaining: usize,
}

/// The last messages of all senders.
#[derive(Debug)]
pub struct DuplicateDetector {
    window: usize,
    hasher: RandomState,
    senders: HashMap<IpAddr, Sender>,
    /// Messages of the store by hash, and how many of each are not explained yet.
    stored: HashMap<u64, u32>,
    sessions: u64,
}

impl DuplicateDetector {
    /// For senders that may have `window` messages without an answer; `stored` are the newest of the store.
    #[must_use]
    pub fn new(window: usize, stored: &[Vec<u8>]) -> Self {
        let hasher = RandomState::new();
        let mut by_hash = HashMap::new();
        for octets in stored {
            *by_hash.entry(hasher.hash_one(octets.as_slice())).or_default() += 1;
        }
        let window = window.min(REMEMBERED_MAX);
        Self { window, hasher, senders: HashMap::new(), stored: by_hash, sessions: 0 }
    }

    /// A session of `sender` begins.
    pub fn begin(&mut self, sender: IpAddr) -> SessionCursor {
        self.sessions += 1;
        let known = self.senders.get(&sender);
        let may_repeat = known.map_or(!self.stored.is_empty(), |known| !known.messages.is_empty());
        let unchecked_remaining = if may_repeat { self.window } else { 0 };
        SessionCursor { sender, session: self.sessions, unchecked_remaining }
    }

    /// A message of the session: whether it is probably one that came before.
    pub fn is_repeated(&mut self, cursor: &mut SessionCursor, octets: &[u8]) -> bool {
        if self.window == 0 {
            return false;
        }
        let hash = self.hasher.hash_one(octets);
        self.make_room(cursor.sender);
        let SessionCursor { session, unchecked_remaining, .. } = *cursor;
        let sender = self.senders.entry(cursor.sender).or_default();
        sender.last_session = session;
        cursor.unchecked_remaining = unchecked_remaining.saturating_sub(1);
        let may_be_stored = unchecked_remaining > 0 && sender.since_start < self.window;
        sender.since_start = (sender.since_start + 1).min(self.window);
        if unchecked_remaining > 0 {
            let earlier = sender.messages.iter_mut().find(|seen| seen.hash == hash && seen.session < session);
            if let Some(earlier) = earlier {
                // It explains this repetition and no other one, until the next session.
                earlier.session = session;
                return true;
            }
        }
        if sender.messages.len() >= self.window {
            sender.messages.pop_front();
        }
        sender.messages.push_back(Remembered { hash, session });
        if may_be_stored && let Some(count) = self.stored.get_mut(&hash).filter(|count| **count > 0) {
            *count -= 1;
            return true;
        }
        false
    }

    /// Forgets a sender when there are too many and `coming` is not among them.
    fn make_room(&mut self, coming: IpAddr) {
        if self.senders.len() < SENDERS_MAX || self.senders.contains_key(&coming) {
            return;
        }
        let silent = self.senders.iter().min_by_key(|(_, sender)| sender.last_session).map(|(ip, _)| *ip);
        if let Some(silent) = silent {
            self.senders.remove(&silent);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn ip(last: u32) -> IpAddr {
        IpAddr::from(last.to_be_bytes())
    }

    fn send(senders: &mut DuplicateDetector, cursor: &mut SessionCursor, messages: &[&str]) -> Vec<bool> {
        messages.iter().map(|text| senders.is_repeated(cursor, text.as_bytes())).collect()
    }

    #[test]
    fn what_an_earlier_session_sent_is_recognised_as_often_as_it_was_sent() {
        let mut senders = DuplicateDetector::new(10, &[]);
        let mut first = senders.begin(ip(1));
        assert_eq!(send(&mut senders, &mut first, &["a", "b", "b", "b"]), [false; 4]);
        let mut second = senders.begin(ip(1));
        assert_eq!(
            send(&mut senders, &mut second, &["b", "c", "b", "b", "b", "a"]),
            [true, false, true, true, false, true]
        );
        let mut other = senders.begin(ip(2));
        assert_eq!(send(&mut senders, &mut other, &["a"]), [false], "another sender's message");
        let mut third = senders.begin(ip(1));
        assert_eq!(send(&mut senders, &mut third, &["a", "a"]), [true, false], "repeated twice");
    }

    #[test]
    fn only_the_window_counts() {
        let mut senders = DuplicateDetector::new(3, &[]);
        let mut first = senders.begin(ip(1));
        send(&mut senders, &mut first, &["a", "b", "c", "d"]);
        let mut second = senders.begin(ip(1));
        assert_eq!(send(&mut senders, &mut second, &["a", "d", "x", "c"]), [false, true, false, false]);
    }

    #[test]
    fn the_store_counts_for_the_first_messages_of_each_sender() {
        let mut senders = DuplicateDetector::new(3, &[b"a".to_vec(), b"b".to_vec(), b"c".to_vec()]);
        let (mut one, mut two) = (senders.begin(ip(1)), senders.begin(ip(2)));
        assert_eq!(send(&mut senders, &mut one, &["a", "a"]), [true, false]);
        assert_eq!(send(&mut senders, &mut two, &["a", "b"]), [false, true]);
        let mut later = senders.begin(ip(1));
        assert_eq!(send(&mut senders, &mut later, &["x", "c"]), [false, false], "its fourth message");
        let mut later = senders.begin(ip(2));
        assert_eq!(send(&mut senders, &mut later, &["c"]), [true], "its third message");
    }

    #[test]
    fn memory_is_bounded() {
        let mut senders = DuplicateDetector::new(1_000_000, &[]);
        let mut loud = senders.begin(ip(0));
        for number in 0..2 * REMEMBERED_MAX {
            senders.is_repeated(&mut loud, &number.to_ne_bytes());
        }
        assert_eq!(senders.senders[&ip(0)].messages.len(), REMEMBERED_MAX);
        for sender in 1..2 * SENDERS_MAX as u32 {
            let mut cursor = senders.begin(ip(sender));
            senders.is_repeated(&mut cursor, b"x");
        }
        assert_eq!(senders.senders.len(), SENDERS_MAX);
        assert!(!senders.senders.contains_key(&ip(0)), "the most silent one is forgotten");
    }
}
